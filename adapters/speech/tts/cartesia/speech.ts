import { CallError } from '../../../../src/ports/errors.ts';
import type { SpeechPiece } from '../../../../src/ports/text-to-speech.ts';
import type { Timer } from '../../../../src/time/clock.ts';
import { audioBytes } from '../../../shared/audio-text.ts';
import { withoutSecrets } from '../../../shared/secrets.ts';
import { parted, type SpeechSink, type WireHost, type WireSpeech } from '../shared/wire.ts';
import { emotionalText } from './emotional-text.ts';
import type { ServerMessage } from './messages.ts';

/**
 * The vendor forgets a context a second after its last audio. A context that waits for text is given
 * up before, ms, so that no text meets one that is just being forgotten.
 */
const quietLimitMs = 600;

export interface CartesiaSpeechOptions {
  readonly host: WireHost;
  readonly sink: SpeechSink;
  /** All that a request has besides its text; it stays the same for the whole context. */
  readonly request: object;
  readonly emotions: Readonly<Record<string, string>>;
  /** Makes a context that is heard here, and gives its id. */
  readonly openContext: () => string;
  /** Nothing more is heard of it. */
  readonly closeContext: (id: string) => void;
}

/** One utterance as one context after another: a new one wherever its text paused for long. */
export class CartesiaSpeech implements WireSpeech {
  readonly unspoken = null;
  readonly #options: CartesiaSpeechOptions;
  #contextId: string | null = null;
  /** The context was told that no text follows; what is said now waits for its end. */
  #isFinishing = false;
  #held: SpeechPiece[] = [];
  /** Pieces sent since the last audio. */
  #unheard: SpeechPiece[] = [];
  /** Those that were sent twice: what makes no sound is not sent for ever. */
  readonly #repeated = new Set<SpeechPiece>();
  /** Where the context's audio begins, ms of the utterance. */
  #baseMs = 0;
  #ended = false;
  #quiet: Timer | null = null;

  constructor(options: CartesiaSpeechOptions) {
    this.#options = options;
  }

  say(piece: SpeechPiece): void {
    if (this.#isFinishing) {
      this.#held.push(piece);
      return;
    }
    const transcript = parted(emotionalText(piece, this.#options.emotions));
    if (transcript === '') return;
    this.#quiet?.cancel();
    this.#unheard.push(piece);
    this.#send({ transcript, continue: true });
  }

  end(): void {
    this.#ended = true;
    this.#quiet?.cancel();
    if (this.#contextId === null) this.#options.sink.done();
    else this.#finishContext();
  }

  stop(_heardMs: number | null, spoken: (text: string | null) => void): 'keep' {
    spoken(null);
    this.#quiet?.cancel();
    const id = this.#contextId;
    this.#contextId = null;
    if (id !== null) {
      this.#options.closeContext(id);
      this.#options.host.send({ context_id: id, cancel: true });
    }
    return 'keep';
  }

  close(): void {
    this.#quiet?.cancel();
  }

  hear(message: ServerMessage): void {
    const { host, sink } = this.#options;
    switch (message.type) {
      case 'chunk':
        this.#unheard = [];
        sink.audio(audioBytes(message.data ?? ''), null);
        this.#awaitText();
        return;
      case 'timestamps': {
        const { end = [], start = [], words = [] } = message.word_timestamps ?? {};
        const times = words.map((text, place) => ({
          text,
          startMs: this.#baseMs + Math.round((start[place] ?? 0) * 1000),
          endMs: this.#baseMs + Math.round((end[place] ?? start[place] ?? 0) * 1000),
        }));
        if (times.length > 0) sink.words(times);
        return;
      }
      case 'done':
        this.#contextDone();
        return;
      case 'error': {
        const { error, error_code: code, message: text, title } = message;
        const words = [code, title ?? error, text].filter((it) => typeof it === 'string');
        const said = withoutSecrets(words.join(': '), host.secret);
        this.#forget();
        const isBusy = message.status_code === 429;
        const ours = isBusy ? 'backend_overloaded' : 'backend_refused';
        sink.failed(new CallError(ours, `the voice said ${said}`));
        return;
      }
      default:
        host.counters.unknownMessages += 1;
    }
  }

  #awaitText(): void {
    if (this.#ended || this.#isFinishing) return;
    const { clock } = this.#options.host;
    this.#quiet?.cancel();
    this.#quiet = clock.timerAt(clock.nowMs() + quietLimitMs, () => this.#finishContext());
  }

  #finishContext(): void {
    if (this.#isFinishing || this.#contextId === null) return;
    this.#isFinishing = true;
    this.#send({ transcript: '', continue: false });
  }

  #contextDone(): void {
    const { sink } = this.#options;
    this.#forget();
    this.#baseMs = sink.soundedMs();
    // The server may have forgotten the context before it got what was on its way.
    const missed = this.#unheard.filter((piece) => !this.#repeated.has(piece));
    for (const piece of missed) this.#repeated.add(piece);
    const again = [...missed, ...this.#held];
    this.#held = [];
    this.#unheard = [];
    for (const piece of again) this.say(piece);
    if (this.#ended) this.end();
  }

  #forget(): void {
    this.#quiet?.cancel();
    if (this.#contextId !== null) this.#options.closeContext(this.#contextId);
    this.#contextId = null;
    this.#isFinishing = false;
  }

  #send(part: object): void {
    const { host, openContext, request } = this.#options;
    this.#contextId ??= openContext();
    host.send({ ...request, ...part, context_id: this.#contextId });
  }
}
