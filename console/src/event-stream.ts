import type { LogEntry } from '../../src/ports/events.ts';
import { ApiError, type Api } from './api.ts';

/** Longest event that is read, characters. */
const eventLimit = 1024 * 1024;

/** Cuts a server-sent stream into its events' data. Other fields are of no use here. */
export class EventReader {
  #rest = '';

  /**
   * @returns the data of each event that is complete now
   * @throws RangeError when an event does not end
   */
  push(text: string): readonly string[] {
    const parts = (this.#rest + text).split('\n\n');
    this.#rest = parts.pop() ?? '';
    if (this.#rest.length > eventLimit) throw new RangeError('An event is too long.');
    return parts.flatMap((part) => {
      const lines = part.split('\n').filter((line) => line.startsWith('data: '));
      return lines.length === 0 ? [] : [lines.map((line) => line.slice(6)).join('\n')];
    });
  }
}

/** Waits between attempts to take the stream up again, ms. */
const retryMs = [250, 500, 1000, 2000, 4000] as const;

/**
 * Reads a call's log from its beginning until the call ends, and takes it up again where it was
 * when the connection is lost. (An EventSource could not send the key.)
 *
 * @throws ApiError when the server refuses
 */
export async function followCall(
  api: Api,
  callId: string,
  { entry, signal }: { readonly entry: (entry: LogEntry) => void; readonly signal: AbortSignal },
): Promise<void> {
  const progress = { lastSeq: -1, attempt: 0, over: false };
  const next = (entryNow: LogEntry): void => {
    progress.attempt = 0;
    progress.lastSeq = entryNow.seq;
    progress.over = entryNow.type === 'call.closed';
    entry(entryNow);
  };
  for (;;) {
    try {
      await readOnce(api, callId, { lastSeq: progress.lastSeq, signal, entry: next });
    } catch (error) {
      if (error instanceof ApiError || signal.aborted) throw error;
    }
    const delayMs = retryMs[progress.attempt];
    if (progress.over || delayMs === undefined) return;
    progress.attempt += 1;
    await new Promise((resolve) => setTimeout(resolve, delayMs));
  }
}

async function readOnce(
  api: Api,
  callId: string,
  {
    lastSeq,
    signal,
    entry,
  }: {
    readonly lastSeq: number;
    readonly signal: AbortSignal;
    readonly entry: (entry: LogEntry) => void;
  },
): Promise<void> {
  const path = `/api/calls/${encodeURIComponent(callId)}/events`;
  const { body } = await api.request(path, signal, { 'last-event-id': String(lastSeq) });
  if (body === null) return;
  const events = new EventReader();
  const chunks = body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await chunks.read();
    if (done) return;
    for (const data of events.push(value)) entry(JSON.parse(data) as LogEntry);
  }
}
