import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import type { AudioFormat } from '../../src/audio/format.ts';
import { bytesPerSample } from '../../src/audio/format.ts';
import { CallError } from '../../src/ports/errors.ts';
import { silentLogger } from '../../src/ports/log.ts';
import type {
  TextToSpeechPort,
  TextToSpeechSession,
  UtteranceOptions,
} from '../../src/ports/text-to-speech.ts';
import type { Clock } from '../../src/time/clock.ts';
import type { PassTime } from './session-probe.ts';
import { UtteranceProbe, waitFor } from './utterance-probe.ts';

/** What the rig is to make go wrong. */
export type VoiceFault =
  /** Whoever connects or asks is sent away. */
  | 'refuse'
  /** Whoever connects is never answered. */
  | 'hang_opening'
  /** The first utterance is lost before any audio of it; all goes well afterwards. */
  | 'before_audio'
  /** The first utterance is lost in its audio; all goes well afterwards. */
  | 'in_audio';

export interface VoiceWish {
  /** `slow`: audio comes at about the pace of speech, so that it can be cut in the middle. */
  readonly pace: 'fast' | 'slow';
  readonly fault: VoiceFault | null;
}

/** How a test knows by the audio alone which words came. */
interface VoiceEar {
  expected(text: string): readonly string[];
  heard(pcm16: Uint8Array, rateHz: number): readonly string[];
}

/** A voice, whatever it speaks to, with time that passes when told to. */
export interface VoiceRig {
  readonly port: TextToSpeechPort;
  readonly clock: Clock;
  /** A manual clock moves, or a worker is waited for. */
  readonly pass: PassTime;
  readonly speaking: UtteranceOptions;
  /** `null`: only the length of the audio can be judged. */
  readonly ear: VoiceEar | null;
  /** The other side; `null` where the voice is in this process. */
  readonly upstream: {
    /** Utterances, contexts or requests that it works on. */
    working(): number;
    connections(): number;
  } | null;
  close(): Promise<void>;
}

export interface VoiceContract {
  /** As the port states them, to know which tests apply before a rig is there. */
  readonly capabilities: TextToSpeechPort['capabilities'];
  /** Which faults the rig can make. */
  readonly faults: readonly VoiceFault[];
  setUp(wish: VoiceWish): Promise<VoiceRig>;
}

/** Every word is another tone in the voice of tones. */
const firstWords = 'Good morning dear caller.';
const secondWords = 'Tonight we have one room left.';
const thirdWords = 'Shall I book it?';
const longText = Array.from({ length: 8 }, () => `${firstWords} ${secondWords}`).join(' ');

const going = (): AbortSignal => new AbortController().signal;

