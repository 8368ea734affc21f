import type { Timer } from '../../../src/time/clock.ts';
import { outputBytesPerMs, type Speech } from './answer-speech.ts';
import type { Timers } from './timers.ts';

export interface UtteranceOptions {
  readonly speech: Speech;
  /** Until the first audio, ms. */
  readonly firstAudioMs: number;
  /** What was said before is played until then, as far as the model assumes. */
  readonly playsFromMs: number;
  readonly pieceMs: number;
  readonly realTimeFactor: number;
  /** All of it at once. */
  readonly burst: boolean;
  /** The last piece's message also ends the generation. */
  readonly combined: boolean;
}

export interface UtteranceHost {
  readonly timers: Timers;
  /** A serverContent with audio. */
  readonly sendContent: (content: Readonly<Record<string, unknown>>) => void;
  /** A word's audio has begun. `last`: no other follows. */
  readonly onWord: (word: string, last: boolean) => void;
  /** The next audio is due, this far into it; `false` = nothing more is to come. */
  readonly onAudio: (audioMs: number) => boolean;
  /** Everything was sent. */
  readonly onSpoken: () => void;
}

/** Audio of one answer on its way out, piece by piece. */
export class Utterance {
  readonly #options: UtteranceOptions;
  readonly #host: UtteranceHost;
  #timer: Timer | null = null;
  #nextAtMs: number;
  #firstAudioAtMs: number | null = null;
  #sentBytes = 0;
  #wordsSaid = 0;

  constructor(options: UtteranceOptions, host: UtteranceHost) {
    this.#options = options;
    this.#host = host;
    this.#nextAtMs = host.timers.clock.nowMs();
    this.#at(options.firstAudioMs, () => this.#piece());
  }

  /** Audio sent so far, ms. */
  get sentMs(): number {
    return this.#sentBytes / outputBytesPerMs;
  }

  /** Words whose audio has begun. */
  get said(): string {
    return this.#options.speech.words.slice(0, this.#wordsSaid).join(' ');
  }

  /** When a listener that began at the first audio would be through with what was sent. */
  get playedAtMs(): number {
    const beganMs = this.#firstAudioAtMs ?? this.#host.timers.clock.nowMs();
    return Math.max(beganMs, this.#options.playsFromMs) + this.sentMs;
  }

  /** The next bytes of it, as if they came too late to be stopped; base64. */
  stalePiece(): string {
    return this.#bytes().toString('base64');
  }

  /** Says nothing more. */
  stop(): void {
    this.#timer?.cancel();
  }

  /** Drift-free: the next step is counted from when this one was due. */
  #at(afterMs: number, step: () => void): void {
    this.#nextAtMs += afterMs;
    this.#timer = this.#host.timers.at(this.#nextAtMs, step);
  }

  #piece(): void {
    const { speech, pieceMs, realTimeFactor, burst, combined } = this.#options;
    for (;;) {
      if (!this.#host.onAudio(this.sentMs)) return;
      if (this.#sentBytes >= speech.sound.byteLength) {
        this.#host.onSpoken();
        return;
      }
      const bytes = this.#bytes();
      this.#firstAudioAtMs ??= this.#host.timers.clock.nowMs();
      this.#sentBytes += bytes.byteLength;
      const last = this.#sentBytes >= speech.sound.byteLength;
      this.#host.sendContent({
        modelTurn: audioTurn(bytes.toString('base64')),
        ...(combined && last ? { generationComplete: true } : {}),
      });
      this.#sayWords();
      if (!burst) break;
    }
    this.#at(pieceMs / realTimeFactor, () => this.#piece());
  }

  #bytes(): Buffer {
    const { speech, pieceMs } = this.#options;
    return speech.sound.subarray(this.#sentBytes, this.#sentBytes + pieceMs * outputBytesPerMs);
  }

  #sayWords(): void {
    const { words, wordMs, deltas } = this.#options.speech;
    const due = Math.min(words.length, Math.ceil(this.sentMs / wordMs));
    while (this.#wordsSaid < due) {
      const word = words[this.#wordsSaid] ?? '';
      const delta = deltas?.[this.#wordsSaid];
      this.#wordsSaid += 1;
      this.#host.onWord(
        delta ?? (this.#wordsSaid === 1 ? word : ` ${word}`),
        this.#wordsSaid === words.length,
      );
    }
  }
}

/** A modelTurn of audio. @param data pcm16, 24 kHz, base64 */
export function audioTurn(data: string): object {
  return { role: 'model', parts: [{ inlineData: { mimeType: 'audio/pcm;rate=24000', data } }] };
}
