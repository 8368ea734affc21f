import { beforeAll, expect, test } from 'vitest';
import { prepareResampler } from '../../../src/audio/resampler.ts';
import type { CallView, DownlinkAudio } from '../../../src/ports/client.ts';
import type { LogEntry } from '../../../src/ports/events.ts';
import type { RecordingPlan } from '../../../src/ports/recording.ts';
import { CallRecorder } from '../../../src/recording/call-recorder.ts';
import { recordOf } from '../../../src/server/records.ts';
import type { Clock } from '../../../src/time/clock.ts';
import {
  answer,
  audio,
  CallHarness,
  done,
  settle,
  silence,
  speech,
  text,
} from '../../support/call-harness.ts';

beforeAll(() => prepareResampler());

const rateHz = 24_000;
const stepMs = 10;
/** Longest of the calls, samples. */
const longestSamples = rateHz * 20;

/** Numbers from a seed: the same every time. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A client with a network before it and a player of its own, which says what it has played. */
class Player implements CallView {
  readonly unsentBytes = 0;
  readonly roundTripMs = 40;
  /** What came out of its loudspeaker, by call time. */
  readonly played = new Int16Array(longestSamples);
  readonly #harness: () => CallHarness;
  readonly #execute: (itemId: string, playedMs: number) => void;
  readonly #chance: () => number;
  readonly #network: { atMs: number; work: () => void }[] = [];
  #lastMs = 0;
  #queue: { itemId: string; samples: Int16Array; at: number }[] = [];
  readonly #positions = new Map<string, number>();
  #waitsUntilMs: number | null = null;
  #tick = 0;

  constructor(
    harness: () => CallHarness,
    execute: (itemId: string, playedMs: number) => void,
    chance: () => number,
  ) {
    this.#harness = harness;
    this.#execute = execute;
    this.#chance = chance;
  }

