import { geminiLiveBackend, geminiLiveOptions } from '../../adapters/backends/gemini-live/index.ts';
import { openAiLiveBackend, openAiLiveOptions } from '../../adapters/backends/openai-live/index.ts';
import { hydraBackend, hydraOptions } from '../../adapters/backends/hydra/index.ts';
import {
  openAiRealtimeBackend,
  openAiRealtimeOptions,
} from '../../adapters/backends/openai-realtime/index.ts';
import type { WireRecorder } from '../../adapters/shared/wire-record.ts';
import { ChunkTimeline } from '../../src/audio/chunk.ts';
import { msToSamples } from '../../src/audio/format.ts';
import type { BackendContext, BackendPort } from '../../src/ports/backend.ts';
import type { Clock } from '../../src/time/clock.ts';
import type { SessionProbe } from '../contract/session-probe.ts';
import { startGeminiStandIn } from '../upstream/gemini/server.ts';
import { startHydraStandIn } from '../upstream/hydra/server.ts';
import { startLiveStandIn } from '../upstream/live/server.ts';
import { startStandIn } from '../upstream/openai-realtime-server.ts';
import type { SkinName } from '../upstream/dialect-skins.ts';

/** A stand-in that runs. */
interface Upstream {
  readonly origin: string;
  close(): Promise<void>;
}

/** A call that is recorded against a stand-in and played again from the recording. */
export interface Scenario {
  /** Of its files in `test/fixtures/wires`. */
  readonly name: string;
  readonly type: string;
  /** Events that its golden file must hold; those of a backend with turns unless said otherwise. */
  readonly tells?: readonly string[];
  readonly start: (clock: Clock) => Promise<Upstream>;
  readonly backend: (origin: string, recorder: WireRecorder | null) => BackendPort;
}

/** A key that must not be in any recording. */
export const scenarioKey = 'AIzaSyScenarioKey-0123456789';
const secrets = {
  env: { SCENARIO_KEY: scenarioKey },
  readText: () => Promise.reject(new Error('no file is to be read here')),
};

/** The tool that the agent may call, and what it answers. */
const tool = { name: 'find_room', description: 'Finds a free room.', parameters: null };
const toolOutput = '{"room":12}';

/** A dialect of the OpenAI Realtime protocol. */
function openAi(dialect: 'openai' | 'azure-voice-live', skin: SkinName): Scenario {
  return {
    name: `openai-realtime-${dialect}`,
    type: 'openai-realtime',
    start: async (clock) => {
      const server = await startStandIn({
        clock,
        skin,
        realTimeFactor: 1,
        answers: [
          { text: 'Good evening.' },
          { tool: { name: tool.name, arguments: '{"nights":2}' } },
          { text: 'Room twelve is free for the two nights you asked for.' },
        ],
      });
      return { origin: new URL(server.url).origin, close: () => server.close() };
    },
    backend: (origin, recorder) => {
      const url = `${origin}/v1/realtime`;
      const options = { model: 'gpt-realtime-2.1', url, dialect, apiKeyEnv: 'SCENARIO_KEY' };
      return openAiRealtimeBackend('openai', openAiRealtimeOptions.parse(options), {
        ...secrets,
        recorder,
      });
    },
  };
}

