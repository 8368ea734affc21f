import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeWav } from '../../src/audio/wav.ts';
import type { LogEntry } from '../../src/ports/events.ts';
import { audibleMs } from '../ear/audible.ts';
import { correlationAt, energyOf, refine } from '../ear/correlation.ts';
import { countedSpeech, countWords, hearNumbers } from '../ear/counted-speech.ts';
import { seededRandom } from '../ear/seeded-random.ts';
import { fixture, speechRateHz } from '../ear/speech.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';

const rateHz = speechRateHz;
/** A counted word: two tone pairs, 180 ms, and 80 ms of silence. */
const wordMs = 260;
const soundMs = 180;

/** What an agent counts: one line an answer. */
export interface Counting {
  /** First number of each of its lines. */
  readonly firstNumbers: readonly number[];
  /** Words of a line (a count). */
  readonly words: number;
}

/** A gateway whose agents count, so that the ear can tell every word of theirs. */
export class FloorStage {
  readonly gateway: TestGateway;
  readonly #folder: string;

  private constructor(gateway: TestGateway, folder: string) {
    this.gateway = gateway;
    this.#folder = folder;
  }

  static async open(agents: Readonly<Record<string, Counting>>): Promise<FloorStage> {
    const folder = mkdtempSync(join(tmpdir(), 'parley-floor-'));
    const names = Object.keys(agents);
    const backends = Object.fromEntries(
      names.map((name) => [name, countingBackend(folder, name, agents[name]!)]),
    );
    const config = JSON.stringify({
      backends,
      agents: Object.fromEntries(names.map((name) => [name, { backends: [name] }])),
    });
    return new FloorStage(await startGateway({ config }), folder);
  }

  url(agent: string): string {
    return `${this.gateway.wsUrl}/v1/realtime?model=${agent}`;
  }

  /** What happened in the only call of an agent, which is over. */
  async log(agent: string): Promise<readonly LogEntry[]> {
    return await logOf(this.gateway, agent);
  }

