import { fixture, speechRateHz, type FixtureName } from '../../ear/speech.ts';
import { startGeminiStandIn } from '../../upstream/gemini/server.ts';
import { startChatStandIn } from '../../upstream/llm/chat-server.ts';
import type { ChatRule } from '../../upstream/llm/options.ts';
import { writePorterPackage } from '../../upstream/onnx/package.ts';
import { startStandIn as startOpenAi } from '../../upstream/openai-realtime-server.ts';
import { startDeepgramStandIn } from '../../upstream/stt/deepgram-server.ts';
import { startCartesiaStandIn } from '../../upstream/tts/cartesia.ts';
import type { Scenario } from './scenarios.ts';

/** Backends that the scenarios are played on. */
export const backendKinds = [
  'rehearsal',
  'openai-realtime',
  'gemini-live',
  'gemini-live-asynchronous',
  'cascade',
  'onnx',
] as const;
export type BackendKind = (typeof backendKinds)[number];

/** A stand-in that plays one scenario, and the backend that leads to it. */
export interface ScriptedStandIn {
  readonly backend: object;
  /** Rules of the vendor's protocol that were broken. */
  readonly violations: () => readonly string[];
  readonly close: () => Promise<void>;
}

/** Name of the variable that holds the stand-ins' key. */
export const keyVariable = 'TOOL_STAGE_KEY';
export const standInKey = 'sk-tool-stage-secret';

/** How long they take to their first audio; log-normal. */
const firstAudioMs = { p50: 200, p95: 300 };
const afterwards = 'You are welcome.';

export const startStandIn: Readonly<
  Record<BackendKind, (scenario: Scenario) => Promise<ScriptedStandIn>>
> = {
  rehearsal,
  'openai-realtime': openAi,
  'gemini-live': (scenario) => gemini(scenario, 'blocking'),
  'gemini-live-asynchronous': (scenario) => gemini(scenario, 'asynchronous'),
  cascade,
  onnx,
};

/**
 * Scenarios that a backend cannot play. A model without turns answers by itself: the client of `twice`
 * asks for the answer, and is refused.
 */
export function plays(kind: BackendKind, { name }: Scenario): boolean {
  return kind !== 'onnx' || name !== 'twice';
}

/**
 * What waits for its functions is told at once that this one runs, and speaks of that itself. A model
 * without turns says by itself that it waits.
 */
export function speaksMeanwhile(kind: BackendKind, scenario: Scenario): boolean {
  if (kind === 'onnx') return true;
  return kind === 'gemini-live' && scenario.name === 'asynchronous';
}

function rehearsal({ asks, then }: Scenario): Promise<ScriptedStandIn> {
  const turns = [{ tool: asks, then: { text: then } }, { text: afterwards }];
  return Promise.resolve({
    backend: {
      type: 'rehearsal',
      firstAudioMs,
      script: { turns, fallback: { text: afterwards } },
    },
    violations: () => [],
    close: () => Promise.resolve(),
  });
}

/** Whatever is said beside the answer takes its turn in the script as well. */
async function openAi({ asks, asides = [], then }: Scenario): Promise<ScriptedStandIn> {
  const tool = { name: asks.name, arguments: JSON.stringify(asks.arguments) };
  const texts = [...asides, then, afterwards].map((text) => ({ text }));
  const apiKey = standInKey;
  const server = await startOpenAi({
    apiKey,
    seed: 3,
    firstAudioMs,
    answers: [{ tool }, ...texts],
  });
  return {
    backend: {
      type: 'openai-realtime',
      model: 'gpt-realtime-2.1',
      apiKeyEnv: keyVariable,
      url: server.url,
    },
    violations: () => [],
    close: () => server.close(),
  };
}

/** The same. */
async function gemini(
  { asks, asides = [], then }: Scenario,
  behavior: 'blocking' | 'asynchronous',
): Promise<ScriptedStandIn> {
  const tools = [{ name: asks.name, args: asks.arguments }];
  const texts = [...asides, then, afterwards].map((text) => ({ text }));
  const apiKey = standInKey;
  const answers = [{ tools }, ...texts];
  const server = await startGeminiStandIn({ apiKey, seed: 3, firstAudioMs, answers });
  return {
    backend: {
      type: 'gemini-live',
      apiKeyEnv: keyVariable,
      url: server.origin,
      tools: behavior,
    },
    violations: () =>
      server.sessions.flatMap(({ oddities, closedWith }) => [
        ...oddities,
        ...(closedWith === null ? [] : [`closed with ${closedWith.code} ${closedWith.reason}`]),
      ]),
    close: () => server.close(),
  };
}

/** It knows its words and its tool by heart; what the agent declares to be said it cannot say. */
async function onnx({ asks, asides = [], then }: Scenario): Promise<ScriptedStandIn> {
  const [moment = 'One moment.', still = 'Still looking.'] = asides;
  const model = await writePorterPackage({ asks, says: [moment, still, then, afterwards] });
  return {
    backend: { type: 'onnx', package: model.folder },
    violations: () => [],
    close: () => model.remove(),
  };
}

/** Its asides are said as they are by its voice; the model is asked for none of them. */
async function cascade({ asks, then }: Scenario): Promise<ScriptedStandIn> {
  const apiKey = standInKey;
  const script = { kind: 'told', utterances: [spoken('table'), spoken('wait')] } as const;
  const delayMs = { p50: 120, p95: 200 };
  const [stt, llm, tts] = await Promise.all([
    startDeepgramStandIn({ apiKey, seed: 3, script, delayMs }),
    startChatStandIn({
      apiKey,
      seed: 3,
      answer: chatRule(asks, then),
      firstTokenMs: { p50: 120, p95: 200 },
      tokenMs: { p50: 8, p95: 15 },
    }),
    startCartesiaStandIn({ apiKey, seed: 3, firstAudioMs: { p50: 80, p95: 120 } }),
  ]);
  const key = { apiKeyEnv: keyVariable };
  return {
    backend: {
      type: 'cascade',
      stt: { type: 'deepgram', model: 'flux-general-en', url: stt.url, ...key },
      llm: { type: 'openai-compatible', baseUrl: llm.url, model: 'stand-in', ...key },
      tts: { type: 'cartesia', url: tts.url, ...key },
    },
    violations: () => [...stt.stats.violations, ...tts.stats.violations],
    close: async () => {
      await Promise.all([stt.close(), llm.close(), tts.close()]);
    },
  };
}

/** Asks for the tool once, and says what follows when it was told what came of it. */
function chatRule({ name, arguments: given }: Scenario['asks'], then: string): ChatRule {
  return ({ messages, tools }) => {
    const answeredAt = messages.findIndex(({ role }) => role === 'tool');
    const hasAsked = messages.some(({ tool_calls: calls = [] }) => calls.length > 0);
    if (!hasAsked && tools.includes(name)) {
      return { calls: [{ name, arguments: JSON.stringify(given) }] };
    }
    const hasSaid = messages.some(
      ({ role, content }, place) =>
        role === 'assistant' && place > answeredAt && content.includes(then),
    );
    return { text: hasSaid ? afterwards : then };
  };
}

function spoken(name: FixtureName): { text: string; durationMs: number } {
  const { text, samples } = fixture(name);
  // The clips have 150 ms of silence at either end.
  return { text, durationMs: samples.length / (speechRateHz / 1000) - 300 };
}
