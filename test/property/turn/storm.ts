import { fc } from '@fast-check/vitest';
import { defaultTurnTimes } from '../../../src/turn/vocabulary.ts';
import { initialTurnState, step } from '../../../src/turn/machine.ts';
import type {
  TurnEffect,
  TurnInput,
  TurnOptions,
  TurnState,
} from '../../../src/turn/vocabulary.ts';

/** An input and the call time at which it comes. */
interface Timed {
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
  | { readonly kind: 'frames'; readonly probability: number; readonly count: number }
  /** Audio that the detector has not come to yet, ms. */
  | { readonly kind: 'lag'; readonly byMs: number }
  | { readonly kind: 'wait'; readonly byMs: number }
  | { readonly kind: 'commit' }
  | { readonly kind: 'clear' }
  /** A word of the backend about a position, as a part of what was written. */
  | { readonly kind: 'backend'; readonly event: BackendWord; readonly part: number }
  | { readonly kind: 'input'; readonly input: TurnInput };

const lineId = fc.constantFrom('line_1', 'line_2');
const input = fc.oneof(
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
    weight: 2,
    arbitrary: fc.constantFrom<TurnInput>(
      { type: 'client.interrupt' },
      { type: 'tick' },
      { type: 'eot', probability: 0.9, silenceMs: 300 },
      { type: 'interrupt', probability: 0.9 },
      { type: 'partial', text: 'one', revision: 1 },
      { type: 'final', text: 'one two' },
      { type: 'wordMark', lineId: 'line_1', word: 2, ms: 500 },
      { type: 'tool', event: 'end', toolCallId: 'call_1' },
      { type: 'client.mute', muted: true },
      { type: 'client.ptt', pressed: true, audioMs: 64 },
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
  { weight: 1, arbitrary: fc.constant<Gust>({ kind: 'commit' }) },
  { weight: 1, arbitrary: fc.constant<Gust>({ kind: 'clear' }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('backend' as const),
      event: fc.constantFrom<BackendWord>(
        'speechStarted',
        'speechStopped',
        'interrupted',
        'responseCreated',
        'responseDone',
      ),
      part: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
  { weight: 8, arbitrary: input.map((given): Gust => ({ kind: 'input', input: given })) },
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
      case 'frames':
        for (let frame = 0; frame < next.count; frame += 1) {
          atMs += frameMs;
          heardMs += frameMs;
          writtenMs = Math.max(writtenMs, heardMs);
          take({ type: 'vad', probability: next.probability, audioMs: heardMs, frameMs });
        }
        break;
      case 'lag':
        writtenMs += next.byMs;
        break;
      case 'wait':
        atMs += next.byMs;
        break;
      case 'commit':
        take({ type: 'client.commit', audioMs: writtenMs });
        break;
      case 'clear':
        take({ type: 'client.clear', audioMs: writtenMs });
        break;
      case 'backend':
        take({ type: 'backend', event: next.event, audioMs: Math.round(next.part * writtenMs) });
        break;
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

/** Options of an authority; every setting that a client may send. */
export function optionsOf(authority: TurnOptions['authority']): fc.Arbitrary<TurnOptions> {
  const detection = fc.record({
    kind: fc.constant('server_vad' as const),
    threshold: fc.constantFrom(0, 0.005, 0.5, 0.5, 1),
    prefixPaddingMs: fc.constantFrom(0, 64, 300),
    silenceDurationMs: fc.constantFrom(0, 32, 200),
    createResponse: fc.boolean(),
    interruptResponse: fc.boolean(),
    idleTimeoutMs: fc.constantFrom(null, 0, 700),
  });
  return fc
    .option(detection, { freq: 8, nil: null })
    .map((given) => ({ authority, detection: given, ...defaultTurnTimes }));
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
      if (ticks > 10) throw new Error(`ticks do not end: ${JSON.stringify(state)}`);
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
