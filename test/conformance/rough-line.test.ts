import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countedSpeech, countWords, hearNumbers } from '../ear/counted-speech.ts';
import { Ear, type EarOptions } from '../ear/ear.ts';
import { judge, wasHeard } from '../ear/judge.ts';
import type { Utterance } from '../ear/microphone.ts';
import { ownWire } from '../ear/own-wire.ts';
import { fixture, realSpeech, speechRateHz } from '../ear/speech.ts';
import type { TestGateway } from '../support/gateway.ts';
import { expectHeard, expectOrder } from './expectations.ts';
import type { Conversation } from './scenarios.ts';
import { openStage, stageKey } from './stage.ts';
import { together } from './together.ts';

/** As bad as a line may be without a word being lost. */
const rough = {
  chunkMs: { min: 20, max: 250 },
  jitterMs: 20,
  late: { share: 0.03, byMs: 150 },
} as const;

const wordsEach = 12;
const real = realSpeech();
const missing = 'missing' in real ? real.missing : null;

describe('parrot over a rough line', () => {
  let stage: TestGateway;
  let talks: ReturnType<typeof startTalks>;

  beforeAll(async () => {
    stage = await openStage();
    talks = startTalks(stage.wsUrl);
  });
  afterAll(() => stage.close());

  it.each(['fast', 'slow'] as const)(
    'loses and repeats no word of a caller whose clock runs %s by 200 ppm',
    async (name) => {
      const talk = await talks[name]();
      expectOrder(talk);
      const heard = hearNumbers(talk.ear.heard(), speechRateHz);
      const said = talk.said.flatMap((_, i) => numbersOf(i));
      const context = `underruns ${JSON.stringify(talk.ear.underruns)}`;
      const nothing = { lost: [], repeated: [], unsaid: [], damaged: [] };
      expect(countWords(said, heard), context).toEqual(nothing);
      // The line was as bad as it should be.
      expect(talk.ear.microphone.counts.lateChunks).toBeGreaterThan(1);
    },
  );

  it('hears spoken sentences whole', async () => {
    const talk = await talks.sentences();
    expectOrder(talk);
    const [first, second] = talk.said;
    expectHeard(talk, 'museum', { toMs: second!.speechStartMs });
    expectHeard(talk, 'booking', { fromMs: second!.speechEndMs });
    expect(talk.ear.firstAudioMs(0)).toBeGreaterThan(first!.speechEndMs);
  });

  it.skipIf(missing !== null)(
    `hears a real speaker whole${missing === null ? '' : ` (skipped: ${missing})`}`,
    async () => {
      if (!('speech' in real)) throw new Error('skipped');
      const talk = (await talks.real())!;
      expectOrder(talk);
      const judgement = judge(talk.ear.heard(), real.speech.samples, speechRateHz);
      expect(wasHeard(judgement), JSON.stringify(judgement)).toBe(true);
    },
  );

  it('keeps the model running on zeros when the caller is muted: the answer comes all the same', async () => {
    const talk = await talks.muted();
    expectOrder(talk);
    const [first, second] = talk.said;
    expectHeard(talk, 'thanks', { toMs: second!.speechStartMs });
    expectHeard(talk, 'cake', { fromMs: second!.speechEndMs });
    const firstAudioMs = talk.ear.firstAudioMs(0)!;
    expect(firstAudioMs - first!.speechEndMs).toBeLessThan(2500);
  });
});

function numbersOf(utterance: number): readonly number[] {
  return Array.from({ length: wordsEach }, (_, i) => utterance * 100 + i);
}

function startTalks(wsUrl: string) {
  const listen = (options: EarOptions): Promise<Ear> =>
    Ear.connect(ownWire({ url: `${wsUrl}/v1/realtime`, agent: 'parrot', key: stageKey }), {
      playout: { bufferMs: 200 },
      ...options,
    });

  const over = async (ear: Ear, said: readonly Utterance[]): Promise<Conversation> => {
    await ear.untilQuiet(300);
    await ear.close();
    return { ear, said };
  };

  /** Says each clip, and waits for the answer to it before it says the next. */
  const inTurn = async (
    options: EarOptions,
    clips: readonly Float32Array[],
  ): Promise<Conversation> => {
    const ear = await listen(options);
    const said: Utterance[] = [];
    for (const clip of clips) {
      const from = ear.events.length;
      said.push(ear.say(clip));
      await ear.waitFor('response.done', { from });
      await ear.untilQuiet(400);
    }
    return await over(ear, said);
  };

  const counting = (driftPpm: number, seed: number): Promise<Conversation> => {
    const clips = [0, 1, 2].map((utterance) => {
      const firstNumber = numbersOf(utterance)[0]!;
      return countedSpeech({ firstNumber, words: wordsEach, rateHz: speechRateHz }).samples;
    });
    const line = { ...rough, driftPpm, seed };
    return inTurn({ line, playout: { bufferMs: 200, driftPpm: -driftPpm } }, clips);
  };

  const muted = async (): Promise<Conversation> => {
    const ear = await listen({});
    const first = ear.say(fixture('thanks').samples);
    await first.left;
    ear.microphone.mute(true);
    await ear.waitFor('response.done');
    await ear.untilQuiet(300);
    await ear.pause(1000);
    ear.microphone.mute(false);
    const from = ear.events.length;
    const second = ear.say(fixture('cake').samples);
    await ear.waitFor('response.done', { from });
    return await over(ear, [first, second]);
  };

  const speak = async (clip: Float32Array): Promise<Conversation> => {
    const ear = await listen({ line: { ...rough, driftPpm: 100, seed: 9 } });
    const said = ear.say(clip);
    await said.left;
    await ear.waitFor('response.done');
    await ear.untilQuiet(2500);
    return await over(ear, [said]);
  };

  return together({
    fast: () => counting(200, 3),
    slow: () => counting(-200, 4),
    sentences: () =>
      inTurn({ line: { ...rough, driftPpm: 200, seed: 5 } }, [
        fixture('museum').samples,
        fixture('booking').samples,
      ]),
    real: async () => ('speech' in real ? await speak(real.speech.samples) : null),
    muted,
  });
}