  async close(): Promise<void> {
    await this.gateway.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** The log of the only call that an agent has had. */
export async function logOf({ url }: TestGateway, agent: string): Promise<readonly LogEntry[]> {
  const read = async (path: string): Promise<unknown> => (await fetch(`${url}${path}`)).json();
  const { calls } = (await read('/api/calls')) as {
    readonly calls: readonly { readonly callId: string; readonly agent: string }[];
  };
  const call = calls.find((it) => it.agent === agent);
  if (call === undefined) throw new Error(`no call of ${agent}`);
  return ((await read(`/api/calls/${call.callId}`)) as { events: readonly LogEntry[] }).events;
}

function countingBackend(folder: string, name: string, { firstNumbers, words }: Counting): object {
  const turns = firstNumbers.map((firstNumber) => {
    const { samples, numbers } = countedSpeech({ firstNumber, words, rateHz });
    const audio = join(folder, `${name}-${firstNumber}.wav`);
    writeFileSync(audio, writeWav({ rateHz, channels: [samples] }));
    const times = numbers.map((number, i) => ({
      text: String(number),
      startMs: i * wordMs,
      endMs: i * wordMs + soundMs,
    }));
    return { text: numbers.join(' '), audio, words: times };
  });
  return { type: 'rehearsal', firstAudioMs: { p50: 150, p95: 200 }, script: { turns } };
}

const blockSamples = rateHz / 100;
/** Peak below which there is nothing to be made louder: a lowered word has 0.025. */
const silentPeak = 0.004;

/** The recording with everything in it equally loud, so that what was lowered is judged like the rest. */
export function levelled(recording: Float32Array): Float32Array {
  const peaks = Array.from({ length: Math.ceil(recording.length / blockSamples) }, (_, block) =>
    recording
      .subarray(block * blockSamples, (block + 1) * blockSamples)
      .reduce((most, sample) => Math.max(most, Math.abs(sample)), 0),
  );
  return recording.map((sample, i) => {
    const block = Math.floor(i / blockSamples);
    const peak = Math.max(peaks[block - 1] ?? 0, peaks[block]!, peaks[block + 1] ?? 0);
    return peak < silentPeak ? sample : (0.2 * sample) / peak;
  });
}

/** Length of a piece of a word that must be there, ms: nothing longer may be missing. */
const pieceMs = 20;
/** How well a piece must fit to count as heard, at whatever gain. */
const foundCorrelation = 0.8;
/** What happens to the gain within a piece, at most, dB: nothing, a duck, the end of one. */
const ramps = [0, -18, 18] as const;

/** What a recording has against a count from `firstNumber` on, in numbers. */
export interface CountFaults {
  readonly lost: readonly number[];
  readonly repeated: readonly number[];
  readonly unsaid: readonly number[];
  /** 20 ms or more of the word are not what was said. */
  readonly damaged: readonly number[];
  /** Most sound between two words, ms; a place that fits one period off makes it 10. */
  readonly extraMs: number;
}

/** Compares a recording with what was counted, word by word and each in pieces of 20 ms. */
export function countFaults(
  recording: Float32Array,
  { firstNumber, words }: { readonly firstNumber: number; readonly words: number },
): CountFaults {
  const { samples, numbers } = countedSpeech({ firstNumber, words, rateHz });
  const level = levelled(recording);
  const heard = hearNumbers(level, rateHz);
  const { lost, repeated, unsaid } = countWords(numbers, heard);
  const damaged: number[] = [];
  let extraMs = 0;
  let from = 0;
  for (const { number, startSample } of heard) {
    const at = ((number - firstNumber) * wordMs * rateHz) / 1000;
    const word = samples.subarray(at, at + (soundMs * rateHz) / 1000);
    const lagSample = placeOf(word, { recording, level, near: startSample });
    if (lagSample === null) {
      damaged.push(number);
      continue;
    }
    const between = { fromSample: from, toSample: lagSample };
    extraMs = Math.max(extraMs, audibleMs(recording, rateHz, between));
    from = lagSample + word.length;
  }
  return { lost, repeated, unsaid, damaged, extraMs };
}

/** Where the word is, with every piece of it; `null` where it is not whole. */
function placeOf(
  word: Float32Array,
  at: { readonly recording: Float32Array; readonly level: Float32Array; readonly near: number },
): number | null {
  const { lagSample } = refine(at.level, word, { aroundSample: at.near, reach: rateHz / 40 });
  // Its tones repeat every 10 ms: lowered in the middle, it may fit periods off almost as well.
  const period = rateHz / 100;
  const places = [0, -1, 1, -2, 2].map((periods) => lagSample + periods * period);
  return places.find((lag) => everyPiece(at.recording, word, lag)) ?? null;
}

function everyPiece(recording: Float32Array, word: Float32Array, lag: number): boolean {
  const length = (pieceMs * rateHz) / 1000;
  for (let at = 0; at + length <= word.length; at += length) {
    const piece = word.subarray(at, at + length);
    if (energyOf(piece, 0, length) === 0) continue;
    const fits = ramps.map((db) => correlationAt(recording, ramped(piece, db), lag + at));
    if (Math.max(...fits) < foundCorrelation) return false;
  }
  return true;
}

function ramped(piece: Float32Array, db: number): Float32Array {
  return db === 0 ? piece : piece.map((sample, i) => sample * 10 ** ((db * i) / piece.length / 20));
}

/** A cough: a burst of noise in the shape of a bell. */
export function cough(seed: number, durationMs = 120): Float32Array {
  const random = seededRandom(seed);
  const length = (rateHz * durationMs) / 1000;
  return Float32Array.from(
    { length },
    (_, i) => (random() - 0.5) * 0.6 * (0.5 - 0.5 * Math.cos((2 * Math.PI * i) / length)),
  );
}

/** Murmurs of a listener, from 270 to 440 ms of voice: parts of made speech. */
export const murmurs: readonly Float32Array[] = [
  part('uh-huh', 110, 410),
  slower(part('uh-huh', 110, 410), 1.3),
  part('thanks', 130, 520),
];

/** The beginning of somebody who means it: well over a second of speech. */
export const objection = part('wait', 0, 2000);

function part(name: 'uh-huh' | 'thanks' | 'wait', fromMs: number, toMs: number): Float32Array {
  return fixture(name).samples.slice((fromMs * rateHz) / 1000, (toMs * rateHz) / 1000);
}

function slower(samples: Float32Array, factor: number): Float32Array {
  return Float32Array.from({ length: Math.floor(samples.length * factor) }, (_, i) => {
    const at = i / factor;
    const from = Math.floor(at);
    const next = samples[from + 1] ?? 0;
    return samples[from]! + (next - samples[from]!) * (at - from);
  });
}
