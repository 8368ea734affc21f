import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DelaySpread } from '../../../adapters/backends/rehearsal/chance.ts';
import { decodePcm16 } from '../../../src/audio/pcm16.ts';
import { writeWav } from '../../../src/audio/wav.ts';
import { startGeminiStandIn } from '../../upstream/gemini/server.ts';
import { startHydraStandIn } from '../../upstream/hydra/server.ts';
import { startChatStandIn } from '../../upstream/llm/chat-server.ts';
import { startStandIn as startOpenAi } from '../../upstream/openai-realtime-server.ts';
import { startDeepgramStandIn } from '../../upstream/stt/deepgram-server.ts';
import { startCartesiaStandIn } from '../../upstream/tts/cartesia.ts';
import { cutDeltas } from './plants.ts';
import { saidWordMs, saidWords, type SaidWords } from './said.ts';

export const backendKinds = [
  'rehearsal',
  'openai-realtime',
  'gemini-live',
  'hydra',
  'cascade',
] as const;
export type BackendKind = (typeof backendKinds)[number];

/** What one caller is told, and how fast it comes. */
export interface Telling {
  readonly kind: BackendKind;
  /** Words of each answer, in order. */
  readonly sentences: readonly (readonly string[])[];
  /** Audio comes this much faster than real time; that of a cascade's voice ten times. */
  readonly realTimeFactor: number;
}

/** Somebody who says the sentences, and how an agent gets there. */
export interface Teller {
  readonly said: SaidWords;
  readonly backend: object;
  /** Settings of an agent that it has to have. */
  readonly agent: object;
  readonly violations: () => readonly string[];
  readonly close: () => Promise<void>;
}

export const keyVariable = 'GATE_STAGE_KEY';
export const standInKey = 'sk-gate/stage+secret';

const rateHz = 24_000;
const firstAudioMs: DelaySpread = { p50: 100, p95: 101 };
const key = { apiKeyEnv: keyVariable };

export const startTeller: Readonly<Record<BackendKind, (telling: Telling) => Promise<Teller>>> = {
  rehearsal,
  'openai-realtime': openAi,
  'gemini-live': gemini,
  hydra,
  cascade,
};

/** Recordings with the times of their words. */
async function rehearsal({ sentences, realTimeFactor }: Telling): Promise<Teller> {
  const said = saidWords(sentences);
  const folder = await mkdtemp(join(tmpdir(), 'parley-gate-'));
  const turns = await Promise.all(
    sentences.map(async (words, place) => {
      const audio = join(folder, `${place}.wav`);
      const samples = decodePcm16(said.sound(place, rateHz));
      await writeFile(audio, writeWav({ rateHz, channels: [samples] }));
      const times = words.map((text, at) => ({
        text,
        startMs: at * saidWordMs,
        endMs: (at + 1) * saidWordMs,
      }));
      return { text: words.join(' '), audio, words: times };
    }),
  );
  return {
    said,
    backend: { type: 'rehearsal', firstAudioMs, realTimeFactor, script: { turns } },
    agent: {},
    violations: () => [],
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

async function openAi({ sentences, realTimeFactor }: Telling): Promise<Teller> {
  const said = saidWords(sentences);
  const server = await startOpenAi({
    apiKey: standInKey,
    answers: answersOf(sentences, said),
    firstAudioMs,
    realTimeFactor,
  });
  return {
    said,
    backend: { type: 'openai-realtime', model: 'gpt-realtime-2.1', url: server.url, ...key },
    agent: {},
    violations: () => [],
    close: () => server.close(),
  };
}

async function gemini({ sentences, realTimeFactor }: Telling): Promise<Teller> {
  const said = saidWords(sentences);
  const server = await startGeminiStandIn({
    apiKey: standInKey,
    answers: answersOf(sentences, said),
    firstAudioMs,
    realTimeFactor,
  });
  return {
    said,
    backend: { type: 'gemini-live', url: server.origin, ...key },
    agent: {},
    violations: () => server.sessions.flatMap(({ oddities }) => oddities),
    close: () => server.close(),
  };
}

/** Tells no words: a recogniser beside it does, which understands every one. */
async function hydra({ sentences, realTimeFactor }: Telling): Promise<Teller> {
  const said = saidWords(sentences);
  const [server, ear] = await Promise.all([
    startHydraStandIn({
      apiKey: standInKey,
      answers: sentences.map(({ length }, place) => ({ words: length, from: said.firsts[place]! })),
      firstAudioMs,
      realTimeFactor,
    }),
    startDeepgramStandIn({
      apiKey: standInKey,
      delayMs: { p50: 60, p95: 120 },
      script: { kind: 'counted', words: said.words },
    }),
  ]);
  return {
    said,
    backend: { type: 'hydra', url: server.url, ...key },
    agent: { listener: { type: 'deepgram', model: 'nova-3', url: ear.url, agent: true, ...key } },
    violations: () => ear.stats.violations,
    close: async () => {
      await Promise.all([server.close(), ear.close()]);
    },
  };
}

/** Its model writes the next sentence for every message of the caller's. */
async function cascade({ sentences }: Telling): Promise<Teller> {
  const said = saidWords(sentences);
  const apiKey = standInKey;
  let asked = 0;
  const [stt, llm, tts] = await Promise.all([
    startDeepgramStandIn({ apiKey }),
    startChatStandIn({
      apiKey,
      answer: () => {
        const sentence = sentences[asked % sentences.length] ?? [];
        asked += 1;
        return { text: sentence.join(' ') };
      },
      firstTokenMs: { p50: 60, p95: 61 },
      tokenMs: { p50: 8, p95: 12 },
    }),
    startCartesiaStandIn({
      apiKey,
      firstAudioMs: { p50: 60, p95: 61 },
      realTimeFactor: 10,
      speak: (text, hz) => said.speak(text, hz),
    }),
  ]);
  return {
    said,
    backend: {
      type: 'cascade',
      stt: { type: 'deepgram', model: 'flux-general-en', url: stt.url, ...key },
      llm: { type: 'openai-compatible', baseUrl: llm.url, model: 'stand-in', ...key },
      tts: { type: 'cartesia', url: tts.url, ...key },
    },
    agent: {},
    violations: () => [...stt.stats.violations, ...tts.stats.violations],
    close: async () => {
      await Promise.all([stt.close(), llm.close(), tts.close()]);
    },
  };
}

function answersOf(
  sentences: readonly (readonly string[])[],
  said: SaidWords,
): readonly { text: string; sound: Buffer; deltas: readonly string[] }[] {
  return sentences.map((words, place) => ({
    text: words.join(' '),
    sound: Buffer.from(said.sound(place, rateHz)),
    deltas: cutDeltas(words),
  }));
}
