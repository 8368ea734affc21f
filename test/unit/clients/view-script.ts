import { serverEvent, type ServerEvent } from '../../../protocol/openai-realtime/server-events.ts';
import type { ServerItem } from '../../../protocol/openai-realtime/items.ts';
import { RealtimeView } from '../../../adapters/clients/openai-realtime/view.ts';
import type { Line, LineEnd, LineExtent, LogEvent } from '../../../src/ports/events.ts';
import type { Usage } from '../../../src/ports/backend.ts';
import type { CallSettings } from '../../../src/ports/settings.ts';
import { countingIds } from '../../../src/time/ids.ts';
import { plainSettings } from '../../support/fake-call.ts';
import { AgentsSdk } from './agents-sdk.ts';

/** A step of a scripted call: something logged, or `audio` of a line. */
export type Step = LogEvent | { readonly type: 'audio'; readonly lineId: string };

/** Bytes of every piece of scripted audio, and what they are in base64. */
const pieceOfAudio = new Uint8Array([1, 2, 3, 4]);
export const pieceInBase64 = 'AQIDBA==';

export interface Shown {
  readonly events: readonly ServerEvent[];
  readonly sdk: AgentsSdk;
  readonly view: RealtimeView;
}

/**
 * Shows a scripted call, opening included. Every event has to fit the schema of what may be
 * written, and the stock Agents SDK has to read it without throwing or dropping it.
 */
export function show(steps: readonly Step[], settings: Partial<CallSettings> = {}): Shown {
  const view = new RealtimeView({ ids: countingIds(), model: 'desk', expiresAt: null });
  const sdk = new AgentsSdk();
  const events: ServerEvent[] = [];
  let seq = 0;
  const opened: Step = {
    type: 'call.opened',
    agent: 'desk',
    settings: { ...plainSettings, ...settings },
  };
  for (const step of [opened, ...steps]) {
    const shown =
      step.type === 'audio'
        ? view.audio({
            lineId: step.lineId,
            itemId: 'unused',
            lineStartSample: 0,
            bytes: pieceOfAudio,
          })
        : view.entry({ ...step, seq: seq++, atMs: 0 });
    for (const event of shown) {
      serverEvent.parse(event);
      sdk.read(event);
      events.push(event);
    }
  }
  if (sdk.dropped.length > 0) throw new Error(`the SDK dropped ${sdk.dropped.join('\n')}`);
  return { events, sdk, view };
}

/** An in-band audio line after `item_user`, unless told otherwise. */
export function line(over: Partial<Line> = {}): LogEvent {
  return {
    type: 'line.opened',
    line: {
      lineId: 'line_1',
      cause: 'turn',
      requestId: null,
      epoch: 0,
      modality: 'audio',
      overrides: {},
      metadata: null,
      itemId: 'item_agent',
      previousItemId: 'item_user',
      ...over,
    },
  };
}

export function text(delta: string, lineId = 'line_1'): LogEvent {
  return { type: 'line.text', lineId, delta };
}

export function audio(lineId = 'line_1'): Step {
  return { type: 'audio', lineId };
}

/** Of a line that said nothing. */
export const nothingHeard: LineExtent = {
  generatedMs: 0,
  sentMs: 0,
  heardMs: 0,
  sentText: '',
  heardText: '',
  heardBy: 'clock',
  wordsBy: 'times',
};

export function closed(
  end: LineEnd = { status: 'completed' },
  lineId = 'line_1',
  usage: Usage | null = null,
): LogEvent {
  return { type: 'line.closed', lineId, end, extent: nothingHeard, usage };
}

/** The caller's turn from its beginning to its item. */
export const callerTurn: readonly LogEvent[] = [
  { type: 'speech.started', itemId: 'item_user', audioStartMs: 120.4, detectedAtMs: 500 },
  { type: 'speech.stopped', itemId: 'item_user', audioEndMs: 1900 },
  {
    type: 'turn.committed',
    itemId: 'item_user',
    previousItemId: null,
    cause: 'silence',
    fromSample: 2880,
    toSample: 45_600,
    speechEndAtMs: 1400,
  },
];

/** One event on one line: type, then what tells it from others of its type. */
export function brief(event: ServerEvent): string {
  const words: string[] = [event.type];
  if ('response' in event) {
    words.push(event.response.id, event.response.status);
    if (event.response.status_details?.reason !== undefined) {
      words.push(event.response.status_details.reason);
    }
    words.push(`[${event.response.output.map((item) => briefItem(item)).join(', ')}]`);
  }
  if ('output_index' in event) words.push(`#${event.output_index}`);
  if ('item_id' in event) words.push(event.item_id);
  if ('item' in event) words.push(briefItem(event.item));
  if ('previous_item_id' in event) words.push(`after ${event.previous_item_id ?? 'nothing'}`);
  if ('part' in event) words.push(JSON.stringify(event.part));
  for (const key of [
    'delta',
    'transcript',
    'text',
    'arguments',
    'audio_start_ms',
    'audio_end_ms',
  ]) {
    const value: unknown = (event as Record<string, unknown>)[key];
    if (value !== undefined) words.push(JSON.stringify(value));
  }
  return words.join(' ');
}

function briefItem(item: ServerItem): string {
  const content = item.type === 'message' ? ` ${JSON.stringify(item.content)}` : '';
  const status = 'status' in item ? `:${item.status}` : '';
  return `${item.id}:${item.type}${status}${content}`;
}
