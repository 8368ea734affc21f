import { speakCounted, wordOf } from '../../test/conformance/counted-voice.ts';
import { startCartesiaStandIn } from '../../test/upstream/tts/cartesia.ts';
import { startChatStandIn } from '../../test/upstream/llm/chat-server.ts';
import { startDeepgramStandIn } from '../../test/upstream/stt/deepgram-server.ts';
import { startGeminiStandIn } from '../../test/upstream/gemini/server.ts';
import { startHttpStandIn, readJson, sendJson } from '../../test/upstream/llm/http-stand-in.ts';
import { startStandIn } from '../../test/upstream/openai-realtime-server.ts';
import { systemClock } from '../../src/time/clock.ts';
import { Cable } from './cable.ts';
import type { Turns } from './caller-speech.ts';
import { kinds, orders, type Death, type Kind } from './kinds.ts';
import { live } from './live-upstream.ts';
import { firstAudioMs, keyName, type Upstream } from './upstream.ts';
import { nextToSay, shortTalk, toolName, type Talk } from './script.ts';
import type { ChatQuestion } from '../../test/upstream/llm/options.ts';
import type { SaidNext, SaidTurn, SayRule } from '../../test/upstream/said.ts';

/** When a model was asked for an answer. */
interface Asked {
  readonly kind: Kind;
  readonly atMs: number;
}

/** How long a tool takes, ms. */
export const toolMs = 500;

/** One caller's own upstreams, so that one call's death is no other's. */
export class Desk {
  readonly name: string;
  readonly #upstreams: ReadonlyMap<Kind, Upstream>;
  readonly #tool: { readonly origin: string; close(): Promise<void> };
  readonly #talk: Talk;
  /** The model is to call a tool before it answers. */
  wantsTool = false;
  asked: Asked[] = [];
  /** Times at which the tool was run, since the last {@link mend}. */
  toolRuns: number[] = [];
  #onTool: (() => void) | null = null;

  private constructor(
    name: string,
    upstreams: ReadonlyMap<Kind, Upstream>,
    tool: { readonly origin: string; close(): Promise<void> },
    talk: Talk,
  ) {
    this.name = name;
    this.#upstreams = upstreams;
    this.#tool = tool;
    this.#talk = talk;
  }

  static async open(
    name: string,
    { talk = shortTalk, of = kinds }: { readonly talk?: Talk; readonly of?: readonly Kind[] } = {},
  ): Promise<Desk> {
    const opened: { desk: Desk | null } = { desk: null };
    const rule =
      (kind: Kind) =>
      (history: readonly SaidTurn[]): SaidNext =>
        opened.desk!.#say(kind, history);
    const upstreams = new Map<Kind, Upstream>();
    for (const kind of of) upstreams.set(kind, await upstreamOf[kind](rule(kind)));
    const tool = await startHttpStandIn(async (request, response) => {
      await readJson(request).catch(() => null);
      opened.desk!.#toolRan();
      await new Promise<void>((resolve) =>
        systemClock.timerAt(systemClock.nowMs() + toolMs, resolve),
      );
      sendJson(response, 200, { free: 7 });
    });
    opened.desk = new Desk(name, upstreams, tool, talk);
    return opened.desk;
  }

  /** With a model without turns behind it nobody ends them by hand. */
  get turns(): Turns {
    return this.#upstreams.has('live') ? 'heard' : 'by hand';
  }