export const scenarios: readonly Scenario[] = [
  openAi('openai', 'ga'),
  openAi('azure-voice-live', 'voice-live'),
  {
    name: 'gemini-live',
    type: 'gemini-live',
    start: (clock) =>
      startGeminiStandIn({
        clock,
        voiceActivity: true,
        answers: [
          { text: 'Good evening.' },
          { tools: [{ name: tool.name, args: { nights: 2 } }] },
          { text: 'Room twelve is free for the two nights you asked for.' },
        ],
      }),
    backend: (origin, recorder) =>
      geminiLiveBackend(
        'gemini',
        geminiLiveOptions.parse({ url: origin, apiKeyEnv: 'SCENARIO_KEY' }),
        { ...secrets, recorder, chance: () => 0.5 },
      ),
  },
  {
    name: 'openai-live',
    type: 'openai-live',
    tells: ['stream.frame', 'caller.words', 'tool.called', 'line.done'],
    start: async (clock: Clock): Promise<Upstream> => {
      const server = await startLiveStandIn({
        clock,
        answers: [
          { text: 'Good evening.' },
          {
            delegate: true,
            calls: [{ name: tool.name, arguments: '{"nights":2}' }],
            then: { text: 'Room twelve is free for the two nights you asked for.' },
          },
        ],
      });
      return { origin: new URL(server.url).origin, close: () => server.close() };
    },
    backend: (origin, recorder) =>
      openAiLiveBackend(
        'live',
        openAiLiveOptions.parse({
          url: `${origin}/v1/live/sessions`,
          apiKeyEnv: 'SCENARIO_KEY',
          delegation: { type: 'responses', model: 'gpt-5' },
        }),
        { ...secrets, recorder, chance: () => 0.5 },
      ),
  },
  {
    name: 'hydra',
    type: 'hydra',
    start: async (clock: Clock): Promise<Upstream> => {
      const server = await startHydraStandIn({
        clock,
        realTimeFactor: 1,
        answers: [
          { words: 3 },
          { tools: [{ name: tool.name, arguments: '{"nights":2}' }] },
          { words: 12 },
        ],
      });
      return { origin: new URL(server.url).origin, close: () => server.close() };
    },
    backend: (origin, recorder) =>
      hydraBackend(
        'hydra',
        hydraOptions.parse({ url: `${origin}/waves/v1/s2s`, apiKeyEnv: 'SCENARIO_KEY' }),
        { ...secrets, recorder },
      ),
  },
];

/** How the call differs from what a backend prefers. */
export function scenarioContext(context: BackendContext): BackendContext {
  return {
    ...context,
    authority: 'backend',
    settings: {
      ...context.settings,
      tools: [tool],
      turnDetection: {
        kind: 'server_vad',
        threshold: 0.5,
        prefixPaddingMs: 300,
        silenceDurationMs: 500,
        createResponse: true,
        interruptResponse: true,
        idleTimeoutMs: null,
      },
    },
  };
}

/** The caller: two turns, the second answered by a tool, and a third over the agent's answer. */
export async function talk(probe: SessionProbe, { inputFormat }: BackendContext): Promise<void> {
  const timeline = new ChunkTimeline(inputFormat);
  let nowMs = 0;
  let answered = 0;
  const say = async (ms: number, amplitude: number): Promise<void> => {
    for (let passedMs = 0; passedMs < ms; passedMs += 20) {
      await probe.wait(20);
      nowMs += 20;
      const samples = msToSamples(20, inputFormat.rateHz);
      const tone = Int16Array.from({ length: samples }, (_, i) => amplitude * Math.sin(i / 3));
      const chunk = timeline.append(new Uint8Array(tone.buffer), nowMs);
      probe.session.send({ type: 'audio', chunk });
      answered = answerTools(probe, answered);
    }
  };
  await say(200, 0);
  await say(400, 8000);
  await say(4000, 0);
  await say(400, 8000);
  await say(2000, 0);
  await say(400, 8000);
  await say(3000, 0);
}

/** @returns how many calls have an answer now */
function answerTools(probe: SessionProbe, answered: number): number {
  const calls = probe.events.filter((event) => event.type === 'tool.called');
  for (const { toolCallId } of calls.slice(answered)) {
    const item = {
      kind: 'tool_output',
      itemId: `item_of_${toolCallId}`,
      status: 'completed',
      toolCallId,
      output: toolOutput,
    } as const;
    probe.session.send({ type: 'item.add', item, afterItemId: undefined });
    probe.respond(`line_of_${toolCallId}`);
  }
  return calls.length;
}
