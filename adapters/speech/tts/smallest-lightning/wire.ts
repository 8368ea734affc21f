import { CallError } from '../../../../src/ports/errors.ts';
import type { SpeechPiece } from '../../../../src/ports/text-to-speech.ts';
import { audioBytes } from '../../../shared/audio-text.ts';
import { withoutSecrets } from '../../../shared/secrets.ts';
import {
  parseObject,
  type SpeechSink,
  type VoiceWire,
  type WantedVoice,
  type WireHost,
  type WireSpeech,
} from '../shared/wire.ts';
import { serverMessage, type ServerMessage } from './messages.ts';
import type { LightningTtsOptions } from './options.ts';

/** What the server speaks in one go. */
interface Segment {
  readonly requestId: string;
  readonly pieces: readonly SpeechPiece[];
  /** Where its audio begins, ms of the utterance. */
  readonly baseMs: number;
  hasSounded: boolean;
}

/**
 * Lightning's protocol: one request after the other, each with what has been said meanwhile. It has
 * no word for stopping.
 */
export class LightningWire implements VoiceWire {
  readonly worn = false;
  readonly #host: WireHost;
  readonly #options: LightningTtsOptions;
  #speech: LightningSpeech | null = null;
  #requests = 0;

  constructor(host: WireHost, options: LightningTtsOptions) {
    this.#host = host;
    this.#options = options;
  }

  get free(): boolean {
    return this.#speech === null;
  }

  begin(wanted: WantedVoice, sink: SpeechSink): WireSpeech {
    const speech: LightningSpeech = new LightningSpeech({
      host: this.#host,
      sink,
      request: this.#request(wanted),
      newId: () => {
        this.#requests += 1;
        return `r${this.#requests}`;
      },
      onEnd: () => (this.#speech = null),
    });
    this.#speech = speech;
    return speech;
  }

  hear(message: Buffer): void {
    const parsed = serverMessage.safeParse(parseObject(message));
    if (!parsed.success) {
      const path = parsed.error.issues[0]?.path.join('.') ?? '';
      throw new CallError('backend_protocol', `the voice sent a malformed message (${path})`);
    }
    const { data } = parsed;
    if (data.status === 'error') {
      const { secret } = this.#host;
      const words = [data.error?.code, data.error?.message, data.message];
      const text = words.filter((it) => typeof it === 'string').join(': ');
      throw new CallError('backend_refused', `the voice said ${withoutSecrets(text, secret)}`);
    }
    if (this.#speech?.hear(data) !== true) this.#host.counters.staleMessages += 1;
  }

  close(): void {
    this.#speech = null;
  }

  #request({ language, rateHz, voice }: WantedVoice): object {
    const { model, speed, wordTimes } = this.#options;
    return {
      voice_id: voice,
      model,
      sample_rate: rateHz,
      ...(language === null ? {} : { language: language.split('-')[0] }),
      ...(speed === undefined ? {} : { speed }),
      ...(wordTimes ? { word_timestamps: true } : {}),
      output_format: 'pcm',
      continue: false,
      flush: true,
      max_buffer_flush_ms: 0,
      // Else the server waits four seconds before it says that it is done.
      complete_backoff_ms: 0,
    };
  }
}

interface LightningSpeechOptions {
  readonly host: WireHost;
  readonly sink: SpeechSink;
  readonly request: object;
  readonly newId: () => string;
  readonly onEnd: () => void;
}

class LightningSpeech implements WireSpeech {
  readonly #options: LightningSpeechOptions;
  #segment: Segment | null = null;
  #waiting: SpeechPiece[] = [];
  #ended = false;

  constructor(options: LightningSpeechOptions) {
    this.#options = options;
  }

  get unspoken(): readonly SpeechPiece[] | null {
    if (this.#segment?.hasSounded === true) return null;
    return [...(this.#segment?.pieces ?? []), ...this.#waiting];
  }

  say(piece: SpeechPiece): void {
    if (piece.text.trim() !== '') this.#waiting.push(piece);
    this.#next();
  }

  end(): void {
    this.#ended = true;
    this.#next();
  }

  stop(_heardMs: number | null, spoken: (text: string | null) => void): 'keep' | 'drop' {
    spoken(null);
    this.#options.onEnd();
    return this.#segment === null ? 'keep' : 'drop';
  }

  /** @returns whether it was about what is spoken now */
  hear({ data, external_request_id: requestId, status }: ServerMessage): boolean {
    const { host, sink } = this.#options;
    const segment = this.#segment;
    // An id that is not ours is of a request before; servers that echo none speak in order.
    const isOurs =
      requestId === undefined || requestId === null || requestId === segment?.requestId;
    if (segment === null || !isOurs) return false;
    const only = segment.pieces.length === 1 ? segment.pieces[0]!.pieceId : null;
    switch (status) {
      case 'chunk':
        segment.hasSounded = true;
        sink.audio(audioBytes(data?.audio ?? ''), only);
        return true;
      case 'word_timestamp': {
        const startMs = segment.baseMs + Math.round((data?.start ?? 0) * 1000);
        const endMs = segment.baseMs + Math.round((data?.end ?? data?.start ?? 0) * 1000);
        sink.words([{ text: data?.word ?? '', startMs, endMs }]);
        return true;
      }
      case 'complete':
        this.#segment = null;
        for (const { pieceId } of segment.pieces) sink.pieceDone(pieceId);
        this.#next();
        return true;
      default:
        host.counters.unknownMessages += 1;
        return true;
    }
  }

  #next(): void {
    const { host, newId, onEnd, request, sink } = this.#options;
    if (this.#segment !== null) return;
    if (this.#waiting.length === 0) {
      if (!this.#ended) return;
      onEnd();
      sink.done();
      return;
    }
    const requestId = newId();
    const pieces = this.#waiting;
    this.#waiting = [];
    this.#segment = { requestId, pieces, baseMs: sink.soundedMs(), hasSounded: false };
    const text = pieces.map((piece) => piece.text.trim()).join(' ');
    host.send({ ...request, text, request_id: requestId });
  }
}
