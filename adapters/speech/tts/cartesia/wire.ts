import { CallError } from '../../../../src/ports/errors.ts';
import {
  parseObject,
  type SpeechSink,
  type VoiceWire,
  type WantedVoice,
  type WireHost,
  type WireSpeech,
} from '../shared/wire.ts';
import { serverMessage } from './messages.ts';
import type { CartesiaTtsOptions } from './options.ts';
import { CartesiaSpeech } from './speech.ts';

/** Utterances at once on one connection; the vendor's own limit goes with the account. */
export const contextLimit = 10;

/** Cartesia's protocol: contexts by id, words with their times. */
export class CartesiaWire implements VoiceWire {
  readonly worn = false;
  readonly #host: WireHost;
  readonly #options: CartesiaTtsOptions;
  readonly #contexts = new Map<string, CartesiaSpeech>();
  #count = 0;

  constructor(host: WireHost, options: CartesiaTtsOptions) {
    this.#host = host;
    this.#options = options;
  }

  get free(): boolean {
    return this.#contexts.size < contextLimit;
  }

  begin(wanted: WantedVoice, sink: SpeechSink): WireSpeech {
    const speech: CartesiaSpeech = new CartesiaSpeech({
      host: this.#host,
      sink,
      request: this.#request(wanted),
      emotions: this.#options.styles,
      openContext: () => {
        this.#count += 1;
        const id = `u${this.#count}`;
        this.#contexts.set(id, speech);
        return id;
      },
      closeContext: (id) => void this.#contexts.delete(id),
    });
    return speech;
  }

  hear(message: Buffer): void {
    const parsed = serverMessage.safeParse(parseObject(message));
    if (!parsed.success) {
      const path = parsed.error.issues[0]?.path.join('.') ?? '';
      throw new CallError('backend_protocol', `the voice sent a malformed message (${path})`);
    }
    const speech = this.#contexts.get(parsed.data.context_id ?? '');
    if (speech === undefined) this.#host.counters.staleMessages += 1;
    else {
      speech.hear(parsed.data);
      this.#host.freed();
    }
  }

  close(): void {
    for (const speech of this.#contexts.values()) speech.close();
    this.#contexts.clear();
  }

  #request({ language, rateHz, voice }: WantedVoice): object {
    const { model, speed } = this.#options;
    return {
      model_id: model,
      voice: { mode: 'id', id: voice },
      ...(language === null ? {} : { language: language.split('-')[0] }),
      output_format: { container: 'raw', encoding: 'pcm_s16le', sample_rate: rateHz },
      ...(speed === undefined ? {} : { generation_config: { speed } }),
      add_timestamps: true,
      // Pieces are clauses: nothing is gained by collecting several.
      max_buffer_delay_ms: 0,
    };
  }
}
