import fc from 'fast-check';
import {
  answer,
  CallHarness,
  settle,
  silence,
  speech,
  type HarnessOptions,
} from '../../support/call-harness.ts';
import { CallError } from '../../../src/ports/errors.ts';
import {
  frameCapabilities,
  ScriptedBackend,
  turnCapabilities,
  type ScriptedSession,
} from '../../support/scripted-backend.ts';
import { pcm16k, pcm24k, pcma8k, pcmu8k } from '../../../src/audio/format.ts';
import type { BackendEvent, LineOutcome, StreamFrame } from '../../../src/ports/backend.ts';
import type { CallSettings } from '../../../src/ports/settings.ts';
import type { ClientCommand, InputItem, NewItem } from '../../../src/ports/client.ts';
import type { ToolPort } from '../../../src/ports/tool.ts';

/** How a stormy call is set up. */
export interface Weather {
  readonly turns: boolean;
  readonly narrow: boolean;
  readonly createResponse: boolean;
  readonly interruptResponse: boolean;
  readonly idleTimeoutMs: number | null;
  readonly playoutLeadMs: number;
  readonly roundTripMs: number;
  readonly manual: boolean;
}

/**
 * One thing that happens. Numbers called `…Pick` choose among ids that exist when it happens, so
 * that what is generated is often valid, sometimes stale and sometimes nonsense.
 */
export type Gust =
  | { readonly kind: 'push'; readonly loud: boolean; readonly samples: readonly number[] }
  | { readonly kind: 'odd bytes' }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'seed' }
  | { readonly kind: 'command'; readonly make: (ids: Ids) => ClientCommand }
  | { readonly kind: 'backend'; readonly make: (ids: Ids) => readonly BackendEvent[] }
  /** Said by the newest session of the backend that does not answer. */
  | { readonly kind: 'rival'; readonly make: (ids: Ids) => readonly BackendEvent[] }
  | { readonly kind: 'rival is gone' }
  | { readonly kind: 'hang up' }
  | { readonly kind: 'deaf backend' };

/** Ids seen so far, each chosen by a number. */
interface Ids {
  item(pick: number): string;
  line(pick: number): string;
  tool(pick: number): string;
}

const pick = fc.nat({ max: 40 });
const words = fc.constantFrom('', 'yes', 'two rooms', ' and ', 'a longer sentence, with marks.');

export const weather: fc.Arbitrary<Weather> = fc.record({
  turns: fc.oneof({ arbitrary: fc.constant(true), weight: 3 }, fc.constant(false)),
  narrow: fc.boolean(),
  createResponse: fc.boolean(),
  interruptResponse: fc.boolean(),
  idleTimeoutMs: fc.constantFrom(null, 1500),
  playoutLeadMs: fc.constantFrom(40, 200, 2000),
  roundTripMs: fc.constantFrom(0, 80),
  manual: fc.boolean(),
});

const newItem: fc.Arbitrary<(ids: Ids) => NewItem> = fc
  .record({
    kind: fc.constantFrom('message', 'tool_call', 'tool_output'),
    role: fc.constantFrom('system' as const, 'user' as const, 'assistant' as const),
    words,
    idPick: fc.option(pick),
    toolPick: pick,
  })
  .map(({ kind, role, words: said, idPick, toolPick }) => (ids: Ids): NewItem => {
    // Half of the chosen ids are in use already.
    const itemId = idPick === null ? null : idPick % 2 === 0 ? ids.item(idPick) : `own_${idPick}`;
    const toolCallId = ids.tool(toolPick);
    if (kind === 'tool_call') return { kind, toolCallId, name: 'book', arguments: '{}', itemId };
    if (kind === 'tool_output') return { kind, toolCallId, output: said, itemId };
    return { kind: 'message', role, content: [{ type: 'text', text: said }], itemId };
  });

