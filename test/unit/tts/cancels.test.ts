import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tonesIn, tonesOf } from '../../upstream/openai-speech/tone-voice.ts';
import { vendorNames, VoiceStandInRig } from '../../upstream/tts/rig.ts';

/** Words that sound different from each other. */
const vocabulary = ['good', 'morning', 'dear', 'caller', 'tonight', 'we', 'have', 'one', 'room'];

const utterances = fc.array(
  fc.record({
    words: fc.array(fc.constantFrom(...vocabulary), { minLength: 1, maxLength: 25 }),
    pieces: fc.integer({ min: 1, max: 4 }),
    flush: fc.boolean(),
    isEnded: fc.boolean(),
    /** From the first word to the cancel, ms; `null`: it is heard to its end. */
    cancelAfterMs: fc.option(fc.integer({ min: 0, max: 900 }), { freq: 8 }),
    heardMs: fc.option(fc.integer({ min: 0, max: 2000 })),
    pauseMs: fc.integer({ min: 0, max: 400 }),
  }),
  { minLength: 50, maxLength: 50 },
);

describe.each(vendorNames)('%s', (name) => {
  const seeds = [1, 2, 3, 4];
  test.each(seeds)(
    '50 utterances, most of them cancelled anywhere: nothing of one is ever in another (seed %i)',
    async (seed) => {
      const [plan = []] = fc.sample(utterances, { numRuns: 1, seed });
      const rig = await VoiceStandInRig.start(name, {
        seed,
        realTimeFactor: 2,
        oddBytes: seed % 2 === 0,
        lateAudioMs: 400,
      });
      const session = await rig.open();
      for (const { cancelAfterMs, flush, heardMs, isEnded, pauseMs, pieces, words } of plan) {
        const probe = rig.speak(session);
        const perPiece = Math.ceil(words.length / pieces);
        for (let from = 0; from < words.length; from += perPiece) {
          probe.say(words.slice(from, from + perPiece).join(' '), { flush });
        }
        if (isEnded || cancelAfterMs === null) probe.utterance.end();
        if (cancelAfterMs === null) await probe.finished();
        else await rig.pass(cancelAfterMs);
        const told = probe.events.length;
        probe.utterance.cancel(heardMs ?? undefined);
        await rig.pass(pauseMs);
        const heard = tonesIn(probe.audio, 24_000);
        const said = tonesOf(words.join(' '));
        if (cancelAfterMs === null) {
          expect(probe.outcome).toEqual({ type: 'done' });
          expect(heard).toEqual(said);
        } else {
          expect(probe.events.length).toBe(told);
          // The last tone may be cut; all others are its own, in order.
          const whole = heard.slice(0, -1);
          expect(whole).toEqual(said.slice(0, whole.length));
        }
      }
      await rig.until('the upstream to be idle', () => rig.server.stats.working === 0);
      expect(rig.server.stats.violations).toEqual([]);
      expect(rig.port.figures()).toMatchObject({
        sessionsLost: 0,
        utterancesFailed: 0,
        connectionsLost: 0,
        stalls: 0,
      });
      session.close();
      await rig.until('connections to close', () => rig.server.stats.connections === 0);
      await rig.close();
      await rig.pass(3000);
      expect(rig.clock.pending).toBe(0);
    },
  );
});
