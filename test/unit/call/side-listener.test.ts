import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { deepgramStt, deepgramSttOptions } from '../../../adapters/speech/stt/deepgram/index.ts';
import { pcm24k } from '../../../src/audio/format.ts';
import { encodePcm16 } from '../../../src/audio/pcm16.ts';
import { prepareResampler } from '../../../src/audio/resampler.ts';
import { Recognition } from '../../../src/call/side-listener-recognition.ts';
import type { Recognised } from '../../../src/call/side-listener-vocabulary.ts';
import { fixture, type FixtureName } from '../../ear/speech.ts';
import { startDeepgramStandIn } from '../../upstream/stt/deepgram-server.ts';
import type { SttStandInOptions } from '../../upstream/stt/options.ts';
import { SttRig, sttKey } from '../../upstream/stt/rig.ts';

const text = (clip: FixtureName): string => fixture(clip).text;
const frameBytes = 960;

/** A recogniser on its own, with a strict server behind it, on a manual clock. */
class Stage {
  readonly rig: SttRig;
  readonly finals: Recognised[] = [];
  readonly missed: string[] = [];
  readonly partials: string[] = [];
  readonly faults: string[] = [];
  /** What was said of the stretch in progress last. */
  latest: { readonly said: string; readonly words: Recognised['words'] } = {
    said: '',
    words: null,
  };
  readonly recognition: Recognition;

  private constructor(rig: SttRig) {
    this.rig = rig;
    const { callId, log } = rig.context();
    this.recognition = new Recognition(
      {
        port: rig.port,
        context: { callId, log, clock: rig.clock, language: null, keyTerms: [] },
        chance: () => 0.5,
        onHearing: () => undefined,
        onText: (said, _, words) => {
          this.partials.push(said);
          this.latest = { said, words };
        },
        onMore: () => undefined,
        onJudgement: () => undefined,
        onFinal: (recognised) => this.finals.push(recognised),
        onMissed: (id) => this.missed.push(id),
        onLost: ({ code }) => this.faults.push(code),
      },
      pcm24k,
    );
  }

  static async open(said: readonly FixtureName[], options: SttStandInOptions = {}): Promise<Stage> {
    const utterances = said.map((clip) => ({
      text: text(clip),
      durationMs: fixture(clip).samples.length / 24 - 300,
    }));
    const rig = await SttRig.start(
      (clock) =>
        startDeepgramStandIn({
          clock,
          apiKey: sttKey,
          script: { kind: 'told', utterances },
          ...options,
        }),
      ({ url }, surroundings) =>
        deepgramStt(
          deepgramSttOptions.parse({ url, apiKeyEnv: 'STT_KEY', model: 'nova-3' }),
          surroundings,
        ),
    );
    return new Stage(rig);
  }

  /** In real time, unless all of it is there at once. */
  async say(clip: FixtureName, pace: 'real' | 'at_once' = 'real'): Promise<void> {
    const bytes = encodePcm16(fixture(clip).samples);
    for (let from = 0; from < bytes.byteLength; from += frameBytes) {
      this.recognition.push(bytes.slice(from, from + frameBytes), pcm24k);
      if (pace === 'real') await this.rig.pass(20);
    }
  }

  /** The microphone goes on, and nothing is said. */
  async silence(ms: number): Promise<void> {
    for (let passedMs = 0; passedMs < ms; passedMs += 20) {
      this.recognition.push(new Uint8Array(frameBytes), pcm24k);
      await this.rig.pass(20);
    }
  }

  async hearing(): Promise<void> {
    this.recognition.start();
    for (let step = 0; step < 100 && !this.recognition.hearing; step += 1) await this.rig.pass(10);
    expect(this.recognition.hearing).toBe(true);
  }

  async close(): Promise<void> {
    this.recognition.close();
    await this.rig.close();
  }
}