const patch: fc.Arbitrary<Partial<CallSettings>> = fc.constantFrom<Partial<CallSettings>>(
  { instructions: 'Be loud.' },
  { voice: 'cedar' },
  { voice: 'nobody' },
  { modality: 'text' },
  { modality: 'audio' },
  { turnDetection: null },
  {
    turnDetection: {
      kind: 'server_vad',
      threshold: 0.6,
      prefixPaddingMs: 100,
      silenceDurationMs: 200,
      createResponse: true,
      interruptResponse: true,
      idleTimeoutMs: 1000,
    },
  },
  { tools: [{ name: 'book', description: null, parameters: null }] },
  { tools: [{ name: 'quick', description: 'a clash', parameters: null }] },
  { callerTranscripts: false },
  { outputFormat: pcmu8k },
  { outputFormat: pcma8k },
  { outputFormat: pcm24k },
  { outputFormat: pcm16k },
);

const respond: fc.Arbitrary<(ids: Ids) => ClientCommand> = fc
  .record({
    outOfBand: fc.boolean(),
    modality: fc.constantFrom(null, 'text' as const, 'audio' as const),
    input: fc.option(fc.array(fc.oneof(newItem, pick), { maxLength: 3 })),
  })
  .map(({ outOfBand, modality, input }) => (ids: Ids): ClientCommand => ({
    type: 'respond',
    requestId: null,
    outOfBand,
    overrides: modality === null ? {} : { modality },
    metadata: null,
    input:
      input?.map((item): InputItem =>
        typeof item === 'number' ? { kind: 'reference', itemId: ids.item(item) } : item(ids),
      ) ?? null,
  }));

const position = fc.oneof(fc.nat({ max: 3000 }), fc.constantFrom(0, 1e9));

const command: fc.Arbitrary<(ids: Ids) => ClientCommand> = fc.oneof(
  patch.map((wish) => (): ClientCommand => ({ type: 'configure', patch: wish })),
  fc.constantFrom<(ids: Ids) => ClientCommand>(
    () => ({ type: 'commit' }),
    () => ({ type: 'commit' }),
    () => ({ type: 'clear' }),
    () => ({ type: 'output.clear' }),
    () => ({ type: 'cancel', lineId: null }),
  ),
  respond,
  respond,
  pick.map((line) => (ids: Ids): ClientCommand => ({ type: 'cancel', lineId: ids.line(line) })),
  fc
    .tuple(newItem, fc.oneof(fc.constantFrom(null, 'root' as const), pick))
    .map(([item, after]) => (ids: Ids): ClientCommand => ({
      type: 'item.create',
      item: item(ids),
      after: typeof after === 'number' ? ids.item(after) : after,
    })),
  pick.map((item) => (ids: Ids): ClientCommand => ({
    type: 'item.delete',
    itemId: ids.item(item),
  })),
  fc.tuple(pick, position).map(([item, audioEndMs]) => (ids: Ids): ClientCommand => ({
    type: 'item.truncate',
    itemId: ids.item(item),
    audioEndMs,
  })),
  fc.tuple(pick, position).map(([item, playedMs]) => (ids: Ids): ClientCommand => ({
    type: 'playback',
    itemId: ids.item(item),
    playedMs,
  })),
);

const outcome = fc.constantFrom<LineOutcome>(
  { status: 'completed' },
  { status: 'completed' },
  { status: 'cancelled' },
  { status: 'incomplete', reason: 'content_filter' },
  { status: 'failed', error: new CallError('model_unavailable', 'no') },
);

const frame: fc.Arbitrary<StreamFrame> = fc
  .record({
    loud: fc.boolean(),
    ms: fc.constantFrom(20, 80, 400),
    text: fc.option(words),
    mark: fc.constantFrom(null, null, 'speech_started', 'speech_ended', 'yielded'),
  })
  .map(({ loud, ms, text, mark }) => ({
    startSample: 0,
    bytes: loud ? answer(ms) : silence(ms),
    heardInputSample: 0,
    text,
    mark,
  }));

