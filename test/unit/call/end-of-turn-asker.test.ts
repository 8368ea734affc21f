import { beforeAll, describe, expect, it } from 'vitest';
import { CallHarness, silence, speech } from '../../support/call-harness.ts';
import { prepareResampler } from '../../../src/audio/resampler.ts';
import type {
  EndOfTurnPort,
  EndOfTurnScore,
  EndOfTurnStream,
} from '../../../src/ports/end-of-turn.ts';

beforeAll(prepareResampler);

interface Ask {
  readonly fromSample: number;
  readonly atSample: number;
}

/** An end-of-turn model that answers when, and what, the test says. */
class HandModel implements EndOfTurnPort {
  readonly name = 'hand';
  readonly rateHz: number;
  readonly asks: Ask[] = [];
  onOpen: 'ok' | 'throws' | 'fails' = 'ok';
  opened = 0;
  closed = 0;
  samples = 0;
  #onScore: (score: EndOfTurnScore) => void = () => undefined;
  #onFail: (error: Error) => void = () => undefined;

  constructor(rateHz = 16_000) {
    this.rateHz = rateHz;
  }

  prepare(): Promise<void> {
    return Promise.resolve();
  }

  open(onScore: (score: EndOfTurnScore) => void, onFail: (error: Error) => void): EndOfTurnStream {
    if (this.onOpen === 'throws') throw new Error('not prepared');
    this.opened += 1;
    this.samples = 0;
    this.#onScore = onScore;
    this.#onFail = onFail;
    if (this.onOpen === 'fails') onFail(new Error('gone at once'));
    return {
      push: (pcm) => {
        this.samples += pcm.length;
      },
      ask: (fromSample) => this.asks.push({ fromSample, atSample: this.samples }),
      reset: () => undefined,
      close: () => {
        this.closed += 1;
      },
    };
  }

  score(probability: number, ask: Ask): void {
    this.#onScore({ probability, raw: probability, askedAtSample: ask.atSample });
  }

  fail(): void {
    this.#onFail(new Error('gone'));
  }

