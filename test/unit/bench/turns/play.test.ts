import { beforeAll, describe, expect, test } from 'vitest';
import { generateDialogue } from '../../../../bench/turns/dialogues/generate.ts';
import { cutInShare } from '../../../../bench/turns/dialogues/holds.ts';
import { generatorParameters } from '../../../../bench/turns/dialogues/parameters.ts';
import type { Fragment } from '../../../../bench/turns/dialogues/script.ts';
import { recognise } from '../../../../bench/turns/dialogues/transcript.ts';
import { heardCaller } from '../../../../bench/turns/engine/heard-parts.ts';
import { playPrepared, type PreparedDialogue } from '../../../../bench/turns/engine/play.ts';
import { fixedTurns, profileTurns } from '../../../../bench/turns/engine/turn-settings.ts';
import { marksOf } from '../../../../bench/turns/scoring/marks.ts';
import { curvePoint, figuresOf } from '../../../../bench/turns/scoring/summary.ts';
import type { CallerPart, ExchangeSounds } from '../../../../bench/turns/sound/dialogue-sounds.ts';
import { joinFragments } from '../../../../bench/turns/sound/saying.ts';
import type { TurnOptions } from '../../../../src/turn/options.ts';

const parameters = generatorParameters;
/** A minute of humming. */
const humming = Float32Array.from({ length: 60 * 16_000 }, (_, i) => 0.14 * Math.sin(i / 5));

/** Speech that needs no engine: a hum of 70 ms a letter. */
const hum = (text: string): Float32Array => humming.slice(0, text.length * 1_120);

function part(fragments: readonly Fragment[], seed: number): CallerPart {
  const saying = joinFragments(fragments.map(({ text, gap }) => ({ sound: hum(text), text, gap })));
  return { ...saying, seed, recognised: recognise(saying.words, seed, parameters) };
}

/** A detector that is right about hums. */
const perfect = {
  whole: (sounds: readonly Float32Array[]): Promise<readonly Float32Array[]> =>
    Promise.resolve(
      sounds.map((sound) =>
        Float32Array.from({ length: Math.floor(sound.length / 512) }, (_, frame) => {
          const samples = sound.subarray(frame * 512, (frame + 1) * 512);
          const energy = samples.reduce((sum, sample) => sum + sample * sample, 0) / 512;
          return energy > 0.005 ? 0.99 : 0.01;
        }),
      ),
    ),
};

const dialogues: PreparedDialogue[] = [];
beforeAll(async () => {
  for (let index = 0; index < 60; index += 1) {
    const drawn = generateDialogue(index, parameters);
    const script = { ...drawn, line: { snrDb: null, telephone: false, echo: null } };
    const sounds: ExchangeSounds[] = script.exchanges.map(({ turn, agent }, exchange) => ({
      turn: part(turn.fragments, 100 * index + exchange),
      overlap:
        'fragment' in agent.overlap
          ? part([agent.overlap.fragment], 10_000 + 100 * index + exchange)
          : agent.overlap.kind === 'cough'
            ? { ...part([], 1), sound: hum('c') }
            : null,
      agent: new Float32Array(16_000 * 7),
      reply: new Float32Array(16_000 * 2),
    }));
    const heard = await heardCaller(script, sounds, { silero: perfect, parameters });
    dialogues.push({ script, sounds, heard });
  }
});

const run = (turns: TurnOptions, endAuc: number | null = null): ReturnType<typeof marksOf>[] =>
  dialogues.map((one) => marksOf(playPrepared(one, { turns, endAuc }, parameters)));

describe('dialogues against the machine, heard by a perfect detector', () => {
  test.each([300, 500, 800, 1_200])(
    'a timer of %d ms cuts into as many holds as the distribution says',
    (silenceMs) => {
      const { delayMs, cutInRate } = curvePoint(run(fixedTurns(silenceMs)));
      expect(delayMs).toBeGreaterThan(silenceMs - 32);
      expect(delayMs).toBeLessThan(silenceMs + 64);
      expect(Math.abs(cutInRate - cutInShare(delayMs))).toBeLessThan(0.05);
    },
  );

  test('are played the same every time', () => {
    const turns = profileTurns('balanced', { partials: true, endOfTurn: true });
    const once = playPrepared(dialogues[3]!, { turns, endAuc: 0.9 }, parameters);
    expect(playPrepared(dialogues[3]!, { turns, endAuc: 0.9 }, parameters)).toEqual(once);
  });

  test('are played to their ends: every planned turn is said and noticed', () => {
    const figures = figuresOf(run(fixedTurns(500)));
    expect(figures.ends + figures.earlyAnswers.n).toBe(60 * 6);
    expect(figures.missedEndRate).toBe(0);
  });

  test('do better the better the end-of-turn model is', () => {
    const turns = profileTurns('balanced', { partials: false, endOfTurn: true });
    const [poor, good] = [0.7, 0.97].map((auc) => curvePoint(run(turns, auc)));
    expect(good!.cutInRate).toBeLessThan(poor!.cutInRate);
  });
});