const backendEvents: fc.Arbitrary<(ids: Ids) => readonly BackendEvent[]> = fc.oneof(
  {
    arbitrary: fc
      .tuple(pick, fc.constantFrom(5, 100, 700, 4000), fc.integer({ min: 1, max: 3 }))
      .map(
        ([line, ms, count]) =>
          (ids: Ids) =>
            Array.from({ length: count }, (): BackendEvent => ({
              type: 'line.audio',
              lineId: ids.line(line),
              bytes: answer(ms),
            })),
      ),
    weight: 4,
  },
  fc
    .tuple(pick, words, fc.option(fc.nat({ max: 2000 })))
    .map(([line, delta, startMs]) => (ids: Ids): readonly BackendEvent[] => [
      {
        type: 'line.text',
        lineId: ids.line(line),
        delta,
        words: startMs === null ? null : [{ text: delta, startMs, endMs: startMs + 200 }],
      },
    ]),
  {
    arbitrary: fc
      .tuple(pick, outcome)
      .map(([line, end]) => (ids: Ids): readonly BackendEvent[] => [
        { type: 'line.done', lineId: ids.line(line), outcome: end, usage: null },
      ]),
    weight: 2,
  },
  fc
    .tuple(pick, pick, fc.constantFrom('quick', 'slow', 'broken', 'book', 'fly'))
    .map(([line, tool, name]) => (ids: Ids): readonly BackendEvent[] => [
      {
        type: 'tool.called',
        lineId: ids.line(line),
        toolCallId: `call_${tool % 8}`,
        name,
        arguments: '{}',
      },
    ]),
  fc.array(frame, { minLength: 1, maxLength: 12 }).map(
    (frames) => () =>
      frames.map((each): BackendEvent => ({
        type: 'stream.frame',
        frame: each,
      })),
  ),
  fc
    .tuple(pick, fc.boolean())
    .map(([item, final]) => (ids: Ids): readonly BackendEvent[] => [
      { type: 'caller.transcript', itemId: ids.item(item), text: 'good day', final },
    ]),
  fc.constantFrom<() => readonly BackendEvent[]>(
    () => [{ type: 'caller.speech', speaking: true, atSample: 100 }],
    () => [{ type: 'dropped', what: 'input', samples: 5 }],
    () => [{ type: 'line.audio', lineId: 'line_1', bytes: new Uint8Array(3) }],
    () => [{ type: 'line.audio', lineId: 'nobody', bytes: answer(20) }],
  ),
);

const push: fc.Arbitrary<Gust> = fc.record({
  kind: fc.constant('push' as const),
  loud: fc.boolean(),
  samples: fc.array(fc.oneof(fc.nat({ max: 600 }), fc.nat({ max: 24_000 })), { maxLength: 6 }),
});

export const gust: fc.Arbitrary<Gust> = fc.oneof(
  { arbitrary: push, weight: 6 },
  {
    arbitrary: fc
      .oneof(fc.nat({ max: 60 }), fc.integer({ min: 300, max: 4000 }))
      .map((ms): Gust => ({ kind: 'wait', ms })),
    weight: 6,
  },
  { arbitrary: command.map((make): Gust => ({ kind: 'command', make })), weight: 6 },
  { arbitrary: backendEvents.map((make): Gust => ({ kind: 'backend', make })), weight: 8 },
  fc.constantFrom<Gust>({ kind: 'seed' }, { kind: 'odd bytes' }),
);

/** What happens where two backends are asked at once. */
export const race: fc.Arbitrary<Gust> = fc.oneof(
  { arbitrary: backendEvents.map((make): Gust => ({ kind: 'rival', make })), weight: 6 },
  fc.constant<Gust>({ kind: 'rival is gone' }),
);

/** Things after which a call does not last. */
export const blow: fc.Arbitrary<Gust> = fc.constantFrom<Gust>(
  { kind: 'hang up' },
  { kind: 'deaf backend' },
  {
    kind: 'backend',
    make: () => [{ type: 'failed', error: new CallError('backend_overloaded', 'busy') }],
  },
);

const tools: readonly ToolPort[] = [
  {
    definition: { name: 'quick', description: null, parameters: null },
    deadlineMs: 1000,
    run: () => Promise.resolve('done'),
  },
  {
    definition: { name: 'slow', description: null, parameters: null },
    deadlineMs: 1000,
    run: () => new Promise(() => undefined),
  },
  {
    definition: { name: 'broken', description: null, parameters: null },
    deadlineMs: 1000,
    run: () => Promise.reject(new Error('broken')),
  },
];

/** What came out of a storm, for the test to judge. */
export interface Aftermath {
  readonly harness: CallHarness;
  /** Samples the caller pushed while the call was open. */
  readonly pushedSamples: number;
  readonly seeds: readonly unknown[];
  /** Codes of refused commands. */
  readonly refusals: readonly string[];
}

