import {
  answer as sound,
  audio,
  CallHarness,
  done,
  settle,
  silence,
  speech,
  text,
} from '../../support/call-harness.ts';
import { beforeAll, expect, it, vi } from 'vitest';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import { prepareResampler } from '../../../src/audio/resampler.ts';
import { TurnEngine } from '../../../src/turn/engine.ts';
import type * as Engine from '../../../src/turn/engine.ts';
import type { Clock } from '../../../src/time/clock.ts';
import type { LogEntry } from '../../../src/ports/events.ts';
import type { TurnEffect, TurnInput } from '../../../src/turn/vocabulary.ts';
import type { TurnOptions } from '../../../src/turn/options.ts';
import type { TurnState } from '../../../src/turn/state.ts';

beforeAll(prepareResampler);

interface Setting {
  readonly clock: Clock;
  readonly originMs: number;
  readonly options: TurnOptions;
}

/** What went into a call's turn engine and what came out; its ticks are its own. */
interface Tape {
  readonly options: TurnOptions;
  readonly originMs: number;
  readonly inputs: { readonly atMs: number; readonly input: TurnInput | TurnOptions }[];
  readonly effects: { readonly atMs: number; readonly effect: TurnEffect }[];
  readonly state: () => TurnState;
}

const tapes = vi.hoisted((): Tape[] => []);

vi.mock('../../../src/turn/engine.ts', async (original) => {
  const engine = await original<typeof Engine>();
  class TapedEngine extends engine.TurnEngine {
    readonly #tape: Tape;
    readonly #clock: Clock;

    constructor(setting: Setting, run: (effect: TurnEffect) => void) {
      const { clock, originMs, options } = setting;
      const effects: Tape['effects'] = [];
      super(setting, (effect) => {
        effects.push({ atMs: clock.nowMs(), effect });
        run(effect);
      });
      this.#clock = clock;
      this.#tape = { options, originMs, inputs: [], effects, state: () => this.state };
      tapes.push(this.#tape);
    }

    override feed(input: TurnInput): void {
      if (input.type !== 'tick') this.#tape.inputs.push({ atMs: this.#clock.nowMs(), input });
      super.feed(input);
    }

    override configure(options: TurnOptions): void {
      this.#tape.inputs.push({ atMs: this.#clock.nowMs(), input: options });
      super.configure(options);
    }
  }
  return { TurnEngine: TapedEngine };
});

/** A call with turns, a cough, an interruption, an idle prompt and settings that change. */
async function callOnce(): Promise<{ tape: Tape; log: readonly LogEntry[]; endMs: number }> {
  const harness = await CallHarness.open({ detection: { idleTimeoutMs: 5000 } });
  const { session, clock, call } = harness;
  const tape = tapes.at(-1);
  if (tape === undefined) throw new Error('no engine was made');
  const reply = async (lineId: string, ms: number): Promise<void> => {
    session.emit({ type: 'line.started', lineId }, text(lineId, 'aaaa bbbb cccc dddd'));
    session.emit(audio(lineId, sound(ms)));
    await settle();
  };
  await harness.hear(speech(1000));
  await harness.hear(silence(600));
  await reply('line_1', 4000);
  await harness.hear(silence(1000));
  await harness.hear(speech(300));
  await harness.hear(silence(800));
  await harness.hear(speech(1500));
  await harness.hear(silence(900));
  await reply('line_2', 500);
  session.emit(done('line_2'));
  await harness.pass(7000);
  harness.ok({ type: 'configure', patch: { turnDetection: null } });
  await harness.hear(speech(500));
  harness.ok({ type: 'commit' });
  await harness.pass(1000);
  const endMs = clock.nowMs();
  const log = [...call.entries];
  // Before the call closes its engine.
  const state = tape.state();
  const open: Tape = {
    ...tape,
    inputs: [...tape.inputs],
    effects: [...tape.effects],
    state: () => state,
  };
  await harness.end();
  return { tape: open, log, endMs };
}

/** The same inputs at the same times, into an engine that nobody answers. */
function replay({ options, originMs, inputs }: Tape, endMs: number): Tape {
  const clock = new ManualClock(originMs);
  const effects: Tape['effects'] = [];
  const engine = new TurnEngine({ clock, originMs, options }, (effect) => {
    effects.push({ atMs: clock.nowMs(), effect });
  });
  for (const { atMs, input } of inputs) {
    clock.advance(Math.max(0, atMs - clock.nowMs()));
    if ('type' in input) engine.feed(input);
    else engine.configure(input);
  }
  clock.advance(endMs - clock.nowMs());
  const { state } = engine;
  engine.close();
  return { options, originMs, inputs, effects, state: () => state };
}

it('the recorded inputs of a call, replayed, give its effects at their times and its state', async () => {
  const { tape, endMs } = await callOnce();
  const { effects, state } = replay(tape, endMs);
  expect(effects).toEqual(tape.effects);
  expect(state()).toEqual(tape.state());
  const kinds = new Set(effects.map(({ effect }) => effect.type));
  for (const kind of ['duck', 'hold', 'resume', 'truncate', 'startResponse', 'commitTurn']) {
    expect(kinds).toContain(kind);
  }
});

it('the same call twice gives the same log', async () => {
  const first = await callOnce();
  const second = await callOnce();
  expect(second.log).toEqual(first.log);
  expect(first.log.length).toBeGreaterThan(30);
});