/** What any voice must do. */
export function describeTtsContract(name: string, contract: VoiceContract): void {
  const { capabilities, faults } = contract;
  const rigs: VoiceRig[] = [];
  const sessions: TextToSpeechSession[] = [];

  const setUp = async (wish: Partial<VoiceWish> = {}): Promise<VoiceRig> => {
    const rig = await contract.setUp({ pace: 'fast', fault: null, ...wish });
    rigs.push(rig);
    return rig;
  };
  const settled = async <T>(rig: VoiceRig, work: Promise<T>): Promise<T> => {
    let isOver = false;
    const over = (): void => void (isOver = true);
    work.then(over, over);
    await waitFor(rig.pass, 'a promise', () => isOver);
    return work;
  };
  const open = async (
    rig: VoiceRig,
    signal = going(),
    callId = 'call_1',
  ): Promise<TextToSpeechSession> => {
    const context = { callId, clock: rig.clock, log: silentLogger };
    const session = await settled(rig, rig.port.open(context, signal));
    sessions.push(session);
    return session;
  };
  const speak = (rig: VoiceRig, session: TextToSpeechSession): UtteranceProbe =>
    new UtteranceProbe(session.speak(rig.speaking), rig.pass);
  const idle = async (rig: VoiceRig): Promise<void> => {
    const { upstream } = rig;
    if (upstream === null) return;
    await waitFor(rig.pass, 'the upstream to stop working', () => upstream.working() === 0);
  };
  const expectWords = (rig: VoiceRig, probe: UtteranceProbe, text: string): void => {
    expect(probe.outcome).toEqual({ type: 'done' });
    expect(probe.audio.byteLength).toBeGreaterThan(0);
    if (rig.ear === null) return;
    const heard = rig.ear.heard(probe.audio, rig.speaking.format.rateHz);
    expect(heard).toEqual(rig.ear.expected(text));
  };

  describe(`${name} as a voice`, () => {
    afterEach(async () => {
      for (const session of sessions.splice(0)) session.close();
      for (const rig of rigs.splice(0)) await rig.close();
    });

    test('states what it can', () => {
      expect(capabilities.contexts).toBeGreaterThanOrEqual(1);
      expect(Number.isInteger(capabilities.contexts)).toBe(true);
      expect(capabilities.outputFormats.length).toBeGreaterThan(0);
    });

    test('prepares, and refuses to for a signal that has already aborted', async () => {
      const rig = await setUp();
      await settled(rig, rig.port.prepare(going()));
      await expect(settled(rig, rig.port.prepare(AbortSignal.abort()))).rejects.toThrow();
    });

    test('speaks a piece: whole samples, and `done` last', async () => {
      const rig = await setUp();
      const probe = speak(rig, await open(rig)).say(firstWords, { flush: true });
      probe.utterance.end();
      await probe.finished();
      expectWords(rig, probe, firstWords);
      const sampleBytes = bytesPerSample(rig.speaking.format.codec);
      for (const { bytes } of probe.of('audio')) expect(bytes.byteLength % sampleBytes).toBe(0);
      expect(probe.events.filter(({ type }) => type === 'done')).toHaveLength(1);
    });

    test('speaks all pieces in their order, those that come late as well', async () => {
      const rig = await setUp();
      const probe = speak(rig, await open(rig)).say(firstWords, { flush: true });
      probe.say(secondWords, { flush: true });
      await probe.firstAudio();
      await rig.pass(100);
      probe.say(thirdWords, { flush: true });
      probe.utterance.end();
      await probe.finished();
      expectWords(rig, probe, `${firstWords} ${secondWords} ${thirdWords}`);
    });

    test('tells pieces in order, and the end of each behind its audio', async () => {
      const rig = await setUp();
      const probe = speak(rig, await open(rig))
        .say(firstWords)
        .say(secondWords)
        .say(thirdWords);
      probe.utterance.end();
      await probe.finished();
      let newest = 0;
      const over = new Set<number>();
      for (const event of probe.events) {
        if (event.type === 'audio' && event.pieceId !== null) {
          expect(event.pieceId).toBeGreaterThanOrEqual(newest);
          expect(over.has(event.pieceId)).toBe(false);
          newest = event.pieceId;
        }
        if (event.type === 'piece.done') {
          expect(over.has(event.pieceId)).toBe(false);
          over.add(event.pieceId);
        }
      }
      if (over.size > 0) expect([...over]).toEqual([1, 2, 3]);
    });

    test.skipIf(capabilities.timing === 'none')(
      'times every word, in order and within the audio',
      async () => {
        const rig = await setUp();
        const probe = speak(rig, await open(rig))
          .say(firstWords)
          .say(secondWords);
        probe.utterance.end();
        await probe.finished();
        const words = probe.of('words').flatMap((event) => event.words);
        const bare = (text: string): string => text.replace(/\s+/gu, ' ').trim();
        expect(bare(words.map(({ text }) => text).join(' '))).toBe(
          bare(`${firstWords} ${secondWords}`),
        );
        const lengthMs = audioMs(probe.audio, rig.speaking.format);
        let endMs = 0;
        for (const word of words) {
          expect(word.startMs).toBeGreaterThanOrEqual(endMs - 1);
          expect(word.endMs).toBeGreaterThanOrEqual(word.startMs);
          endMs = word.endMs;
        }
        expect(endMs).toBeLessThanOrEqual(lengthMs + 1);
        expect(endMs).toBeGreaterThan(lengthMs / 2);
      },
    );

    test('has nothing to say where nothing was said', async () => {
      const rig = await setUp();
      const session = await open(rig);
      const silent = speak(rig, session);
      silent.utterance.end();
      await silent.finished();
      expect(silent.events).toEqual([{ type: 'done' }]);
      const blank = speak(rig, session).say(firstWords).say(' ').say('', { flush: true });
      blank.utterance.end();
      await blank.finished();
      expectWords(rig, blank, firstWords);
    });

    test('speaks one utterance after the other', async () => {
      const rig = await setUp();
      const session = await open(rig);
      for (const text of [firstWords, secondWords, thirdWords]) {
        const probe = speak(rig, session).say(text, { flush: true });
        probe.utterance.end();
        await probe.finished();
        expectWords(rig, probe, text);
      }
    });

    test.skipIf(capabilities.contexts < 2)('keeps utterances at once apart', async () => {
      const rig = await setUp();
      const session = await open(rig);
      const one = speak(rig, session).say(firstWords);
      const other = speak(rig, session).say(secondWords);
      one.say(thirdWords).utterance.end();
      other.utterance.end();
      await one.finished();
      await other.finished();
      expectWords(rig, one, `${firstWords} ${thirdWords}`);
      expectWords(rig, other, secondWords);
    });

    test('keeps calls apart', async () => {
      const rig = await setUp();
      const one = speak(rig, await open(rig, going(), 'call_1')).say(firstWords);
      const other = speak(rig, await open(rig, going(), 'call_2')).say(secondWords);
      one.utterance.end();
      other.utterance.end();
      await one.finished();
      await other.finished();
      expectWords(rig, one, firstWords);
      expectWords(rig, other, secondWords);
    });

    test('a cancel ends the events at once and stops the upstream', async () => {
      const rig = await setUp({ pace: 'slow' });
      const probe = speak(rig, await open(rig)).say(longText, { flush: true });
      await probe.firstAudio();
      probe.utterance.cancel();
      probe.utterance.cancel();
      const before = probe.events.length;
      probe.say(thirdWords, { flush: true });
      probe.utterance.end();
      await setImmediate();
      expect(probe.ended).toBe(true);
      await idle(rig);
      expect(probe.events.length).toBe(before);
      expect(probe.outcome).toBeNull();
    });

    test('a cancel in the tick of the first word says nothing', async () => {
      const rig = await setUp();
      const session = await open(rig);
      const probe = speak(rig, session).say(longText, { flush: true });
      probe.utterance.cancel();
      await probe.finished();
      expect(probe.events).toEqual([]);
      await idle(rig);
    });

    test('nothing of what was cancelled is heard in what follows', async () => {
      const rig = await setUp({ pace: 'slow' });
      const session = await open(rig);
      for (let turn = 0; turn < 3; turn += 1) {
        const cut = speak(rig, session).say(longText, { flush: true });
        if (turn > 0) await cut.firstAudio();
        cut.utterance.cancel();
        const next = speak(rig, session).say(thirdWords, { flush: true });
        next.utterance.end();
        await next.finished();
        expectWords(rig, next, thirdWords);
      }
      await idle(rig);
    });

    test('closing a session ends what it says and frees what it holds', async () => {
      const rig = await setUp({ pace: 'slow' });
      const session = await open(rig);
      const probe = await speak(rig, session).say(longText, { flush: true }).firstAudio();
      session.close();
      session.close();
      await probe.finished();
      expect(probe.outcome?.type).not.toBe('done');
      const heard = probe.events.length;
      await idle(rig);
      await rig.port.close();
      const { upstream } = rig;
      if (upstream !== null) {
        await waitFor(rig.pass, 'connections to close', () => upstream.connections() === 0);
      }
      expect(probe.events.length).toBe(heard);
    });

    test('an utterance of a closed session says nothing and ends', async () => {
      const rig = await setUp();
      const session = await open(rig);
      session.close();
      const probe = speak(rig, session).say(firstWords, { flush: true });
      probe.utterance.end();
      await probe.finished();
      expect(probe.of('audio')).toEqual([]);
      expect(probe.outcome?.type).not.toBe('done');
    });

    test('a session that is closed is not lost', async () => {
      const rig = await setUp();
      const session = await open(rig);
      session.close();
      expect(await settled(rig, session.lost)).toBeNull();
    });

    test('closing the voice ends its sessions; twice is once', async () => {
      const rig = await setUp({ pace: 'slow' });
      const probe = speak(rig, await open(rig)).say(longText, { flush: true });
      await probe.firstAudio();
      await settled(rig, rig.port.close());
      await settled(rig, rig.port.close());
      await probe.finished();
      await idle(rig);
    });

    test('does not open for a signal that has already aborted', async () => {
      const rig = await setUp();
      await expect(open(rig, AbortSignal.abort())).rejects.toBeInstanceOf(CallError);
    });

    test.skipIf(!faults.includes('hang_opening'))('gives up opening when told to', async () => {
      const rig = await setUp({ fault: 'hang_opening' });
      const giveUp = new AbortController();
      const opening = open(rig, giveUp.signal);
      opening.catch(() => undefined);
      await rig.pass(60);
      giveUp.abort();
      await expect(opening).rejects.toBeInstanceOf(CallError);
      const { upstream } = rig;
      if (upstream === null) return;
      await waitFor(rig.pass, 'the connection to close', () => upstream.connections() === 0);
    });

    test.skipIf(!faults.includes('refuse'))('says so when it is sent away', async () => {
      const rig = await setUp({ fault: 'refuse' });
      let session: TextToSpeechSession;
      try {
        session = await open(rig);
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(CallError);
        return;
      }
      const probe = speak(rig, session).say(firstWords, { flush: true });
      probe.utterance.end();
      await probe.finished();
      const { outcome } = probe;
      expect(outcome?.type === 'failed' && outcome.error).toBeInstanceOf(CallError);
      expect(probe.of('audio')).toEqual([]);
    });

    test.skipIf(!faults.includes('before_audio'))(
      'an utterance lost before its audio fails or is spoken whole, and the next one is heard',
      async () => {
        const rig = await setUp({ fault: 'before_audio' });
        const session = await open(rig);
        const probe = speak(rig, session).say(firstWords, { flush: true });
        probe.utterance.end();
        await probe.finished();
        if (probe.outcome?.type === 'done') expectWords(rig, probe, firstWords);
        else expect(probe.events.map(({ type }) => type)).toEqual(['failed']);
        const next = speak(rig, session).say(secondWords, { flush: true });
        next.utterance.end();
        await next.finished();
        expectWords(rig, next, secondWords);
      },
    );

    test.skipIf(!faults.includes('in_audio'))(
      'an utterance lost in its audio fails once, and the next one is heard',
      async () => {
        const rig = await setUp({ fault: 'in_audio', pace: 'slow' });
        const session = await open(rig);
        const probe = speak(rig, session).say(longText, { flush: true });
        probe.utterance.end();
        await probe.finished();
        expect(probe.of('audio').length).toBeGreaterThan(0);
        const { outcome } = probe;
        expect(outcome?.type === 'failed' && outcome.error).toBeInstanceOf(CallError);
        const next = speak(rig, session).say(secondWords, { flush: true });
        next.utterance.end();
        await next.finished();
        expectWords(rig, next, secondWords);
      },
    );

    test('counts in finite figures', async () => {
      const rig = await setUp();
      const probe = speak(rig, await open(rig)).say(firstWords, { flush: true });
      probe.utterance.end();
      await probe.finished();
      const figures = Object.entries(rig.port.figures());
      expect(figures.length).toBeGreaterThan(0);
      for (const [key, value] of figures) expect(Number.isFinite(value), key).toBe(true);
    });
  });
}

function audioMs(audio: Uint8Array, { codec, rateHz }: AudioFormat): number {
  return (audio.byteLength / bytesPerSample(codec) / rateHz) * 1000;
}
