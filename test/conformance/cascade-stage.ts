import type { DelaySpread } from '../../adapters/backends/rehearsal/chance.ts';
import { encodePcm16 } from '../../src/audio/pcm16.ts';
import type { Logger } from '../../src/ports/log.ts';
import { fixture, speechRateHz, type FixtureName } from '../ear/speech.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { startChatStandIn, type ChatStandIn } from '../upstream/llm/chat-server.ts';
import type { ChatRule } from '../upstream/llm/options.ts';
import { startSpeechStandIn } from '../upstream/openai-speech/server.ts';
import { speakTones } from '../upstream/openai-speech/tone-voice.ts';
import { startDeepgramStandIn } from '../upstream/stt/deepgram-server.ts';
import type { SttStandInOptions } from '../upstream/stt/options.ts';
import { startPulseStandIn } from '../upstream/stt/pulse-server.ts';
import { startTranscriptionStandIn } from '../upstream/stt/transcription-server.ts';
import { startCartesiaStandIn } from '../upstream/tts/cartesia.ts';
import { startAuraStandIn } from '../upstream/tts/deepgram-aura.ts';
import { startElevenLabsStandIn } from '../upstream/tts/elevenlabs.ts';
import type { VoiceStandInOptions, VoiceStandInStats } from '../upstream/tts/options.ts';
import { startLightningStandIn } from '../upstream/tts/smallest-lightning.ts';
import { answers } from './stage.ts';

/** Key of every stand-in; has characters that an address writes otherwise. */
export const partsKey = 'cascade/parts+secret=1';
/** The environment variable that the configuration names for it. */
export const partsKeyEnv = 'CASCADE_PARTS_KEY';

/** A part's server: what it has to do with calls, and what is left of them. */
interface Part {
  readonly url: string;
  /** Rules that the gateway broke. */
  readonly violations: () => readonly string[];
  /** Requests, contexts or sockets that belong to a call (a count). */
  readonly working: () => number;
  /** Sockets that are open (a count). */
  readonly sockets: () => number;
  close(): Promise<void>;
}

/** One context or request of a voice's; ms by the server's clock. */
export interface VoiceWork {
  readonly startedAtMs: number;
  /** When it was told to stop, or its request ended; `null` = not. */
  readonly stoppedAtMs: number | null;
}

interface VoicePart extends Part {
  readonly works: () => readonly VoiceWork[];
}

/** What is set of every voice. */
type VoiceSettings = Required<
  Pick<VoiceStandInOptions, 'firstAudioMs' | 'realTimeFactor' | 'seed' | 'speak'>
> & { readonly apiKey: string };

const stt = {
  flux: (options: SttStandInOptions) => recogniser(startDeepgramStandIn(options)),
  nova: (options: SttStandInOptions) => recogniser(startDeepgramStandIn(options)),
  transcription: (options: SttStandInOptions) => recogniser(startTranscriptionStandIn(options)),
  pulse: (options: SttStandInOptions) => recogniser(startPulseStandIn(options)),
} as const;

const sttConfig = {
  flux: { type: 'deepgram', model: 'flux-general-en' },
  nova: { type: 'deepgram', model: 'nova-3' },
  transcription: { type: 'openai-transcription' },
  pulse: { type: 'smallest-pulse' },
} as const;

const tts = {
  elevenlabs: (options: VoiceSettings) => voice(startElevenLabsStandIn(options)),
  cartesia: (options: VoiceSettings) => voice(startCartesiaStandIn(options)),
  aura: (options: VoiceSettings) => voice(startAuraStandIn(options)),
  lightning: (options: VoiceSettings) => voice(startLightningStandIn(options)),
  speech: speechVoice,
} as const;

const ttsConfig = {
  elevenlabs: { type: 'elevenlabs' },
  cartesia: { type: 'cartesia' },
  aura: { type: 'deepgram', model: 'aura-2-thalia-en' },
  lightning: { type: 'smallest-lightning' },
  speech: { type: 'openai-speech' },
} as const;

/** A clip that is understood as other words than its own. */
export interface Said {
  readonly clip: FixtureName;
  readonly text: string;
}

