import { defaultTurnOptions, defaultTurnTimes } from '../../../src/turn/options.ts';
import { fc } from '@fast-check/vitest';
import { initialTurnState, type TurnState } from '../../../src/turn/state.ts';
import { step } from '../../../src/turn/machine.ts';
import type { TurnAuthority } from '../../../src/ports/backend.ts';
import type { TurnDetection } from '../../../src/ports/settings.ts';
import type { TurnEffect, TurnInput } from '../../../src/turn/vocabulary.ts';
import type { TurnOptions } from '../../../src/turn/options.ts';

/** An input and the call time at which it comes. */
export interface Timed {
  readonly atMs: number;
  readonly input: TurnInput;
}

/** What one step did. */
export interface Taken extends Timed {
  readonly before: TurnState;
  readonly after: TurnState;
  readonly effects: readonly TurnEffect[];
  readonly wakeAtMs: number | null;
}

type BackendWord = (TurnInput & { type: 'backend' })['event'];

/** What happens next; positions and times are filled in when the storm is laid out. */
type Gust =
  | {
      readonly kind: 'frames';
      readonly probability: number;
      readonly echo: number | null | undefined;
      readonly count: number;
    }
  /** Audio that the detector has not come to yet, ms. */
  | { readonly kind: 'lag'; readonly byMs: number }
  | { readonly kind: 'wait'; readonly byMs: number }
  | { readonly kind: 'commit' | 'clear' }
  | { readonly kind: 'key'; readonly pressed: boolean }
  /** A word of the backend about a position, as a part of what was written. */
  | { readonly kind: 'backend'; readonly event: BackendWord; readonly part: number }
  /** A score of a pause that began so long before the latest frame. */
  | { readonly kind: 'score'; readonly probability: number; readonly frames: number }
  /** What is known of a line's end, from now. */
  | { readonly kind: 'outlook'; readonly inMs: number | null; readonly question: boolean }
  | { readonly kind: 'input'; readonly input: TurnInput };

const lineId = fc.constantFrom('line_1', 'line_2');
const text = fc.constantFrom('', 'mhm', 'stop', 'green', 'green tea', 'Green tea.', 'tea and');
const echo = fc.constantFrom(undefined, false, true);
const toolCallId = fc.constantFrom('call_1', 'call_2');
const input: fc.Arbitrary<TurnInput> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ type: fc.constant('line.opened' as const), lineId }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('line.audio' as const), lineId }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('line.closed' as const), lineId }) },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('playback' as const),
      lineId,
      playedMs: fc.nat(900),
      bufferedMs: fc.constantFrom(0, 0, 40),
    }),
  },
  {
    weight: 3,
    arbitrary: fc
      .record({ type: fc.constantFrom('partial' as const, 'final' as const), text, echo })
      .map((said): TurnInput => ({
        type: said.type,
        text: said.text,
        ...(said.echo === undefined ? {} : { echo: said.echo }),
      })),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('tool' as const),
      event: fc.constantFrom('start' as const, 'end' as const, 'cancel' as const),
      toolCallId,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.constantFrom<TurnInput>(
      { type: 'client.interrupt' },
      { type: 'tick' },
      { type: 'context' },
      { type: 'model.begins' },
      { type: 'interrupt', probability: 0.9 },
      { type: 'interrupt', probability: 0.2 },
      { type: 'client.mute', muted: true },
      { type: 'client.mute', muted: false },
      { type: 'client.dtmf', digit: '7' },
      { type: 'client.dtmf', digit: '#' },
      { type: 'client.aec', active: true },
    ),
  },
);

const gust: fc.Arbitrary<Gust> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant('frames' as const),
      probability: fc.constantFrom(0, 0.004, 0.2, 0.4, 0.9, 0.9, 1),
      echo: fc.constantFrom(undefined, undefined, undefined, null, 0, 0.8),
      count: fc.integer({ min: 1, max: 14 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('lag' as const), byMs: fc.nat(300) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), byMs: fc.nat(2500) }),
  },
  { weight: 2, arbitrary: fc.constantFrom<Gust>({ kind: 'commit' }, { kind: 'clear' }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('key' as const), pressed: fc.boolean() }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('backend' as const),
      event: fc.constantFrom<BackendWord>('speechStarted', 'speechStopped', 'interrupted'),
      part: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('score' as const),
      probability: fc.constantFrom(0.1, 0.6, 0.95),
      frames: fc.nat(12),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('outlook' as const),
      inMs: fc.constantFrom(null, 0, 300, 5000),
      question: fc.boolean(),
    }),
  },
  { weight: 9, arbitrary: input.map((given): Gust => ({ kind: 'input', input: given })) },
);

const frameMs = 32;