  audio({ itemId, bytes }: DownlinkAudio): void {
    const copy = bytes.slice();
    const samples = new Int16Array(copy.buffer);
    this.#later(() => {
      if (this.#queue.length === 0) this.#waitsUntilMs = this.#nowMs + 60;
      this.#queue.push({ itemId, samples, at: 0 });
    });
  }

  entry(entry: LogEntry): void {
    if (entry.type !== 'agent.cut') return;
    this.#later(() => {
      this.#queue = [];
      this.#say();
    });
  }

  close(): void {
    this.#queue = [];
  }

  /** Plays for one step. */
  step(): void {
    const nowMs = this.#nowMs;
    while ((this.#network[0]?.atMs ?? Infinity) <= nowMs) this.#network.shift()!.work();
    if (this.#waitsUntilMs !== null && nowMs < this.#waitsUntilMs) return;
    this.#waitsUntilMs = null;
    let room = (rateHz / 1000) * stepMs;
    let place = Math.round((nowMs * rateHz) / 1000);
    while (room > 0) {
      const head = this.#queue[0];
      if (head === undefined) break;
      const count = Math.min(room, head.samples.length - head.at);
      this.played.set(head.samples.subarray(head.at, head.at + count), place);
      head.at += count;
      room -= count;
      place += count;
      this.#positions.set(head.itemId, (this.#positions.get(head.itemId) ?? 0) + count);
      if (head.at === head.samples.length) this.#queue.shift();
    }
    this.#tick += 1;
    if (this.#tick % 20 === 0) this.#say();
  }

  get #nowMs(): number {
    return this.#harness().nowMs;
  }

  #say(): void {
    const last = [...this.#positions].at(-1);
    if (last === undefined) return;
    const [itemId, samples] = last;
    this.#later(() => this.#execute(itemId, (samples * 1000) / rateHz));
  }

  /** In order, some time later. */
  #later(work: () => void): void {
    this.#lastMs = Math.max(this.#lastMs, this.#nowMs + 10 + this.#chance() * 20);
    this.#network.push({ atMs: this.#lastMs, work });
  }
}

interface Recorded {
  readonly plan: RecordingPlan;
  readonly agent: Uint8Array;
  readonly played: Int16Array;
  readonly cuts: number;
}

/** One call in which some of the agent's lines are interrupted. */
async function recordedCall(seed: number): Promise<Recorded> {
  const chance = random(seed);
  const written: Uint8Array[] = [];
  let plan: RecordingPlan | null = null;
  const made: { harness?: CallHarness } = {};
  const clock: Clock = {
    nowMs: () => made.harness?.clock.nowMs() ?? 5000,
    epochMs: () => 0,
    timerAt: () => ({ cancel: () => undefined }),
  };
  const recorder = new CallRecorder({
    sink: {
      write: (file, content) => {
        if (file === 'agent' && typeof content !== 'string') written.push(content.slice());
      },
      finish: (finished) => (plan = finished),
      discard: () => undefined,
    },
    clock,
    limitMs: 3_600_000,
    rules: null,
    redact: (entry) => entry,
  });
  const harness = new CallHarness({ observers: [recorder] }, 'unseen');
  made.harness = harness;
  const call = recorder.around(harness.call);
  const player = new Player(
    () => harness,
    (itemId, playedMs) => void call.execute({ type: 'playback', itemId, playedMs }),
    chance,
  );
  call.attach(player);
  const pass = async (ms: number, sound: (ms: number) => Uint8Array): Promise<void> => {
    for (let at = 0; at < ms; at += 20) {
      call.pushAudio(sound(20));
      for (let step = 0; step < 20; step += stepMs) {
        harness.clock.advance(stepMs);
        player.step();
      }
      await settle();
    }
  };
  await pass(100, silence);
  let fromSample = 0;
  for (let line = 0; line < 2; line += 1) {
    await pass(200 + Math.floor(chance() * 20) * 20, speech);
    if (line > 0) call.execute({ type: 'interrupt' });
    await pass(600, speech);
    await pass(700, silence);
    const respond = harness.session.takeAll().find(({ type }) => type === 'respond');
    if (respond?.type !== 'respond') continue;
    // The first is interrupted, the second is heard out.
    const lengthMs = line === 0 ? 4_000 : 600 + Math.floor(chance() * 600);
    harness.session.emit(text(respond.lineId, 'So it is said. '));
    harness.session.emit(audio(respond.lineId, answer(lengthMs, fromSample)), done(respond.lineId));
    fromSample += lengthMs * 24;
    await pass(line === 0 ? 400 + Math.floor(chance() * 60) * 20 : 1_500, silence);
  }
  await pass(700, silence);
  const cuts = harness.entries('agent.cut').length;
  await harness.end();
  const header = { callId: 'call_1', agent: 'desk', startedAt: '2026-01-01T00:00:00.000Z' };
  recorder.finish(recordOf(header, harness.call.entries));
  return { plan: plan!, agent: Buffer.concat(written), played: player.played, cuts };
}

/** The right channel as the plan has it. */
function rightChannel({ plan, agent }: Recorded): Int16Array {
  const samples = new Int16Array(agent.slice().buffer);
  const channel = new Int16Array(longestSamples);
  for (const { fromSample, samples: count, atSample } of plan.agent.placements) {
    channel.set(samples.subarray(fromSample, fromSample + count), atSample);
  }
  return channel;
}

interface Sounding {
  readonly samples: readonly number[];
  readonly firstAt: number;
}

function sounding(channel: Int16Array): Sounding {
  const samples: number[] = [];
  let firstAt = -1;
  for (let place = 0; place < channel.length; place += 1) {
    const sample = channel[place]!;
    if (sample === 0) continue;
    if (firstAt < 0) firstAt = place;
    samples.push(sample);
  }
  return { samples, firstAt };
}

test('the right channel holds what the client played, to the sample, in 50 calls with cuts', async () => {
  for (let seed = 1; seed <= 50; seed += 1) {
    const recorded = await recordedCall(seed);
    expect(recorded.cuts).toBeGreaterThan(0);
    const played = sounding(recorded.played);
    const kept = sounding(rightChannel(recorded));
    expect(played.samples.length).toBeGreaterThan(0);
    expect([seed, kept.samples.length]).toEqual([seed, played.samples.length]);
    expect(kept.samples.every((sample, place) => sample === played.samples[place])).toBe(true);
    // Where it lies is known as well as messages are quick.
    const offMs = ((kept.firstAt - played.firstAt) * 1000) / rateHz;
    expect(Math.abs(offMs)).toBeLessThan(60);
  }
}, 120_000);
