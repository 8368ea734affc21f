import { get } from 'node:https';
import { json } from 'node:stream/consumers';
import { vi } from 'vitest';
import { speakCounted, wordOf } from './counted-voice.ts';
import { prepareResampler } from '../../src/audio/resampler.ts';
import { startCartesiaStandIn } from '../upstream/tts/cartesia.ts';
import { startChatStandIn } from '../upstream/llm/chat-server.ts';
import { startDeepgramStandIn } from '../upstream/stt/deepgram-server.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { startGeminiStandIn, type GeminiStandIn } from '../upstream/gemini/server.ts';
import { startStandIn, type StandIn } from '../upstream/openai-realtime-server.ts';
import { throwAwayCertificate } from './stage.ts';
import type { ChatRule } from '../upstream/llm/options.ts';

const pair = { firstAudioMs: { p50: 150, p95: 250 }, callerText: 'counted' } as const;
const keyName = 'HANDOVER_KEY';

interface PairOptions {
  /** Words of an answer (a count). */
  readonly words: number;
  /** What the agents' `handover` is; absent: as usual. */
  readonly manner?: object;
}

/**
 * A gateway with agents of two backends each, over stand-ins that count: `forth` goes from openai to
 * gemini, `back` the other way round, `down` from openai to a cascade.
 */
export class HandoverPair {
  readonly gateway: TestGateway;
  /** To be trusted, PEM. */
  readonly certificate: string;
  readonly #openai: StandIn;
  readonly #gemini: GeminiStandIn;
  readonly #close: () => Promise<void>;

  private constructor(parts: {
    readonly gateway: TestGateway;
    readonly certificate: string;
    readonly openai: StandIn;
    readonly gemini: GeminiStandIn;
    readonly close: () => Promise<void>;
  }) {
    this.gateway = parts.gateway;
    this.certificate = parts.certificate;
    this.#openai = parts.openai;
    this.#gemini = parts.gemini;
    this.#close = parts.close;
  }

  static async start({ words, manner }: PairOptions): Promise<HandoverPair> {
    await prepareResampler();
    vi.stubEnv(keyName, 'sk-handover-secret');
    const certificate = await throwAwayCertificate();
    const counting = { ...pair, answers: [{ count: words }], realTimeFactor: 2 };
    const [openai, gemini, ...parts] = await Promise.all([
      startStandIn(counting),
      startGeminiStandIn(counting),
      startDeepgramStandIn({ apiKey: null }),
      startChatStandIn({ answer: countOn(words) }),
      startCartesiaStandIn({ speak: speakCounted }),
    ]);
    const [stt, llm, tts] = parts;
    const apiKeyEnv = keyName;
    const handover = manner === undefined ? {} : { handover: manner };
    const gateway = await startGateway({
      tls: certificate,
      config: JSON.stringify({
        backends: {
          openai: {
            type: 'openai-realtime',
            model: 'gpt-realtime-2.1',
            url: openai.url,
            apiKeyEnv,
          },
          gemini: { type: 'gemini-live', url: gemini.origin, apiKeyEnv },
          cascade: {
            type: 'cascade',
            stt: { type: 'deepgram', model: 'nova-3', url: stt.url, apiKeyEnv },
            llm: { type: 'openai-compatible', model: 'm', baseUrl: llm.url, apiKeyEnv },
            tts: { type: 'cartesia', url: tts.url, apiKeyEnv },
          },
        },
        agents: {
          forth: { backends: ['openai', 'gemini'], ...handover },
          back: { backends: ['gemini', 'openai'], ...handover },
          down: { backends: ['openai', 'cascade'], ...handover },
        },
      }),
    });
    const close = async (): Promise<void> => {
      await gateway.close();
      await Promise.all([openai, gemini, ...parts].map((server) => server.close()));
      vi.unstubAllEnvs();
    };
    return new HandoverPair({ gateway, certificate: certificate.cert, openai, gemini, close });
  }

  /** Ends the newest connection of an upstream in a way that its backend does not get over. */
  kill(backend: 'openai' | 'gemini'): void {
    if (backend === 'openai') this.#openai.sessions.at(-1)!.close(1011, 'internal error');
    else this.#gemini.sessions.at(-1)!.close(1008, 'policy');
  }

  /** What the gateway says at a path of its HTTP side. */
  fetched(path: string): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    get(`${this.gateway.url}${path}`, { ca: this.certificate }, (response) => {
      json(response).then(resolve, reject);
    }).on('error', reject);
    return promise;
  }

  close(): Promise<void> {
    return this.#close();
  }
}

/** Counts on from the last number in its history, in words that its voice says as counted speech. */
function countOn(words: number): ChatRule {
  return ({ messages }) => {
    const said = messages.filter(({ role }) => role === 'assistant').map(({ content }) => content);
    const last = (said.join(' ').match(/\d+/g) ?? []).map(Number).at(-1) ?? 0;
    return { text: `${Array.from({ length: words }, (_, i) => wordOf(last + 1 + i)).join(' ')}.` };
  };
}
