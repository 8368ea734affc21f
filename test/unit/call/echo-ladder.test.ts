import { beforeAll, describe, expect, it } from 'vitest';
import {
  ask,
  audio,
  CallHarness,
  silence,
  type HarnessOptions,
} from '../../support/call-harness.ts';
import { EchoRoom, voice, type RoomOptions } from './echo-room.ts';
import { prepareResampler } from '../../../src/audio/resampler.ts';
import { ScriptedBackend, turnCapabilities } from '../../support/scripted-backend.ts';
import type { EchoCancellerPort } from '../../../src/ports/echo-canceller.ts';

beforeAll(prepareResampler);

const delays = [60, 150, 250, 400];
/** Time from an agent's first sound on in which the echo's delay may still be unknown, ms. */
const learningMs = 1000;

/** A caller on loudspeakers, and an agent that begins a line of 8 s. */
async function onSpeakers(path: RoomOptions, options: HarnessOptions = {}, seed = 1) {
  const harness = await CallHarness.open(options);
  const room = new EchoRoom(harness, path);
  await room.pass(400);
  const begin = async (ms: number, voiceSeed: number): Promise<void> => {
    harness.session.takeAll();
    harness.ok(ask);
    const { lineId } = harness.session.next('respond');
    harness.session.emit(audio(lineId, voice(ms, 190, voiceSeed)));
    harness.session.emit({
      type: 'line.done',
      lineId,
      outcome: { status: 'completed' },
      usage: null,
    });
    await room.pass(20);
  };
  await begin(8000, seed);
  return { harness, room, begin };
}

/** What the caller's side did to the agent from a call time on. */
function doneToAgent(harness: CallHarness, fromMs: number): readonly string[] {
  return harness.call.entries
    .filter(({ atMs }) => atMs >= fromMs)
    .map(({ type }) => type)
    .filter((type) => ['agent.ducked', 'agent.held', 'agent.cut', 'speech.started'].includes(type));
}

describe('an agent on loudspeakers, with the guard', () => {
  const scenes = delays.flatMap((delayMs) => [6, 15].map((lossDb) => ({ delayMs, lossDb })));

  it.each(scenes)(
    '[T28] is not interrupted by its own voice, $delayMs ms late and $lossDb dB down',
    async (path) => {
      for (const seed of [2, 5, 8]) {
        const { harness, room, begin } = await onSpeakers(path, {}, seed);
        const fromMs = harness.nowMs;
        await room.pass(8500);
        // The first second: it may be lowered and held once each, and goes on from where it was.
        expect(harness.entries('agent.cut')).toEqual([]);
        expect(harness.entries('speech.started')).toEqual([]);
        const early = doneToAgent(harness, fromMs);
        expect(new Set(early).size).toBe(early.length);
        expect(doneToAgent(harness, fromMs + learningMs)).toEqual([]);
        expect(harness.view.sentMs()).toBeGreaterThan(7990);
        // The next line finds the delay known.
        const nextMs = harness.nowMs;
        await begin(4000, seed + 20);
        await room.pass(4500);
        expect(doneToAgent(harness, nextMs)).toEqual([]);
        await harness.end();
      }
    },
  );

  it.each(delays)(
    '[T26] is interrupted by a caller who talks over it, %d ms late',
    async (delayMs) => {
      const { harness, room } = await onSpeakers({ delayMs, lossDb: 12 });
      await room.pass(2500);
      const onsetMs = harness.nowMs;
      room.say(voice(3000, 110, 42, 0.8));
      await room.pass(2500);
      const cut = harness.last('agent.cut');
      expect(cut.by).toBe('caller');
      expect(cut.atMs - onsetMs).toBeGreaterThan(600);
      expect(cut.atMs - onsetMs).toBeLessThan(2000);
      expect(harness.last('speech.started').audioStartMs).toBeGreaterThan(onsetMs - 320);
      await harness.end();
    },
  );

  it('is interrupted through a headset in its first seconds too', async () => {
    const { harness, room } = await onSpeakers({ delayMs: 60, lossDb: Infinity });
    await room.pass(1400);
    const onsetMs = harness.nowMs;
    room.say(voice(2000, 110, 42));
    await room.pass(1800);
    expect(harness.last('agent.cut').atMs - onsetMs).toBeLessThan(1400);
    await harness.end();
  });

  it('is left to the client that says it cancels echo itself', async () => {
    const { harness, room } = await onSpeakers({ delayMs: 150, lossDb: 6 });
    await room.pass(2000);
    harness.ok({ type: 'aec', active: true });
    const fromMs = harness.nowMs;
    await room.pass(2500);
    // It did not tell the truth: now every sound that comes back is the caller's.
    expect(doneToAgent(harness, fromMs)).toContain('agent.ducked');
    await harness.end();
  });
});