  figures(): Readonly<Record<string, number>> {
    return {};
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

const judged = {
  kind: 'semantic_vad',
  eagerness: 'auto',
  createResponse: true,
  interruptResponse: true,
} as const;

async function listening(model: HandModel) {
  const harness = await CallHarness.open({ endOfTurn: model });
  harness.ok({ type: 'configure', patch: { turnDetection: judged } });
  harness.session.takeAll();
  return harness;
}

describe('the end-of-turn model', () => {
  it('[T32] is asked at 200 ms of a pause and every 100 ms, about the speech so far', async () => {
    const model = new HandModel();
    const harness = await listening(model);
    await harness.hear(silence(1000));
    await harness.hear(speech(1000));
    expect(model.asks).toEqual([]);
    await harness.hear(silence(180));
    expect(model.asks).toEqual([]);
    await harness.hear(silence(420));
    const atMs = model.asks.map(({ atSample }) => atSample / 16);
    expect(atMs.length).toBeGreaterThanOrEqual(3);
    // The pause begins in the frame of 32 ms in which the voice ends.
    expect(atMs[0]).toBeGreaterThanOrEqual(2200);
    expect(atMs[0]).toBeLessThan(2260);
    for (const [index, at] of atMs.slice(1).entries()) {
      expect(at - atMs[index]!).toBeGreaterThanOrEqual(95);
      expect(at - atMs[index]!).toBeLessThanOrEqual(145);
    }
    for (const { fromSample } of model.asks) {
      expect(fromSample / 16).toBeGreaterThan(650);
      expect(fromSample / 16).toBeLessThanOrEqual(740);
    }
    await harness.end();
    expect(model.closed).toBe(1);
  });

  it('[T32] ends the turn with its score, and only about the pause that it was asked about', async () => {
    const model = new HandModel();
    const harness = await listening(model);
    await harness.hear(speech(1000));
    await harness.hear(silence(260));
    const early = model.asks.at(-1)!;
    await harness.hear(speech(400));
    model.score(0.99, early);
    expect(harness.entries('turn.committed')).toEqual([]);
    await harness.hear(silence(260));
    model.score(0.99, early);
    expect(harness.entries('turn.committed')).toEqual([]);
    model.score(0.99, model.asks.at(-1)!);
    expect(harness.last('turn.committed').cause).toBe('score');
    expect(harness.session.takeAll().map(({ type }) => type)).toEqual(['commit', 'respond']);
    await harness.end();
  });

  it.each([8000, 48_000])('hears at its own rate, %d Hz, and is asked in it', async (rateHz) => {
    const model = new HandModel(rateHz);
    const harness = await listening(model);
    await harness.hear(silence(1000));
    await harness.hear(speech(1000));
    await harness.hear(silence(300));
    expect((model.samples * 1000) / rateHz).toBeGreaterThan(2270);
    expect((model.samples * 1000) / rateHz).toBeLessThanOrEqual(2300);
    const [ask] = model.asks;
    expect((ask!.fromSample * 1000) / rateHz).toBeGreaterThan(650);
    expect((ask!.fromSample * 1000) / rateHz).toBeLessThanOrEqual(740);
    model.score(0.99, ask!);
    expect(harness.last('turn.committed').cause).toBe('score');
    await harness.end();
  });

  it('counts anew when listening was off: positions are those of the new stream', async () => {
    const model = new HandModel();
    const harness = await listening(model);
    await harness.hear(silence(1500));
    harness.ok({ type: 'configure', patch: { turnDetection: null } });
    expect(model.closed).toBe(1);
    await harness.hear(silence(700));
    harness.ok({ type: 'configure', patch: { turnDetection: judged } });
    expect(model.opened).toBe(2);
    await harness.hear(silence(500));
    await harness.hear(speech(1000));
    await harness.hear(silence(260));
    const [ask] = model.asks;
    // Speech begins 500 ms into this stream; 300 ms before it belong to the turn.
    expect(ask!.fromSample / 16).toBeGreaterThan(150);
    expect(ask!.fromSample / 16).toBeLessThanOrEqual(240);
    model.score(0.99, ask!);
    const { cause, fromSample } = harness.last('turn.committed');
    expect(cause).toBe('score');
    expect(fromSample / 24).toBeGreaterThan(2350);
    expect(fromSample / 24).toBeLessThanOrEqual(2440);
    await harness.end();
  });

  it('that is silent, lost or cannot be had leaves the end to silence', async () => {
    const silent = new HandModel();
    const lost = new HandModel();
    const absent = new HandModel();
    absent.onOpen = 'throws';
    const still = new HandModel(48_000);
    still.onOpen = 'fails';
    for (const model of [silent, lost, absent, still]) {
      const harness = await listening(model);
      await harness.hear(speech(600));
      if (model === lost) model.fail();
      await harness.hear(speech(400));
      await harness.hear(silence(900));
      expect(harness.last('turn.committed').cause).toBe('silence');
      expect(harness.entries('fault')).toEqual([]);
      await harness.end();
    }
  });

  it('has at most 16 open questions; an answer to a forgotten one is nothing', async () => {
    const model = new HandModel();
    const harness = await CallHarness.open({ endOfTurn: model });
    const patient = { ...judged, eagerness: 'low' } as const;
    harness.ok({ type: 'configure', patch: { turnDetection: patient } });
    // One long turn with pauses that are too short to end it.
    for (let round = 0; round < 8; round += 1) {
      await harness.hear(speech(300));
      await harness.hear(silence(520));
    }
    expect(model.asks.length).toBeGreaterThan(20);
    model.score(1, model.asks[0]!);
    expect(harness.entries('turn.committed')).toEqual([]);
    model.score(1, model.asks.at(-1)!);
    expect(harness.last('turn.committed').cause).toBe('score');
    await harness.end();
  });
});
