import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CallError } from '../../src/ports/errors.ts';
import { silentLogger } from '../../src/ports/log.ts';
import type {
  SpeechToTextCapabilities,
  SpeechToTextContext,
  SpeechToTextPort,
} from '../../src/ports/speech-to-text.ts';
import type { Clock } from '../../src/time/clock.ts';
import { SttProbe } from './stt-probe.ts';

/** A recogniser under test, made anew for every test. */
export interface SttContractRig {
  readonly port: SpeechToTextPort;
  readonly clock: Clock;
  /** How time passes: a manual clock moves, or a worker is waited for. */
  readonly pass: (ms: number) => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface SttContractOptions {
  readonly capabilities: SpeechToTextCapabilities;
  /** Most events it may hold for a consumer that does not come, the last word included. */
  readonly eventLimit: number;
  readonly setUp: () => Promise<SttContractRig>;
  /**
   * Says a known utterance (0, 1 or 2); resolves with its words as they must come. Absent: it says
   * counted speech, which a stand-in recognises.
   */
  readonly say?: (probe: SttProbe, utterance: number) => Promise<string>;
  /** What a text is compared by; absent: as it is. */
  readonly plain?: (text: string) => string;
}

const usualSay = (probe: SttProbe, utterance: number): Promise<string> =>
  probe.count(100 * (utterance + 1), 4);

/** What every recogniser must do, whatever it is made of. What it cannot do is skipped, by name. */
export function sttContract(
  title: string,
  { capabilities, eventLimit, setUp, say = usualSay, plain = (it) => it }: SttContractOptions,
): void {
  const { partials, wordTimes } = capabilities;

  describe(`speech-to-text contract: ${title}`, () => {
    let rig: SttContractRig;
    beforeEach(async () => {
      rig = await setUp();
      await rig.port.prepare(new AbortController().signal);
    });
    afterEach(() => rig.close());

    function context(callId: string): SpeechToTextContext {
      const format = capabilities.inputFormats[0]!;
      const { clock } = rig;
      return { callId, format, language: null, keyTerms: [], clock, log: silentLogger };
    }

    /** Time passes until it is decided. */
    async function passUntil(opening: Promise<unknown>): Promise<void> {
      const settled = new AbortController();
      const settle = (): void => settled.abort();
      opening.then(settle, settle);
      for (let step = 0; step < 1000 && !settled.signal.aborted; step += 1) await rig.pass(10);
    }

    async function open(callId = 'call_1'): Promise<SttProbe> {
      const opening = rig.port.open(context(callId), new AbortController().signal);
      await passUntil(opening);
      return new SttProbe(await opening, context(callId).format, rig.pass);
    }

    it('[S1] says what it can do and counts what it does', async () => {
      expect(rig.port.capabilities).toEqual(capabilities);
      expect(capabilities.inputFormats).not.toHaveLength(0);
      const probe = await open();
      probe.session.close();
      for (const figure of Object.values(rig.port.figures())) {
        expect(Number.isFinite(figure)).toBe(true);
      }
    });

    it('[S2] can be prepared again, and refuses with a call error when opening is given up', async () => {
      await rig.port.prepare(new AbortController().signal);
      const opening = rig.port.open(context('call_1'), AbortSignal.abort());
      await expect(opening).rejects.toBeInstanceOf(CallError);
    });

    it('[S3] answers a finish by one complete final with all the words', async () => {
      const probe = await open();
      const said = await say(probe, 0);
      await probe.silence(200);
      probe.session.finish(7);
      const final = await probe.final(7);
      expect(plain(final.text)).toBe(plain(said));
      expect(final.complete).toBe(true);
      await probe.silence(1000);
      expect(probe.finals).toHaveLength(1);
      expect(probe.of('failed')).toHaveLength(0);
    });

    it('[S4] finals come in order, each with its own words, also when nobody waits', async () => {
      const probe = await open();
      const said: string[] = [];
      for (const utterance of [0, 1, 2]) {
        said.push(await say(probe, utterance));
        await probe.silence(100);
        probe.session.finish(utterance + 1);
      }
      await probe.final(3);
      expect(probe.finals.map((one) => one.finishId)).toEqual([1, 2, 3]);
      expect(probe.finals.map((one) => plain(one.text))).toEqual(said.map(plain));
      expect(probe.finals.every((one) => one.complete)).toBe(true);
    });

    it('[S5] answers a finish on silence and a finish on nothing by empty text', async () => {
      const probe = await open();
      probe.session.finish(1);
      await probe.silence(600);
      probe.session.finish(2);
      probe.session.finish(3);
      await probe.final(3);
      expect(probe.finals.map((one) => [one.finishId, one.text])).toEqual([
        [1, ''],
        [2, ''],
        [3, ''],
      ]);
    });

    it('[S6] what was cleared is in no final', async () => {
      const probe = await open();
      await say(probe, 0);
      await probe.silence(100);
      probe.session.clear();
      const said = await say(probe, 1);
      await probe.silence(200);
      probe.session.finish(1);
      expect(plain((await probe.final(1)).text)).toBe(plain(said));
    });

    it.runIf(partials)('[S7] partials grow; what is settled never changes', async () => {
      const probe = await open();
      await say(probe, 0);
      await probe.silence(900);
      await say(probe, 1);
      await probe.silence(300);
      probe.session.finish(1);
      const { text } = await probe.final(1);
      expect(probe.partials.length).toBeGreaterThan(2);
      let settled = '';
      for (const partial of probe.partials) {
        expect(partial.settled).toBeLessThanOrEqual(partial.text.length);
        expect(partial.settled).toBeGreaterThanOrEqual(settled.length);
        expect(partial.text.startsWith(settled)).toBe(true);
        settled = partial.text.slice(0, partial.settled);
      }
      expect(text.startsWith(settled)).toBe(true);
    });

    it.runIf(partials)('[S8] the next stretch begins empty', async () => {
      const probe = await open();
      const first = await say(probe, 0);
      await probe.silence(200);
      probe.session.finish(1);
      await probe.final(1);
      const before = probe.partials.length;
      await say(probe, 1);
      await probe.silence(300);
      const [firstWord = ''] = plain(first).split(' ');
      const later = probe.partials.slice(before);
      expect(later).not.toHaveLength(0);
      for (const { text } of later) expect(plain(text).split(' ')).not.toContain(firstWord);
    });

    it.runIf(wordTimes)('[S9] words lie where they were said, over the whole session', async () => {
      const probe = await open();
      for (const utterance of [0, 1]) {
        await probe.silence(500);
        const fromMs = probe.pushedMs;
        await say(probe, utterance);
        const toMs = probe.pushedMs;
        await probe.silence(200);
        probe.session.finish(utterance);
        const { words, text } = await probe.final(utterance);
        expect(words?.map((word) => plain(word.text)).join(' ')).toBe(plain(text));
        let lastMs = fromMs - 150;
        for (const { startMs, endMs } of words ?? []) {
          expect(startMs).toBeGreaterThanOrEqual(lastMs);
          expect(endMs).toBeGreaterThanOrEqual(startMs);
          lastMs = startMs;
        }
        expect(lastMs).toBeLessThan(toMs);
      }
    });

    it('[S10] tells what is charged, about as much as was heard', async () => {
      const probe = await open();
      await say(probe, 0);
      await probe.silence(200);
      probe.session.finish(1);
      await probe.final(1);
      await probe.wait(200);
      const audioMs = probe.of('usage').reduce((sum, one) => sum + one.audioMs, 0);
      // A recogniser on this machine charges nothing.
      if (audioMs > 0) expect(Math.abs(audioMs - probe.pushedMs)).toBeLessThan(300);
    });

    it('[S11] ends its events when it is closed, once or often, and takes nothing any more', async () => {
      const probe = await open();
      await say(probe, 0);
      probe.session.finish(1);
      probe.session.close();
      probe.session.close();
      await probe.until(() => probe.ended, 5000);
      await probe.finished();
      const count = probe.events.length;
      probe.session.finish(2);
      probe.session.clear();
      await probe.silence(1000);
      expect(probe.events).toHaveLength(count);
    });

    it('[S12] sessions know nothing of each other', async () => {
      const one = await open('call_1');
      const other = await open('call_2');
      const said = await say(one, 0);
      await one.silence(200);
      const heard = await say(other, 1);
      await other.silence(200);
      one.session.finish(1);
      other.session.finish(1);
      expect(plain((await one.final(1)).text)).toBe(plain(said));
      expect(plain((await other.final(1)).text)).toBe(plain(heard));
      one.session.close();
      await say(other, 2);
      other.session.finish(2);
      await other.final(2);
    });

    it('[S13] a consumer that does not come costs a bounded number of events', async () => {
      const opening = rig.port.open(context('call_1'), new AbortController().signal);
      await passUntil(opening);
      const session = await opening;
      for (let id = 0; id < 3 * eventLimit; id += 1) session.finish(id);
      await rig.pass(100);
      const events = [];
      for await (const event of session.events) events.push(event);
      expect(events.length).toBeLessThanOrEqual(eventLimit);
      expect(events.at(-1)).toMatchObject({ type: 'failed', error: { code: 'queue_overflow' } });
    });

    it('[S14] whatever comes in whatever order: one final for each finish, in order', async () => {
      const step = fc.constantFrom('sound', 'silence', 'finish', 'clear', 'wait');
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
          const probe = await open();
          let finishes = 0;
          for (const one of steps) {
            if (one === 'sound') probe.push(new Float32Array(1600).fill(0.1));
            else if (one === 'silence') probe.push(new Float32Array(800));
            else if (one === 'clear') probe.session.clear();
            else if (one === 'wait') await probe.wait(70);
            else probe.session.finish((finishes += 1));
          }
          await probe.until(() => probe.finals.length >= finishes, 12_000);
          await probe.wait(200);
          const ids = Array.from({ length: finishes }, (_, i) => i + 1);
          expect(probe.finals.map((final) => final.finishId)).toEqual(ids);
          probe.session.close();
        }),
        { numRuns: 15 },
      );
    });
  });
}
