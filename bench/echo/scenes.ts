import { decodeG711, encodeG711 } from '../../src/audio/g711.ts';
import {
  echoOf,
  place,
  scaled,
  seededNoise,
  type EchoPath,
} from '../../test/support/echo-scene.ts';
import { spoken } from './voices.ts';

const rateHz = 16_000;
const lineEveryMs = 11_000;
const firstLineAtMs = 1000;
const sceneMs = 44_000;

const agentTexts = [
  'Welcome to the hotel. We have a room with a view of the garden for three nights, and breakfast is included in the price.',
  'The next train leaves at seventeen minutes past four from platform nine, and it arrives in the city at half past six.',
  'I can book that for you now. May I have your name and a telephone number, so that we can reach you if something changes?',
  'Your table is by the window. The kitchen closes at ten, but drinks are served until midnight every day of the week.',
];
const callerTexts = [
  'wait, stop, I wanted the other one',
  'no, not on Tuesday, on Thursday please',
  'how much does that cost',
  'can you say the price again',
  'I would like two rooms instead of one',
];

export interface SceneOptions extends EchoPath {
  readonly seed: number;
  /** White noise in the caller's room, dBFS. */
  readonly noiseDbfs: number;
  /** Caller against echo, dB. */
  readonly callerDb: number;
  /** The caller's line: wide, or a carrier's 300–3,400 Hz in µ-law. */
  readonly band: 'wide' | 'telephone';
  /** The caller wears a headset: nothing comes back. */
  readonly headset: boolean;
  /** Chunks of the uplink come late by up to this, ms. */
  readonly jitterMs: number;
  /** Each line of the agent comes back at another delay, up to this much later, ms. */
  readonly lineStepMs: number;
}

export interface Scene {
  readonly name: string;
  readonly options: SceneOptions;
  readonly durationMs: number;
  /** What was sent, 16 kHz. */
  readonly agent: Float32Array;
  /** The caller's own voice alone. */
  readonly caller: Float32Array;
  /** The echo alone. */
  readonly echo: Float32Array;
  /** What the microphone gives. */
  readonly microphone: Float32Array;
  /** Where the caller starts to speak over the agent, ms. */
  readonly interruptionsMs: readonly number[];
}

/** The voices, made once. @throws without flite or sox */
export function sceneMaker(): (name: string, options: SceneOptions) => Scene {
  const lines = agentTexts.map((text) => spoken(text, 'slt'));
  const utterances = callerTexts.map((text, index) =>
    spoken(text, index % 2 === 0 ? 'rms' : 'awb'),
  );
  return (name, options) => makeScene(name, options, lines, utterances);
}

/** Four lines of the agent; the caller speaks over all but the first, and alone after three. */
function makeScene(
  name: string,
  options: SceneOptions,
  lines: readonly Float32Array[],
  utterances: readonly Float32Array[],
): Scene {
  const samples = (sceneMs * rateHz) / 1000;
  const agent = new Float32Array(samples);
  const caller = new Float32Array(samples);
  const echo = new Float32Array(samples);
  const callerGain = 10 ** ((options.callerDb - options.lossDb) / 20);
  const interruptionsMs: number[] = [];
  for (const [index, line] of lines.entries()) {
    const atMs = firstLineAtMs + index * lineEveryMs;
    place(agent, line, atMs);
    const own = new Float32Array(samples);
    place(own, line, atMs);
    const stepMs = (options.lineStepMs * ((index * 7) % 4)) / 3;
    const path = { ...options, delayMs: options.delayMs + stepMs };
    if (!options.headset) place(echo, echoOf(own, path, options.seed), 0);
    const said = (at: number): Float32Array =>
      scaled(utterances[(index + at + options.seed) % utterances.length]!, callerGain);
    if (index > 0) {
      const interruptionMs = atMs + 2500;
      place(caller, said(0), interruptionMs);
      interruptionsMs.push(interruptionMs);
    }
    if (index < lines.length - 1) place(caller, said(2), atMs + 8600);
  }
  const random = seededNoise(options.seed);
  const noise = Math.sqrt(3) * 10 ** (options.noiseDbfs / 20);
  const heard = echo.map((sample, i) => sample + caller[i]! + noise * random());
  const microphone = options.band === 'telephone' ? overTelephone(heard) : heard;
  const durationMs = sceneMs;
  return { name, options, durationMs, agent, caller, echo, microphone, interruptionsMs };
}

/** Every second sample after a low pass at 3.4 kHz, a high pass at 300 Hz, µ-law and back. */
function overTelephone(wide: Float32Array): Float32Array {
  const taps = 63;
  const half = (taps - 1) / 2;
  const filter = Array.from({ length: taps }, (_, tap) => {
    const x = tap - half;
    const sinc = (cutHz: number): number =>
      x === 0 ? (2 * cutHz) / rateHz : Math.sin((2 * Math.PI * cutHz * x) / rateHz) / (Math.PI * x);
    return (sinc(3400) - sinc(300)) * (0.54 + 0.46 * Math.cos((Math.PI * x) / half));
  });
  const narrow = new Int16Array(wide.length / 2);
  for (let out = 0; out < narrow.length; out += 1) {
    let sum = 0;
    for (let tap = 0; tap < taps; tap += 1) {
      sum += filter[tap]! * (wide[out * 2 + tap - half] ?? 0);
    }
    narrow[out] = Math.max(-32_768, Math.min(32_767, Math.round(sum * 32_768)));
  }
  const heard = decodeG711(encodeG711(narrow, 'pcmu'), 'pcmu');
  // Back to 16 kHz by the straight line between samples: what lies above 4 kHz is 30 dB down.
  return wide.map((_sample, i) => {
    const below = heard[i >> 1]!;
    const above = heard[(i >> 1) + 1] ?? below;
    return (i % 2 === 0 ? below : (below + above) / 2) / 32_768;
  });
}
