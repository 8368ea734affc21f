import { fixturePath, type FixtureName } from '../../test/ear/speech.ts';
import { startChatStandIn } from '../../test/upstream/llm/chat-server.ts';
import { startCartesiaStandIn } from '../../test/upstream/tts/cartesia.ts';
import type { InjectedDelay } from './shares.ts';
import type { SpokenTurn } from './spoken-turn.ts';

/** The agents that are cascades of stand-ins: one answers when a turn is decided, one begins before. */
export const cascadeAgents = { waiting: 'cascade', speculating: 'cascade-speculating' } as const;

/** What the stand-ins wait on every turn, the same each time: so it is known what each turn was given. */
export const cascadeDelaysMs = { firstToken: 250, firstSynthesis: 100 } as const;

/** Cascades whose model and voice are servers of the bench's own process. */
export interface CascadeParts {
  /** Their backends, for a configuration, by agent. */
  readonly backends: Readonly<Record<string, unknown>>;
  readonly injected: InjectedDelay;
  end(): Promise<void>;
}

/**
 * Starts the servers. The recogniser knows the clips again, in the gateway itself.
 *
 * @param clips what callers say
 */
export async function startCascadeParts(clips: readonly FixtureName[]): Promise<CascadeParts> {
  const { firstToken, firstSynthesis } = cascadeDelaysMs;
  const model = await startChatStandIn({
    firstTokenMs: { p50: firstToken, p95: firstToken },
    tokenMs: 0,
    answer: () => ({ text: 'Yes, of course.' }),
  });
  const voice = await startCartesiaStandIn({
    firstAudioMs: { p50: firstSynthesis, p95: firstSynthesis },
  });
  const backend = {
    type: 'cascade',
    stt: {
      type: 'heard-before',
      recordings: clips.map((name) => ({ file: fixturePath(name), text: name })),
    },
    llm: { type: 'openai-compatible', baseUrl: model.url, model: 'stand-in' },
    tts: { type: 'cartesia', url: voice.url },
  };
  return {
    backends: {
      [cascadeAgents.waiting]: { ...backend, speculation: false },
      [cascadeAgents.speculating]: { ...backend, speculation: true },
    },
    injected: (turn) => Math.max(0, firstToken + firstSynthesis - leadMs(turn)),
    end: async () => {
      await Promise.all([model.close(), voice.close()]);
    },
  };
}

/** How long before the decision the answer had begun that was heard, ms; 0 where it had not. */
export function leadMs({ stages }: SpokenTurn): number {
  return stages?.aheadMs.transcript ?? 0;
}
