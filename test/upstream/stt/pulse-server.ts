import { queryFormat } from './nova-session.ts';
import type { SttStandInOptions } from './options.ts';
import { keyBehind, startStandIn, type SessionMade, type SttStandIn } from './server.ts';
import { StandInSession, typed, Violation, written } from './session.ts';

const encodings: ReadonlySet<string> = new Set(['linear16', 'mulaw', 'alaw']);
const path = '/waves/v1/stt/live';

/** Smallest.ai's Pulse. */
export function startPulseStandIn(options: SttStandInOptions = {}): Promise<SttStandIn> {
  return startStandIn(
    {
      urlPath: path,
      key: keyBehind('Bearer'),
      refusal: ({ pathname, searchParams: query }) => {
        if (pathname !== path) return { status: 404, said: 'no such path' };
        const bad = (said: string): { status: number; said: string } => ({ status: 400, said });
        if (query.get('model') !== 'pulse') return bad('only pulse listens here');
        if (!encodings.has(query.get('encoding') ?? '')) return bad('unknown encoding');
        if (!query.has('language')) return bad('language is missing');
        return Number(query.get('sample_rate')) >= 8000 ? null : bad('sample_rate is missing');
      },
      session: (made) => new PulseStandInSession(made),
    },
    options,
  );
}

class PulseStandInSession extends StandInSession {
  readonly #endOfUtteranceMs: number;
  #startMs = 0;
  #told = '';

  constructor(made: SessionMade) {
    super(made);
    const { searchParams: query } = made.url;
    this.#endOfUtteranceMs = Number(query.get('eou_timeout_ms') ?? 800);
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
    if (last === undefined) return;
    if (this.#told === '') this.tell({ type: 'speech_started' });
    if (this.positionMs - last.endMs >= this.#endOfUtteranceMs) {
      this.#settle({});
      this.tell({ type: 'speech_ended' });
    } else if (text !== this.#told) {
      this.#told = text;
      this.tell({ type: 'transcription', transcript: text, is_final: false, is_last: false });
    }
  }

  protected text(message: string): void {
    const { type } = typed(message);
    this.stayAwake();
    if (type === 'close_stream') {
      this.ear?.flush();
      this.#settle({ is_last: true }, true);
      return;
    }
    if (type !== 'finalize') throw new Violation(`unknown message type '${type}'`);
    this.flushes += 1;
    if (this.wrong('flush')) return;
    this.ear?.flush();
    this.#settle({ from_finalize: true }, true);
  }

  protected expired(): void {
    this.close(1000, 'session over');
  }

  protected idle(): void {
    this.close(1000, 'idle');
  }

  protected broken({ message }: Violation): void {
    this.say({ type: 'error', error: message, code: 'invalid_message' });
  }

  #settle(more: object, isAsked = false): void {
    const words = this.wordsFrom(this.#startMs);
    this.tellSettled({
      type: 'transcription',
      transcript: written(words),
      is_final: true,
      is_last: false,
      language: 'en',
      words: words.map(({ text, startMs, endMs }) => ({
        word: text,
        start: startMs / 1000,
        end: endMs / 1000,
        confidence: 0.9,
      })),
      ...more,
    });
    this.#startMs = this.segmentEndMs(words, isAsked);
    this.#told = '';
  }
}
