import { CallError } from '../../../../src/ports/errors.ts';
import { audioBytes } from '../../../shared/audio-text.ts';
import { withoutSecrets } from '../../../shared/secrets.ts';
import {
  parseObject,
  parted,
  type SpeechSink,
  type VoiceWire,
  type WantedVoice,
  type WireHost,
  type WireSpeech,
} from '../shared/wire.ts';
import { AlignedWords } from './aligned-words.ts';
import { serverMessage } from './messages.ts';
import type { ElevenLabsTtsOptions } from './options.ts';
import { taggedText } from './tagged-text.ts';

/** Contexts that may be open on one connection; one more and the server closes it with 1008. */
export const contextLimit = 5;

interface Context {
  readonly sink: SpeechSink;
  readonly words: AlignedWords;
}

/** ElevenLabs' multi-context protocol: one context for each utterance. */
export class ElevenLabsWire implements VoiceWire {
  readonly #host: WireHost;
  readonly #options: ElevenLabsTtsOptions;
  readonly #live = new Map<string, Context>();
  /** Contexts that were closed; they count until the server has said their last word. */
  readonly #closing = new Set<string>();
  #contexts = 0;

  constructor(host: WireHost, options: ElevenLabsTtsOptions) {
    this.#host = host;
    this.#options = options;
  }

  get free(): boolean {
    return this.#live.size + this.#closing.size < contextLimit;
  }

  /** It is full of contexts that the server takes its time to close. */
  get worn(): boolean {
    return !this.free && this.#closing.size > 0;
  }

  begin(_wanted: WantedVoice, sink: SpeechSink): WireSpeech {
    const { send } = this.#host;
    const { styles } = this.#options;
    this.#contexts += 1;
    const id = `u${this.#contexts}`;
    this.#live.set(id, { sink, words: new AlignedWords(Object.keys(styles).length > 0) });
    send({ text: ' ', context_id: id, ...this.#settings() });
    let isFlushed = true;
    return {
      unspoken: null,
      say: (piece) => {
        const text = parted(taggedText(piece, styles));
        if (text !== '') {
          isFlushed = piece.flush;
          send({ text, context_id: id, ...(piece.flush ? { flush: true } : {}) });
        } else if (piece.flush && !isFlushed) {
          isFlushed = true;
          send({ context_id: id, flush: true });
        }
      },
      end: () => {
        if (!isFlushed) send({ context_id: id, flush: true });
        send({ context_id: id, close_context: true });
      },
      stop: (_heardMs, spoken) => {
        spoken(null);
        if (this.#live.delete(id)) {
          this.#closing.add(id);
          send({ context_id: id, close_context: true });
        }
        return 'keep';
      },
    };
  }

  keepAlive(): void {
    for (const id of this.#live.keys()) this.#host.send({ text: '', context_id: id });
  }

  hear(message: Buffer): void {
    const parsed = serverMessage.safeParse(parseObject(message));
    if (!parsed.success) {
      const path = parsed.error.issues[0]?.path.join('.') ?? '';
      throw new CallError('backend_protocol', `the voice sent a malformed message (${path})`);
    }
    const { alignment, audio, contextId: id, error, isFinal } = parsed.data;
    if (typeof error === 'string') {
      this.#hearError(id ?? null, `${error}: ${parsed.data.message ?? ''}`);
      return;
    }
    const context = this.#live.get(id ?? '');
    if (context === undefined) this.#host.counters.staleMessages += 1;
    else {
      const { sink, words } = context;
      const fromMs = sink.soundedMs();
      if (alignment) {
        const told = words.take(alignment, fromMs);
        if (told.length > 0) sink.words(told);
      }
      if (audio) sink.audio(audioBytes(audio), null);
    }
    if (isFinal === true && id) this.#final(id, context);
  }

  close(): void {
    this.#live.clear();
    this.#closing.clear();
  }

  #final(id: string, context: Context | undefined): void {
    this.#live.delete(id);
    this.#closing.delete(id);
    if (context !== undefined) {
      const last = context.words.end();
      if (last.length > 0) context.sink.words(last);
      context.sink.done();
    }
    this.#host.freed();
  }

  /** With a context it ends that one; without, a close with the reason follows. */
  #hearError(id: string | null, text: string): void {
    const { counters, freed, log, secret } = this.#host;
    const said = withoutSecrets(text, secret);
    counters.warnings += 1;
    log.warn('voice.error', { said });
    const context = id === null ? undefined : this.#live.get(id);
    if (id === null || context === undefined) return;
    this.#live.delete(id);
    context.sink.failed(new CallError('backend_refused', `the voice said ${said}`));
    freed();
  }

  #settings(): object {
    const { similarityBoost, speed, stability } = this.#options;
    const settings = {
      ...(stability === undefined ? {} : { stability }),
      ...(similarityBoost === undefined ? {} : { similarity_boost: similarityBoost }),
      ...(speed === undefined ? {} : { speed }),
    };
    return Object.keys(settings).length === 0 ? {} : { voice_settings: settings };
  }
}