  /** For a configuration, by name. */
  get backends(): Readonly<Record<string, unknown>> {
    return Object.fromEntries(
      [...this.#upstreams].map(([kind, { backend }]) => [`${this.name}-${kind}`, backend]),
    );
  }

  /** One for each order of the backends. */
  get agents(): Readonly<Record<string, unknown>> {
    const agents = orders([...this.#upstreams.keys()]).map((order) => [
      this.agentOf(order),
      {
        instructions: 'Say back what the caller has said.',
        backends: order.map((kind) => `${this.name}-${kind}`),
        turns: { fillers: false },
        tools: [
          {
            name: toolName,
            description: 'Looks something up.',
            parameters: { type: 'object', properties: { what: { type: 'string' } } },
            http: { url: `${this.#tool.origin}/look`, method: 'POST' },
            allowPrivateAddresses: true,
          },
        ],
      },
    ]);
    return Object.fromEntries(agents) as Readonly<Record<string, unknown>>;
  }

  agentOf(order: readonly Kind[]): string {
    return [this.name, ...order].join('-');
  }

  /** Resolves when the tool is next run. */
  untilTool(): Promise<void> {
    return new Promise((resolve) => (this.#onTool = resolve));
  }

  /** Whom the call is with, as far as is seen from here: who was asked last, else who is connected. */
  serving(order: readonly Kind[]): Kind | null {
    const used = order.filter((kind) => this.#upstreams.get(kind)!.cables.some(({ used }) => used));
    const asked = this.asked.at(-1)?.kind;
    return asked !== undefined && used.includes(asked) ? asked : (used[0] ?? null);
  }

  kill(kind: Kind, death: Death): void {
    const { cables, hangUp } = this.#upstreams.get(kind)!;
    if (death === 'close' && hangUp !== undefined) {
      for (const cable of cables) cable.shut();
      hangUp();
      return;
    }
    for (const cable of cables) {
      if (death === 'stall') cable.freeze();
      else cable.cut();
    }
  }

  /** It is there again; what was open is gone. */
  recover(kind: Kind): void {
    for (const cable of this.#upstreams.get(kind)!.cables) {
      cable.cut();
      cable.mend();
    }
  }

  /** All is there again, for the next call. */
  mend(): void {
    for (const kind of this.#upstreams.keys()) this.recover(kind);
    this.wantsTool = false;
    this.asked = [];
    this.toolRuns = [];
    this.#onTool = null;
  }

  async close(): Promise<void> {
    const upstreams = [...this.#upstreams.values()];
    await Promise.all(upstreams.flatMap(({ cables }) => cables.map((cable) => cable.close())));
    await Promise.all([...upstreams.map((upstream) => upstream.close()), this.#tool.close()]);
  }

  #say(kind: Kind, history: readonly SaidTurn[]): SaidNext {
    this.asked.push({ kind, atMs: systemClock.nowMs() });
    return nextToSay(history, this.wantsTool, this.#talk);
  }

  #toolRan(): void {
    this.toolRuns.push(systemClock.nowMs());
    this.#onTool?.();
    this.#onTool = null;
  }
}

async function openai(rule: SayRule): Promise<Upstream> {
  const standIn = await startStandIn({
    firstAudioMs,
    callerText: 'counted',
    realTimeFactor: 2,
    answers: [{ rule }],
  });
  const cable = await Cable.lay(standIn.port);
  return {
    backend: {
      type: 'openai-realtime',
      model: 'stand-in',
      url: `ws://127.0.0.1:${cable.port}/v1/realtime`,
      apiKeyEnv: keyName,
    },
    cables: [cable],
    hangUp: () => {
      for (const session of standIn.sessions) session.close(1011, 'internal error');
    },
    close: () => standIn.close(),
  };
}

async function gemini(rule: SayRule): Promise<Upstream> {
  const standIn = await startGeminiStandIn({
    firstAudioMs,
    callerText: 'counted',
    realTimeFactor: 2,
    answers: [{ rule }],
  });
  const cable = await Cable.lay(Number(new URL(standIn.origin).port));
  return {
    backend: {
      type: 'gemini-live',
      url: `ws://127.0.0.1:${cable.port}`,
      apiKeyEnv: keyName,
    },
    cables: [cable],
    hangUp: () => {
      for (const session of standIn.sessions) session.close(1008, 'policy');
    },
    close: () => standIn.close(),
  };
}

async function cascade(rule: SayRule): Promise<Upstream> {
  const ears = await startDeepgramStandIn({ apiKey: null });
  const model = await startChatStandIn({
    firstTokenMs: { p50: 80, p95: 120 },
    answer: (question) => {
      const next = rule(historyOf(question));
      return 'numbers' in next
        ? { text: `${next.numbers.map(wordOf).join(' ')}.` }
        : { calls: [next.tool] };
    },
  });
  const voice = await startCartesiaStandIn({
    speak: speakCounted,
    firstAudioMs: { p50: 80, p95: 120 },
    realTimeFactor: 2,
  });
  const cables = await Promise.all(
    [ears.origin, model.url, voice.origin].map((url) => Cable.lay(Number(new URL(url).port))),
  );
  const [toEars, toModel, toVoice] = cables as [Cable, Cable, Cable];
  return {
    backend: {
      type: 'cascade',
      stt: {
        type: 'deepgram',
        model: 'nova-3',
        url: `ws://127.0.0.1:${toEars.port}`,
        apiKeyEnv: keyName,
      },
      llm: {
        type: 'openai-compatible',
        model: 'm',
        baseUrl: `http://127.0.0.1:${toModel.port}/v1`,
        apiKeyEnv: keyName,
      },
      tts: {
        type: 'cartesia',
        url: `ws://127.0.0.1:${toVoice.port}/tts/websocket`,
        apiKeyEnv: keyName,
      },
    },
    cables,
    close: () => Promise.all([ears.close(), model.close(), voice.close()]),
  };
}

function historyOf({ messages }: ChatQuestion): readonly SaidTurn[] {
  return messages.flatMap(({ role, content, tool_calls: calls = [] }): readonly SaidTurn[] => {
    const called = calls.map(({ function: { name } }) => ({ role: 'tool', text: name }) as const);
    if (role === 'developer' || role === 'system') return [{ role: 'system', text: content }];
    return content === '' ? called : [{ role, text: content }, ...called];
  });
}

const upstreamOf: Readonly<Record<Kind, (rule: SayRule) => Promise<Upstream>>> = {
  openai,
  gemini,
  cascade,
  live,
};
