import { bytesPerSample, samplesToMs, type AudioFormat } from '../audio/format.ts';
import { CallError } from '../ports/errors.ts';

/** Audio may come this many times faster than it plays. */
const fastestFactor = 10;
/** Audio that may be ahead of that pace, ms. */
const aheadLimitMs = 30_000;
/** Audio of one manual turn that may come at any pace, bytes: what the stock wire allows. */
const manualTurnLimitBytes = 15 * 1024 * 1024;

/** A piece of caller audio that has just come. */
export interface ArrivedAudio {
  readonly bytes: Uint8Array;
  /** Call time. */
  readonly nowMs: number;
  /** Whether the client commits its turns itself. */
  readonly manualTurns: boolean;
  /** Where it is to go, as far as the gate has to know. */
  readonly uplink: {
    readonly format: AudioFormat;
    readonly endSample: number;
    /** Start of the audio that no commit has taken. */
    readonly uncommittedSample: number;
  };
}

/**
 * What caller audio may come in: whole samples, at a pace. What is ahead of ten times real time is
 * counted, and more than 30 s of it is too much. With manual turns a recording may be uploaded at
 * any pace, 15 MiB between commits; what goes beyond that is held against the pace.
 */
export class UplinkGate {
  #aheadMs = 0;
  #lastMs = 0;

  /** @returns why the piece may not be taken, or `null`; one that may not does not count */
  refusal({ bytes, nowMs, manualTurns, uplink }: ArrivedAudio): CallError | null {
    const { codec, rateHz } = uplink.format;
    const width = bytesPerSample(codec);
    if (bytes.byteLength % width !== 0) {
      const message = `${bytes.byteLength} bytes are not whole ${codec} samples.`;
      return new CallError('invalid_audio', message, { param: 'audio' });
    }
    this.#aheadMs = Math.max(0, this.#aheadMs - (nowMs - this.#lastMs) * fastestFactor);
    this.#lastMs = nowMs;
    const uncommittedBytes =
      (uplink.endSample - uplink.uncommittedSample) * width + bytes.byteLength;
    if (manualTurns && uncommittedBytes <= manualTurnLimitBytes) return null;
    const aheadMs = this.#aheadMs + samplesToMs(bytes.byteLength / width, rateHz);
    if (aheadMs > aheadLimitMs) {
      const message = `The audio comes faster than ${fastestFactor} times real time.`;
      return new CallError('audio_too_fast', message, { param: 'audio' });
    }
    this.#aheadMs = aheadMs;
    return null;
  }
}
