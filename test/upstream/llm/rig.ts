import {
  openAiCompatibleLlm,
  openAiCompatibleLlmOptions,
} from '../../../adapters/speech/llm/openai-compatible/index.ts';
import type { SpeechSurroundings } from '../../../adapters/shared/surroundings.ts';
import { CallError } from '../../../src/ports/errors.ts';
import type {
  LanguageModelPort,
  ModelEvent,
  ModelRequest,
} from '../../../src/ports/language-model.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import { passTime } from '../pass-time.ts';
import { startChatStandIn, type ChatStandIn } from './chat-server.ts';
import type { ChatStandInOptions } from './options.ts';

/** Must be found in no message, log or figure. */
export const rigKey = 'sk-rig-key_0123456789+/=';

export function surroundingsOn(clock: ManualClock): SpeechSurroundings {
  return {
    clock,
    env: { RIG_KEY: rigKey },
    readText: (path) => Promise.reject(new Error(`no file is to be read here: ${path}`)),
    resolvePath: (path) => path,
    pulledModel: () => null,
  };
}

export function asking(text: string, more: Partial<ModelRequest> = {}): ModelRequest {
  return {
    callId: 'call_1',
    messages: [{ role: 'user', text }],
    tools: [],
    toolChoice: { mode: 'auto' },
    maxOutputTokens: null,
    ...more,
  };
}

/** What became of an answer. */
export interface Written {
  readonly events: readonly ModelEvent[];
  readonly text: string;
  readonly error: CallError | null;
}

/** The adapter for chat completions and a stand-in of its own, on one manual clock. */
export class ChatRig {
  readonly clock: ManualClock;
  readonly pass: (ms: number) => Promise<void>;
  readonly server: ChatStandIn;
  readonly port: LanguageModelPort;

  private constructor(server: ChatStandIn, clock: ManualClock, options: object) {
    this.server = server;
    this.clock = clock;
    this.pass = passTime(clock);
    const parsed = openAiCompatibleLlmOptions.parse({
      baseUrl: server.url,
      model: 'stand-in',
      apiKeyEnv: 'RIG_KEY',
      ...options,
    });
    this.port = openAiCompatibleLlm(parsed, surroundingsOn(clock));
  }

  /** @param model options of the model that differ */
  static async start(options: ChatStandInOptions = {}, model: object = {}): Promise<ChatRig> {
    const clock = new ManualClock();
    const server = await startChatStandIn({ clock, apiKey: rigKey, ...options });
    return new ChatRig(server, clock, model);
  }

  /** Lets time pass until the answer is over. */
  async write(request: ModelRequest, signal = new AbortController().signal): Promise<Written> {
    const events: ModelEvent[] = [];
    let error: CallError | null = null;
    const ended = new AbortController();
    const read = async (): Promise<void> => {
      try {
        for await (const event of this.port.write(request, signal)) events.push(event);
      } catch (thrown) {
        if (!(thrown instanceof CallError)) throw thrown;
        error = thrown;
      } finally {
        ended.abort();
      }
    };
    const reading = read();
    for (let step = 0; step < 3000 && !ended.signal.aborted; step += 1) await this.pass(20);
    await reading;
    const text = events.map((event) => (event.type === 'text' ? event.delta : '')).join('');
    return { events, text, error };
  }

  async close(): Promise<void> {
    await this.port.close();
    await this.server.close();
  }
}