/** What one agent is made of. */
export interface CascadeAgent {
  readonly stt: keyof typeof stt;
  readonly tts: keyof typeof tts;
  /** What its caller says, in order. */
  readonly said: readonly (FixtureName | Said)[];
  /** What its model writes; by default the stage's script. */
  readonly answer?: ChatRule;
  /** How its voice sounds; by default recordings for the answers that there are some of. */
  readonly speak?: (text: string, rateHz: number) => Uint8Array;
  /** Delays that differ from the usual ones. */
  readonly delays?: Partial<PartDelays>;
  /** Settings of its backend. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Of the servers' delays. */
  readonly seed?: number;
  /** Settings of the agent. */
  readonly agent?: Readonly<Record<string, unknown>>;
}

/** One agent's servers. */
export interface AgentParts {
  readonly stt: Part;
  readonly llm: ChatStandIn;
  readonly tts: VoicePart;
}

/** The whole gateway, and for every agent a cascade of servers of its own. */
export interface CascadeStage {
  readonly gateway: TestGateway;
  readonly parts: Readonly<Record<string, AgentParts>>;
  close(): Promise<void>;
}

/** What the servers wait, log-normal. */
export interface PartDelays {
  readonly sttMs: DelaySpread;
  readonly firstTokenMs: DelaySpread;
  readonly tokenMs: DelaySpread;
  readonly firstAudioMs: DelaySpread;
  /** Synthesis is this much faster than speech. */
  readonly realTimeFactor: number;
}

/** Delays such as vendors publish for their own. */
const usualDelays: PartDelays = {
  sttMs: { p50: 120, p95: 250 },
  firstTokenMs: { p50: 250, p95: 450 },
  tokenMs: { p50: 12, p95: 30 },
  firstAudioMs: { p50: 130, p95: 260 },
  realTimeFactor: 10,
};

