import type { LogEntry } from '../ports/events.ts';
import type { ObservedCall, ObserverPort } from '../ports/observer.ts';
import type { CallRecord, Delivery } from '../ports/store.ts';
import { TranscriptFold } from '../recording/transcript.ts';
import type { Clock } from '../time/clock.ts';
import type { IdSource } from '../time/ids.ts';

export type NewsKind = 'call.started' | 'call.finished' | 'call.handover' | 'tool.failed';

/** Who wants to be told, and of what. */
export interface Listener {
  readonly name: string;
  readonly events: readonly NewsKind[];
  /** Names of agents; `*`: all of them. */
  readonly agents: readonly string[];
}

export interface CallNewsOptions {
  readonly listeners: readonly Listener[];
  readonly clock: Clock;
  readonly ids: IdSource;
  /** ISO 8601 of ms since 1970. */
  readonly isoTime: (epochMs: number) => string;
  readonly tell: (deliveries: readonly Delivery[]) => void;
}

/** Tool calls that count as failed. */
const failed: ReadonlySet<string> = new Set(['failed', 'timed_out', 'refused']);

/**
 * What of calls is told to webhooks. News of a running call hold names, times and codes, never what
 * was said; the end of a call tells its record, which its agent's patterns have been taken out of.
 */
export class CallNews implements ObserverPort {
  readonly #options: CallNewsOptions;

  constructor(options: CallNewsOptions) {
    this.#options = options;
  }

  entry({ callId, agent, backend }: ObservedCall, entry: LogEntry): void {
    const call = { callId, agent, atMs: entry.atMs };
    if (entry.type === 'call.opened') {
      this.#tell('call.started', agent, call);
    }
    if (entry.type === 'handover.done') {
      const { from, to, cause, gapMs } = entry;
      this.#tell('call.handover', agent, { ...call, from, to, cause, gapMs });
    }
    if (entry.type === 'tool.answered' && failed.has(entry.state)) {
      const { toolCallId, name, runner, state, elapsedMs } = entry;
      const tool = { toolCallId, name, runner, state, elapsedMs };
      this.#tell('tool.failed', agent, { ...call, backend, tool });
    }
  }

  /** What is told of a call that is over: to be kept together with it. */
  finished({ events, ...record }: CallRecord): readonly Delivery[] {
    if (!this.#wanted('call.finished', record.agent)) return [];
    const transcript = new TranscriptFold();
    for (const entry of events) transcript.push(entry);
    const { out, ...call } = record;
    const data = { ...call, recording: out, transcript: transcript.utterances };
    return this.#deliveries('call.finished', record.agent, data);
  }

  #tell(kind: NewsKind, agent: string, data: unknown): void {
    const deliveries = this.#deliveries(kind, agent, data);
    if (deliveries.length > 0) this.#options.tell(deliveries);
  }

  #wanted(kind: NewsKind, agent: string): boolean {
    return this.#options.listeners.some((listener) => wants(listener, kind, agent));
  }

  #deliveries(kind: NewsKind, agent: string, data: unknown): readonly Delivery[] {
    const { listeners, clock, ids, isoTime } = this.#options;
    const wanting = listeners.filter((listener) => wants(listener, kind, agent));
    if (wanting.length === 0) return [];
    const createdMs = clock.epochMs();
    const timestamp = isoTime(createdMs);
    const body = JSON.stringify({ type: kind, timestamp, data });
    return wanting.map(({ name }) => ({
      deliveryId: ids.next('msg'),
      endpoint: name,
      body,
      createdMs,
    }));
  }
}

function wants({ events, agents }: Listener, kind: NewsKind, agent: string): boolean {
  return events.includes(kind) && (agents.includes('*') || agents.includes(agent));
}