describe('the other rungs', () => {
  it('none takes the agent for the caller', async () => {
    const { harness, room } = await onSpeakers(
      { delayMs: 250, lossDb: 6 },
      { manner: { echo: 'none' } },
    );
    await room.pass(4000);
    expect(
      harness.entries('agent.ducked').length + harness.entries('agent.cut').length,
    ).toBeGreaterThan(0);
    await harness.end();
  });

  it('[T29] half-duplex hears nobody while the agent sounds, and somebody when it has ended', async () => {
    const { harness, room } = await onSpeakers(
      { delayMs: 400, lossDb: 3 },
      { manner: { echo: 'half-duplex' } },
    );
    await room.pass(3000);
    room.say(voice(2000, 110, 7));
    await room.pass(6500);
    expect(doneToAgent(harness, 0)).toEqual([]);
    expect(harness.entries('speech.dismissed')).toEqual([]);
    const fromMs = harness.nowMs;
    room.say(voice(1000, 110, 8));
    await room.pass(1000);
    expect(doneToAgent(harness, fromMs)).toEqual(['speech.started']);
    await harness.end();
  });

  it('aec3 has what the canceller gives, and the guard when it is lost; no sample is', async () => {
    const canceller = new PerfectCanceller();
    const { harness, room } = await onSpeakers(
      { delayMs: 60, lossDb: 6 },
      { manner: { echo: 'aec3' }, canceller },
    );
    await room.pass(2500);
    expect(canceller.figures()).toMatchObject({ streams: 1, aligned: 1 });
    expect(doneToAgent(harness, 0)).toEqual([]);
    const fromMs = harness.nowMs;
    canceller.fail();
    await room.pass(2500);
    expect(doneToAgent(harness, fromMs)).toEqual([]);
    await room.pass(3500);
    const onsetMs = harness.nowMs;
    room.say(voice(1000, 110, 8));
    await room.pass(1000);
    // The prefix padding is 300 ms; what the canceller owed would have moved it.
    const { audioStartMs } = harness.last('speech.started');
    expect(audioStartMs).toBeGreaterThan(onsetMs - 301);
    expect(audioStartMs).toBeLessThan(onsetMs);
    expect(canceller.figures()).toMatchObject({ opened: 1 });
    await harness.end();
  });
});

describe('what echo costs', () => {
  it('is nothing before the agent sounds', async () => {
    const canceller = new PerfectCanceller();
    const harness = await CallHarness.open({ manner: { echo: 'aec3' }, canceller });
    await harness.hear(silence(500));
    harness.ok(ask);
    await harness.hear(silence(500));
    expect(canceller.figures()).toMatchObject({ opened: 0 });
    await harness.end();
  });

  it.each(['backend', 'model'] as const)('is nothing where the %s judges', async (authority) => {
    const canceller = new PerfectCanceller();
    const capabilities = { ...turnCapabilities, authorities: [authority] };
    const harness = await CallHarness.open({
      manner: { echo: 'aec3' },
      canceller,
      backends: [new ScriptedBackend({ capabilities })],
    });
    const { session } = harness;
    const said = voice(1000, 190, 1);
    if (authority === 'backend') {
      session.emit({ type: 'line.started', lineId: 'own' }, audio('own', said));
    } else {
      for (let at = 0; at < 24_000; at += 1920) {
        const frame = {
          startSample: at,
          bytes: said.slice(at * 2, at * 2 + 3840),
          heardInputSample: at,
          text: null,
          mark: at === 0 ? ('speech_started' as const) : null,
        };
        session.emit({ type: 'stream.frame', frame });
      }
    }
    await harness.hear(silence(800));
    expect(harness.view.packets().length).toBeGreaterThan(3);
    expect(canceller.figures()).toMatchObject({ opened: 0 });
    await harness.end();
  });
});

/** A canceller that takes everything away, one capture late, until it is lost. */
class PerfectCanceller implements EchoCancellerPort {
  readonly name = 'perfect';
  readonly rateHz = 16_000;
  #opened = 0;
  #aligned = 0;
  readonly #streams = new Set<() => void>();

  prepare(): Promise<void> {
    return Promise.resolve();
  }

  open({
    onClean,
    onFail,
  }: Parameters<EchoCancellerPort['open']>[0]): ReturnType<EchoCancellerPort['open']> {
    let late = 0;
    const lost = (): void => onFail(new Error('lost'));
    this.#opened += 1;
    this.#streams.add(lost);
    return {
      reference: () => undefined,
      capture: (pcm) => {
        if (late > 0) onClean(new Float32Array(late));
        late = pcm.length;
      },
      align: () => {
        this.#aligned += 1;
      },
      close: () => this.#streams.delete(lost),
    };
  }

  fail(): void {
    for (const lost of this.#streams) lost();
    this.#streams.clear();
  }

  figures(): Readonly<Record<string, number>> {
    return { opened: this.#opened, aligned: this.#aligned, streams: this.#streams.size };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
