import type { AudioFormat } from '../../../src/audio/format.ts';
import type { StandInWord } from './recogniser.ts';
import type { SessionMade } from './server.ts';
import { StandInSession, typed, Violation, written } from './session.ts';

/** A segment is settled at the latest after so much audio, ms. */
const longestMs = 4000;
/** Less audio than this is not worth an answer to `Finalize`, ms. */
const noticeableMs = 60;

/** Deepgram's `/v1/listen`. */
export class NovaStandInSession extends StandInSession {
  readonly #endpointingMs: number;
  readonly #hasInterims: boolean;
  readonly #hasVadEvents: boolean;
  #startMs = 0;
  #told = '';
  #lastWordMs = 0;
  #speaking = false;

  constructor(made: SessionMade) {
    super(made);
    const { searchParams: query } = made.url;
    this.#hasInterims = query.get('interim_results') === 'true';
    this.#hasVadEvents = query.get('vad_events') === 'true';
    const endpointing = query.get('endpointing') ?? '10';
    this.#endpointingMs = endpointing === 'false' ? Infinity : Number(endpointing);
    this.takes(queryFormat(query));
    this.wrong('open');
  }

  protected get settledMs(): number {
    return this.#startMs;
  }

  protected heard(): void {
    const words = this.wordsFrom(this.#startMs);
    const text = written(words);
    const last = words.at(-1);
    if (last !== undefined) this.#lastWordMs = last.endMs;
    if (last !== undefined && !this.#speaking) {
      this.#speaking = true;
      if (this.#hasVadEvents) {
        this.tell({ type: 'SpeechStarted', channel: [0], timestamp: words[0]!.startMs / 1000 });
      }
    }
    const silenceMs = this.positionMs - this.#lastWordMs;
    if (last !== undefined && silenceMs >= this.#endpointingMs) {
      this.#settle({ speech_final: true });
    } else if (this.positionMs - this.#startMs >= longestMs) this.#settle({});
    else if (this.#hasInterims && text !== this.#told) {
      this.#told = text;
      this.tell(this.#results(words, this.positionMs, { is_final: false }));
    }
  }

  protected text(message: string): void {
    const { type } = typed(message);
    this.stayAwake();
    switch (type) {
      case 'KeepAlive':
        return;
      case 'Finalize':
        this.flushes += 1;
        if (this.wrong('flush')) return;
        this.ear?.flush();
        if (this.positionMs - this.#startMs < noticeableMs) return;
        this.#settle({ speech_final: true, from_finalize: true }, true);
        return;
      case 'CloseStream':
        this.ear?.flush();
        this.#settle({}, true);
        this.tell({
          type: 'Metadata',
          request_id: 'r',
          duration: this.audioMs / 1000,
          channels: 1,
        });
        this.made.socket.close(1000);
        return;
      default:
        throw new Violation(`unknown message type '${type}'`);
    }
  }

  protected expired(): void {
    this.close(1011, 'NET-0000: the service ended the connection');
  }

  protected idle(): void {
    this.close(1011, 'NET-0001: no audio data or text data within the timeout window');
  }

  protected broken({ message }: Violation): void {
    this.close(1008, `DATA-0000: ${message}`);
  }

  #settle(more: object, isAsked = false): void {
    const words = this.wordsFrom(this.#startMs);
    const endMs = this.segmentEndMs(words, isAsked);
    this.tellSettled(this.#results(words, endMs, { is_final: true, ...more }));
    this.#startMs = endMs;
    this.#told = '';
    this.#speaking = false;
  }

  #results(words: readonly StandInWord[], endMs: number, more: object): object {
    return {
      type: 'Results',
      channel_index: [0, 1],
      start: this.#startMs / 1000,
      duration: (endMs - this.#startMs) / 1000,
      speech_final: false,
      ...more,
      channel: {
        alternatives: [
          {
            transcript: written(words),
            confidence: 0.9,
            words: words.map(({ text, startMs, endMs: wordEndMs }) => ({
              word: text,
              punctuated_word: text,
              start: startMs / 1000,
              end: wordEndMs / 1000,
              confidence: 0.9,
            })),
          },
        ],
      },
      metadata: { request_id: 'r', model_uuid: 'm', model_info: { name: 'stand-in' } },
    };
  }
}

/** The format that an address tells. */
export function queryFormat(query: URLSearchParams): AudioFormat {
  const codecs = { linear16: 'pcm16', mulaw: 'pcmu', alaw: 'pcma' } as const;
  const encoding = query.get('encoding') as keyof typeof codecs;
  return { codec: codecs[encoding], rateHz: Number(query.get('sample_rate')) };
}
