import { hearNumbers } from '../../ear/counted-speech.ts';
import { decode } from '../answer-sound.ts';
import { ActivityDetector, type Noticed } from './activity-detector.ts';
import type { WireBlob } from './client-messages.ts';
import { Closing, invalidArgument } from './closing.ts';
import type { ActivitySettings } from './session-setup.ts';

/** Audio kept from before a start was noticed, ms. */
const preRollMs = 500;
/** Audio kept of one turn, ms; what is older is lost. */
const turnLimitMs = 120_000;
const defaultRateHz = 16_000;

/** One turn of the caller, as it was heard. */
export interface CallerTurn {
  readonly samples: Int16Array;
  readonly rateHz: number;
}

export interface CallerEarHost {
  /** @param audioMs position in the connection's audio */
  readonly onStart: (audioMs: number) => void;
  readonly onEnd: (turn: CallerTurn, audioMs: number) => void;
  /** Something a careful client would not do. */
  readonly onOddity: (what: string) => void;
}

/** The caller's side of a session: its audio, and where its turns begin and end. */
export class CallerEar {
  readonly #settings: ActivitySettings;
  readonly #host: CallerEarHost;
  #rateHz = defaultRateHz;
  #detector: ActivityDetector;
  #kept: Int16Array[] = [];
  #keptSamples = 0;
  /** By activityStart. */
  #open = false;
  /** Audio that came so far, bytes. */
  receivedBytes = 0;

  constructor(settings: ActivitySettings, host: CallerEarHost) {
    this.#settings = settings;
    this.#host = host;
    this.#detector = new ActivityDetector(settings, this.#rateHz);
  }

  /** The caller's turn is going on. */
  get active(): boolean {
    return this.#settings.automatic ? this.#detector.active : this.#open;
  }

  /** @throws Closing where it is no audio that the model takes */
  audio({ data = '', mimeType = '' }: WireBlob): void {
    const rateHz = rateOf(mimeType);
    const bytes = Buffer.from(data, 'base64');
    if (bytes.byteLength % 2 !== 0) throw new Closing(1007, invalidArgument);
    this.receivedBytes += bytes.byteLength;
    if (rateHz !== this.#rateHz) {
      if (this.#detector.positionMs > 0) this.#host.onOddity('another sample rate');
      const seen = this.#detector.end();
      if (seen !== null && this.#settings.automatic) this.#report(seen);
      this.#rateHz = rateHz;
      this.#forget();
      this.#detector = new ActivityDetector(this.#settings, rateHz);
    }
    const samples = decode(bytes, 'audio/pcm');
    this.#keep(samples);
    // Without automatic detection it counts time all the same.
    for (const seen of this.#detector.hear(samples)) {
      if (this.#settings.automatic) this.#report(seen);
    }
    if (!this.active && !this.#settings.allInput) this.#trim(preRollMs);
  }

  /** @throws Closing where detection is not automatic */
  streamEnd(): void {
    if (!this.#settings.automatic) throw new Closing(1007, invalidArgument);
    const seen = this.#detector.end();
    if (seen !== null) this.#report(seen);
  }

  /** @throws Closing where detection is automatic */
  activityStart(): void {
    this.#explicit();
    if (this.#open) {
      this.#host.onOddity('activityStart within activity');
      return;
    }
    // What came before does not belong to the turn.
    if (!this.#settings.allInput) this.#forget();
    this.#open = true;
    this.#host.onStart(this.#detector.positionMs);
  }

  /** @throws Closing where detection is automatic */
  activityEnd(): void {
    this.#explicit();
    if (!this.#open) {
      this.#host.onOddity('activityEnd without activityStart');
      return;
    }
    this.#open = false;
    this.#host.onEnd(this.#takeTurn(), this.#detector.positionMs);
  }

  #explicit(): void {
    if (!this.#settings.automatic) return;
    throw new Closing(
      1007,
      'Explicit activity control is not supported when automatic activity detection is enabled.',
    );
  }

  #report(seen: Noticed): void {
    if (seen.type === 'started') this.#host.onStart(seen.audioStartMs);
    else this.#host.onEnd(this.#takeTurn(), seen.audioEndMs);
  }

  #keep(samples: Int16Array): void {
    this.#kept.push(samples);
    this.#keptSamples += samples.length;
    this.#trim(turnLimitMs);
  }

  #trim(limitMs: number): void {
    const limit = (limitMs * this.#rateHz) / 1000;
    while (this.#keptSamples - (this.#kept[0]?.length ?? 0) >= limit) {
      this.#keptSamples -= this.#kept.shift()?.length ?? 0;
    }
  }

  #forget(): void {
    this.#kept = [];
    this.#keptSamples = 0;
  }

  #takeTurn(): CallerTurn {
    const samples = new Int16Array(this.#keptSamples);
    let place = 0;
    for (const piece of this.#kept) {
      samples.set(piece, place);
      place += piece.length;
    }
    this.#forget();
    return { samples, rateHz: this.#rateHz };
  }
}

/** Numbers in a turn of counted speech, whole ones, in order, as a text. */
export function numbersIn({ samples, rateHz }: CallerTurn): string {
  const heard = hearNumbers(
    Float32Array.from(samples, (sample) => sample / 32_768),
    rateHz,
  );
  return heard.map(({ number }) => number).join(' ');
}

/** Samples a second as the MIME type says. @throws Closing where it is no linear PCM */
function rateOf(mimeType: string): number {
  const [, rate] = /^audio\/(?:pcm|l16)(?:;\s*rate=(\d+))?$/i.exec(mimeType) ?? [null, undefined];
  if (!/^audio\/(pcm|l16)\b/i.test(mimeType)) throw new Closing(1007, invalidArgument);
  const rateHz = rate === undefined ? defaultRateHz : Number(rate);
  if (rateHz < 8000 || rateHz > 48_000 || rateHz % 50 !== 0) {
    throw new Closing(1007, invalidArgument);
  }
  return rateHz;
}