export interface CascadeStageOptions {
  readonly log?: Logger;
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** Starts the servers and the gateway, whose configuration is the text of a parley.yaml. */
export async function openCascadeStage(
  agents: Readonly<Record<string, CascadeAgent>>,
  { log, tls }: CascadeStageOptions = {},
): Promise<CascadeStage> {
  const parts: Record<string, AgentParts> = {};
  const close = async (): Promise<void> => {
    const all = Object.values(parts).flatMap((one) => [one.stt, one.llm, one.tts]);
    await Promise.all(all.map((part) => part.close()));
  };
  try {
    for (const [name, agent] of Object.entries(agents)) parts[name] = await startParts(agent);
    const gateway = await startGateway({
      config: yamlOf(agents, parts),
      ...(log === undefined ? {} : { log }),
      ...(tls === undefined ? {} : { tls }),
    });
    return {
      gateway,
      parts,
      close: async () => {
        await gateway.close();
        await close();
      },
    };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

async function startParts(agent: CascadeAgent): Promise<AgentParts> {
  const { answer = scripted, said, seed = 1, speak = speakRecorded } = agent;
  const { firstAudioMs, firstTokenMs, realTimeFactor, sttMs, tokenMs } = {
    ...usualDelays,
    ...agent.delays,
  };
  const apiKey = partsKey;
  const listener = stt[agent.stt]({
    apiKey,
    seed,
    script: { kind: 'told', utterances: said.map(utteranceOf) },
    delayMs: sttMs,
  });
  const model = startChatStandIn({ apiKey, seed, answer, firstTokenMs, tokenMs });
  const speaker = tts[agent.tts]({ apiKey, seed, firstAudioMs, realTimeFactor, speak });
  return { stt: await listener, llm: await model, tts: await speaker };
}

function utteranceOf(said: FixtureName | Said): { text: string; durationMs: number } {
  const { clip, text } = typeof said === 'string' ? { clip: said, text: fixture(said).text } : said;
  // The clips have 150 ms of silence at either end.
  return { text, durationMs: fixture(clip).samples.length / (speechRateHz / 1000) - 300 };
}

function yamlOf(
  agents: Readonly<Record<string, CascadeAgent>>,
  parts: Readonly<Record<string, AgentParts>>,
): string {
  const backends = Object.entries(agents).map(([name, agent]) => {
    const { llm, stt: listener, tts: speaker } = parts[name]!;
    const at = agent.tts === 'speech' ? 'baseUrl' : 'url';
    const settings = Object.entries(agent.settings ?? {}).map(
      ([key, value]) => `    ${key}: ${JSON.stringify(value)}\n`,
    );
    return (
      `  ${name}:\n    type: cascade\n` +
      `    stt: ${flow({ ...sttConfig[agent.stt], url: listener.url })}\n` +
      `    llm: ${flow({ type: 'openai-compatible', baseUrl: llm.url, model: 'stand-in' })}\n` +
      `    tts: ${flow({ ...ttsConfig[agent.tts], [at]: speaker.url })}\n${settings.join('')}`
    );
  });
  const named = Object.entries(agents).map(
    ([name, { agent = {} }]) => `  ${name}: ${flow({ backends: [name], ...agent })}\n`,
  );
  return `backends:\n${backends.join('')}agents:\n${named.join('')}`;
}

/** A mapping in one line; JSON is YAML. */
function flow(entries: Readonly<Record<string, unknown>>): string {
  const isPart = 'type' in entries;
  return JSON.stringify(isPart ? { ...entries, apiKeyEnv: partsKeyEnv } : entries);
}

async function recogniser(starting: ReturnType<typeof startDeepgramStandIn>): Promise<Part> {
  const server = await starting;
  return {
    url: server.url,
    violations: () => server.stats.violations,
    working: () => server.open,
    sockets: () => server.open,
    close: () => server.close(),
  };
}

async function voice(starting: ReturnType<typeof startCartesiaStandIn>): Promise<VoicePart> {
  const { close, stats, url } = await starting;
  return {
    url,
    violations: () => stats.violations,
    working: () => stats.working,
    sockets: () => stats.connections,
    works: () => contextsOf(stats),
    close,
  };
}

/** Contexts by the messages that name them; those of Deepgram's voices have no names. */
function contextsOf({ messages, messagesAtMs }: VoiceStandInStats): readonly VoiceWork[] {
  const works = new Map<unknown, VoiceWork>();
  for (const [i, message] of messages.entries()) {
    const { context_id: id } = message;
    const atMs = messagesAtMs[i]!;
    const work = works.get(id);
    const isStop = message['cancel'] === true || message['close_context'] === true;
    if (work === undefined) works.set(id, { startedAtMs: atMs, stoppedAtMs: null });
    else if (isStop) works.set(id, { ...work, stoppedAtMs: atMs });
  }
  return [...works.values()];
}

async function speechVoice({
  apiKey,
  firstAudioMs,
  realTimeFactor,
  seed,
  speak,
}: VoiceSettings): Promise<VoicePart> {
  const server = await startSpeechStandIn({
    apiKey,
    firstByteMs: firstAudioMs,
    realTimeFactor,
    seed,
    speak,
  });
  return {
    url: server.url,
    violations: () => [],
    working: () => server.active,
    sockets: () => server.connections,
    works: () =>
      server.requests.map(({ atMs, closedAtMs }) => ({
        startedAtMs: atMs,
        stoppedAtMs: closedAtMs,
      })),
    close: () => server.close(),
  };
}

/** Two answers, one after a tool where there is one, and a word beside the conversation. */
const scripted: ChatRule = ({ messages, tools }) => {
  const last = messages.at(-1);
  if (messages[0]?.content.includes('topic') === true) return { text: answers.outOfBand };
  if (last?.role === 'tool') return { text: answers.afterTool };
  if (tools.includes('count_tables')) {
    return { calls: [{ name: 'count_tables', arguments: '{"seats":2}' }] };
  }
  const answered = messages.some(({ role }) => role === 'assistant');
  return { text: answered ? answers.short : answers.long };
};

const recordings = new Map<string, FixtureName>([
  [answers.long, 'museum'],
  [answers.short, 'cake'],
  [answers.afterTool, 'booking'],
]);

function speakRecorded(text: string, rateHz: number): Uint8Array {
  const name = recordings.get(text.trim());
  if (name === undefined || rateHz !== speechRateHz) return speakTones(text, rateHz);
  return encodePcm16(fixture(name).samples);
}