/** Positions and times that a call could have: neither clock goes back, the detector never leads. */
function layOut(gusts: readonly Gust[]): readonly Timed[] {
  const inputs: Timed[] = [];
  let atMs = 0;
  let heardMs = 0;
  let writtenMs = 0;
  const take = (given: TurnInput): void => void inputs.push({ atMs, input: given });
  for (const next of gusts) {
    switch (next.kind) {
      case 'frames': {
        const { probability } = next;
        const likeness = next.echo === undefined ? {} : { echo: next.echo };
        for (let frame = 0; frame < next.count; frame += 1) {
          atMs += frameMs;
          heardMs += frameMs;
          writtenMs = Math.max(writtenMs, heardMs);
          take({ type: 'vad', probability, audioMs: heardMs, frameMs, ...likeness });
        }
        break;
      }
      case 'lag':
        writtenMs += next.byMs;
        break;
      case 'wait':
        atMs += next.byMs;
        break;
      case 'commit':
      case 'clear':
        take({ type: `client.${next.kind}`, audioMs: writtenMs });
        break;
      case 'key':
        take({ type: 'client.ptt', pressed: next.pressed, audioMs: writtenMs });
        break;
      case 'backend':
        take({ type: 'backend', event: next.event, audioMs: Math.round(next.part * writtenMs) });
        break;
      case 'score': {
        const speechEndAudioMs = heardMs - next.frames * frameMs;
        take({ type: 'eot', probability: next.probability, speechEndAudioMs });
        break;
      }
      case 'outlook': {
        const endsAtMs = next.inMs === null ? null : atMs + next.inMs;
        take({ type: 'line.outlook', lineId: 'line_1', endsAtMs, question: next.question });
        break;
      }
      case 'input':
        take(next.input);
        break;
    }
  }
  return inputs;
}

/** Any inputs with monotone time. */
export const storms: fc.Arbitrary<readonly Timed[]> = fc
  .array(gust, { maxLength: 60, size: 'max' })
  .map(layOut);

const detection: fc.Arbitrary<TurnDetection> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('server_vad' as const),
      threshold: fc.constantFrom(0, 0.005, 0.5, 0.5, 1),
      prefixPaddingMs: fc.constantFrom(0, 64, 300),
      silenceDurationMs: fc.constantFrom(0, 32, 200),
      createResponse: fc.boolean(),
      interruptResponse: fc.boolean(),
      idleTimeoutMs: fc.constantFrom(null, 0, 700),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('semantic_vad' as const),
      eagerness: fc.constantFrom(
        'low' as const,
        'medium' as const,
        'high' as const,
        'auto' as const,
      ),
      createResponse: fc.boolean(),
      interruptResponse: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.constant(null) },
);

/** Options of an authority; every setting that a client or an agent may have. */
export function optionsOf(authority: TurnAuthority): fc.Arbitrary<TurnOptions> {
  return fc
    .record({
      detection,
      senses: fc.record({ partials: fc.boolean(), endOfTurn: fc.boolean() }),
      speculation: fc.boolean(),
      fillers: fc.boolean(),
      minResponseDelayMs: fc.constantFrom(0, 0, 600),
      halfDuplex: fc.constantFrom(false, false, true),
    })
    .map((given) => ({
      ...defaultTurnOptions,
      ...given,
      authority,
      // Short enough that storms come to it.
      times: { ...defaultTurnTimes, longestTurnMs: 3000 },
    }));
}

/** Options of all authorities. */
export const anyOptions: fc.Arbitrary<TurnOptions> = fc.oneof(
  optionsOf('gateway'),
  optionsOf('model'),
  optionsOf('backend'),
);

/** Runs a storm as a driver does, with a tick at every `wakeAtMs` and after the last input too. */
export function run(storm: readonly Timed[], options: TurnOptions): readonly Taken[] {
  const taken: Taken[] = [];
  let state = initialTurnState;
  let wakeAtMs: number | null = null;
  let nowMs = 0;
  const take = (timed: Timed): void => {
    const result = step(state, timed.input, timed.atMs, options);
    taken.push({ ...timed, ...result, before: state, after: result.state });
    ({ state, wakeAtMs } = result);
    nowMs = timed.atMs;
  };
  const tickUntil = (atMs: number): void => {
    for (let ticks = 0; wakeAtMs !== null && wakeAtMs <= atMs; ticks += 1) {
      if (ticks > 16) throw new Error(`ticks do not end: ${JSON.stringify(state)}`);
      take({ atMs: Math.max(nowMs, wakeAtMs), input: { type: 'tick' } });
    }
  };
  for (const timed of storm) {
    tickUntil(timed.atMs);
    take(timed);
  }
  tickUntil(Infinity);
  return taken;
}