describe('a recogniser beside a call', () => {
  let stage: Stage;
  beforeAll(prepareResampler);
  afterEach(() => stage.close());

  it('gives each finished stretch its text, and words from its beginning', async () => {
    stage = await Stage.open(['thanks', 'table']);
    await stage.hearing();
    for (const clip of ['thanks', 'table'] as const) {
      await stage.say(clip);
      stage.recognition.finish(clip);
      await stage.silence(800);
    }
    expect(stage.finals.map(({ id, text: said }) => [id, said])).toEqual([
      ['thanks', text('thanks')],
      ['table', text('table')],
    ]);
    const lengthMs = fixture('table').samples.length / 24;
    const { words } = stage.finals[1]!;
    expect(words![0]!.startMs).toBeGreaterThanOrEqual(0);
    expect(words!.at(-1)!.endMs).toBeLessThanOrEqual(lengthMs + 801);
    expect(stage.partials.length).toBeGreaterThan(2);
    expect(stage.recognition.counts).toMatchObject({ lost: 0, failures: 0, droppedMs: 0 });
    expect(stage.recognition.counts.audioMs).toBeGreaterThan(lengthMs);
  });

  it('tells where the words lie of what is still being said, from its beginning', async () => {
    stage = await Stage.open(['thanks', 'table']);
    await stage.hearing();
    await stage.say('thanks');
    stage.recognition.finish('thanks');
    await stage.silence(800);
    await stage.say('table');
    const { said, words } = stage.latest;
    expect(said.split(' ').length).toBeGreaterThan(2);
    expect(words!.map((word) => word.text).join(' ')).toBe(said);
    // 800 ms of silence came first, and 150 ms of it are in the recording.
    expect(words![0]!.startMs).toBeGreaterThan(800);
    expect(words![0]!.startMs).toBeLessThan(1_200);
  });

  it('does not say where words lie of which another session had heard a part', async () => {
    stage = await Stage.open(['table', 'table'], {
      fault: { kind: 'close', code: 1008, reason: 'Not you.', at: 'audio', afterMs: 700 },
    });
    await stage.hearing();
    await stage.say('table');
    await stage.say('table');
    expect(stage.faults).toHaveLength(1);
    expect(stage.latest.said).not.toBe('');
    expect(stage.latest.words).toBe(null);
    stage.recognition.finish('split');
    await stage.silence(800);
    expect(stage.finals.at(-1)).toMatchObject({ id: 'split', words: null });
  });

  it('hears what was said before it was there', async () => {
    stage = await Stage.open(['thanks']);
    await stage.say('thanks', 'at_once');
    stage.recognition.finish('early');
    await stage.hearing();
    await stage.rig.pass(1500);
    expect(stage.finals).toMatchObject([{ id: 'early', text: text('thanks') }]);
  });

  it('forgets all of a turn that it could not keep, and says so', async () => {
    stage = await Stage.open(['thanks']);
    for (let ms = 0; ms < 6000; ms += 1000) {
      stage.recognition.push(new Uint8Array(48_000), pcm24k);
      if (ms === 1000) stage.recognition.finish('first');
    }
    stage.recognition.finish('second');
    await stage.hearing();
    await stage.say('thanks');
    stage.recognition.finish('third');
    await stage.rig.pass(800);
    expect(stage.missed).toEqual(['first', 'second']);
    expect(stage.finals).toMatchObject([{ id: 'third', text: text('thanks') }]);
    expect(stage.recognition.counts).toMatchObject({ lost: 2 });
    expect(stage.recognition.counts.droppedMs).toBeGreaterThan(5000);
  });

  it('drops what was nothing', async () => {
    stage = await Stage.open(['uh-huh', 'thanks']);
    await stage.hearing();
    await stage.say('uh-huh');
    await stage.silence(400);
    stage.recognition.clear();
    await stage.silence(400);
    await stage.say('thanks');
    stage.recognition.finish('turn');
    await stage.rig.pass(800);
    expect(stage.finals).toMatchObject([{ id: 'turn', text: text('thanks') }]);
  });

  it('is tried later and later where it cannot be had, with one complaint', async () => {
    const fault = { kind: 'refuse', status: 503, sessions: 1000 } as const;
    stage = await Stage.open(['thanks'], { fault });
    stage.recognition.start();
    await stage.rig.pass(1000);
    const { failures } = stage.recognition.counts;
    await stage.rig.pass(1000);
    expect(failures).toBeGreaterThanOrEqual(2);
    expect(stage.recognition.counts.failures - failures).toBeLessThanOrEqual(2);
    expect(stage.faults).toHaveLength(1);
    expect(stage.rig.logged.join('\n')).not.toContain(sttKey);
  });

  it('lets go of everything at once, also while it opens', async () => {
    stage = await Stage.open(['thanks']);
    stage.recognition.start();
    stage.recognition.close();
    await stage.rig.pass(300);
    expect(stage.recognition.hearing).toBe(false);
    expect(stage.rig.server.open).toBe(0);
    stage.recognition.finish('late');
    expect([stage.finals, stage.missed, stage.faults]).toEqual([[], [], []]);
  });
});