/**
 * Plays a storm to its end; the call is closed then. `prepareResampler` must have resolved.
 * @param others backends that may take over
 * @param judge looks at the call after everything that happens
 */
export async function storm(
  sky: Weather,
  gusts: readonly Gust[],
  others: readonly ScriptedBackend[] = [],
  more: Pick<HarnessOptions, 'agent' | 'health' | 'phrases'> = {},
  judge: (harness: CallHarness) => void = () => undefined,
): Promise<Aftermath> {
  const capabilities = {
    ...(sky.turns ? turnCapabilities : frameCapabilities),
    ...(sky.narrow ? { outputFormats: [pcm16k] } : {}),
    ...(more.health === undefined ? {} : { standby: true }),
  };
  const harness = await CallHarness.open({
    ...more,
    agent: { playoutLeadMs: sky.playoutLeadMs, ...more.agent },
    detection: {
      createResponse: sky.createResponse,
      interruptResponse: sky.interruptResponse,
      idleTimeoutMs: sky.idleTimeoutMs,
      silenceDurationMs: 300,
    },
    backends: [new ScriptedBackend({ capabilities }), ...others],
    tools,
  });
  harness.view.roundTripMs = sky.roundTripMs;
  if (sky.manual) harness.call.execute({ type: 'configure', patch: { turnDetection: null } });
  const seeds: unknown[] = [];
  const refusals: string[] = [];
  let pushedSamples = 0;
  for (const each of gusts) {
    const ids = idsOf(harness);
    switch (each.kind) {
      case 'push':
        for (const samples of each.samples) {
          const bytes = (each.loud ? speech : silence)(samples / 24);
          if (harness.call.pushAudio(bytes).ok) pushedSamples += samples;
          harness.clock.advance(samples / 24);
        }
        break;
      case 'odd bytes':
        if (harness.call.pushAudio(new Uint8Array(5)).ok) refusals.push('taken');
        break;
      case 'wait':
        harness.clock.advance(each.ms);
        break;
      case 'seed':
        seeds.push(harness.call.seed());
        break;
      case 'command': {
        const open = harness.closes.length === 0;
        const result = harness.call.execute(each.make(ids));
        if (!result.ok && open) refusals.push(result.error.code);
        break;
      }
      case 'backend':
        harness.session.emit(...each.make(ids));
        break;
      case 'rival':
        rivalOf(harness)?.emit(...each.make(ids));
        break;
      case 'rival is gone':
        rivalOf(harness)?.hangUp();
        break;
      case 'hang up':
        harness.session.hangUp();
        break;
      case 'deaf backend':
        harness.session.accepts = 'overflow';
        break;
    }
    await settle();
    judge(harness);
  }
  await harness.end();
  seeds.push(harness.call.seed());
  return { harness, pushedSamples, seeds, refusals };
}

function rivalOf({ backends, call }: CallHarness): ScriptedSession | null {
  const rival = backends.find(({ name }) => name !== call.backend);
  const session = rival?.sessions.at(-1);
  return session?.closed === false ? session : null;
}

function idsOf(harness: CallHarness): Ids {
  const items: string[] = [];
  const lines: string[] = [];
  const toolCalls: string[] = ['call_0'];
  for (const entry of harness.call.entries) {
    if (entry.type === 'line.opened') {
      lines.push(entry.line.lineId);
      items.push(entry.line.itemId);
    } else if (entry.type === 'item.added') items.push(entry.item.itemId);
    else if (entry.type === 'turn.committed') items.push(entry.itemId);
    else if (entry.type === 'speech.started') items.push(entry.itemId);
    else if (entry.type === 'tool.called') toolCalls.push(entry.item.toolCallId);
  }
  /** Small numbers choose what is newest, large ones what never was. */
  const choose = (all: readonly string[], number: number): string =>
    number > 36 ? `no_${number}` : (all.at(-1 - (number % Math.min(4, all.length || 1))) ?? 'none');
  return {
    item: (number) => choose(items, number),
    line: (number) => choose(lines, number % 3 === 0 ? number : 0),
    tool: (number) => choose(toolCalls, number),
  };
}
