import { bytesPerSample, samplesToMs, type AudioFormat } from '../audio/format.ts';
import { CallError } from '../ports/errors.ts';

/** Audio may come this many times faster than it plays. */
const fastestFactor = 10;
/** Audio that may be ahead of that pace, ms. */
const aheadLimitMs = 30_000;
/** Audio of one manual turn that may come at any pace, bytes: what the stock wire allows. */
const manualTurnLimitBytes = 15 * 1024 * 1024;

export interface UplinkGateOptions {
  /** Where audio goes, as far as the gate has to know. */
  readonly uplink: {
    readonly format: AudioFormat;
    readonly endSample: number;
    /** Start of the audio that no commit has taken. */
    readonly uncommittedSample: number;
  };
  /** Whether the client commits its turns itself. */
  readonly manualTurns: () => boolean;
}

/**
 * What caller audio may come in: whole samples, at a pace. What is ahead of ten times real time is
 * counted, and more than 30 s of it is too much. With manual turns a recording may be uploaded at
 * any pace, 15 MiB between commits; what goes beyond that is held against the pace.
 */
export class UplinkGate {
  readonly #options: UplinkGateOptions;
  #aheadMs = 0;
  #lastMs = 0;

  constructor(options: UplinkGateOptions) {
    this.#options = options;
  }

  /** @returns why the piece may not be taken, or `null`; one that may not does not count */
  refusal(lengthBytes: number, nowMs: number): CallError | null {
    return this.#judged(lengthBytes, nowMs, true);
  }

  /** What `refusal` would say of a piece that is not decoded yet; nothing counts. */
  expectedRefusal(lengthBytes: number, nowMs: number): CallError | null {
    return this.#judged(lengthBytes, nowMs, false);
  }

  #judged(lengthBytes: number, nowMs: number, counts: boolean): CallError | null {
    const { uplink, manualTurns } = this.#options;
    const { codec, rateHz } = uplink.format;
    const width = bytesPerSample(codec);
    if (lengthBytes % width !== 0) {
      const message = `${lengthBytes} bytes are not whole ${codec} samples.`;
      return new CallError('invalid_audio', message, { param: 'audio' });
    }
    this.#aheadMs = Math.max(0, this.#aheadMs - (nowMs - this.#lastMs) * fastestFactor);
    this.#lastMs = nowMs;
    const uncommittedBytes = (uplink.endSample - uplink.uncommittedSample) * width + lengthBytes;
    if (manualTurns() && uncommittedBytes <= manualTurnLimitBytes) return null;
    const aheadMs = this.#aheadMs + samplesToMs(lengthBytes / width, rateHz);
    if (aheadMs > aheadLimitMs) {
      const message = `The audio comes faster than ${fastestFactor} times real time.`;
      return new CallError('audio_too_fast', message, { param: 'audio' });
    }
    if (counts) this.#aheadMs = aheadMs;
    return null;
  }
}
