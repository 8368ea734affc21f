import { fixturePath, type FixtureName } from '../../test/ear/speech.ts';
import { startChatStandIn } from '../../test/upstream/llm/chat-server.ts';
import { startCartesiaStandIn } from '../../test/upstream/tts/cartesia.ts';
import type { InjectedDelay } from './shares.ts';

/** Name of the agent that is a cascade of stand-ins. */
export const cascadeAgent = 'cascade';

/** What the stand-ins wait on every turn, the same each time: so it is known what each turn was given. */
export const cascadeDelaysMs = { firstToken: 150, firstSynthesis: 100 } as const;

/** A cascade whose model and voice are servers of the bench's own process. */
export interface CascadeParts {
  /** Its backend, for a configuration. */
  readonly backend: unknown;
  readonly injected: InjectedDelay;
  end(): Promise<void>;
}

/**
 * Starts them. The recogniser knows the clips again, in the gateway itself, and speculation is off:
 * nothing of the delays lies in the time before the decision.
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
  return {
    backend: {
      type: 'cascade',
      stt: {
        type: 'heard-before',
        recordings: clips.map((name) => ({ file: fixturePath(name), text: name })),
      },
      llm: { type: 'openai-compatible', baseUrl: model.url, model: 'stand-in' },
      tts: { type: 'cartesia', url: voice.url },
      speculation: false,
    },
    injected: () => firstToken + firstSynthesis,
    end: async () => {
      await Promise.all([model.close(), voice.close()]);
    },
  };
}
