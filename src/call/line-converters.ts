import { createConverter, type Converter } from './converter.ts';
import { bytesPerSample, type AudioFormat } from '../audio/format.ts';
import type { LineTrack } from './line-track.ts';

/**
 * Turns the backend's audio into the client's format, with one converter a line: what a resampler
 * holds back of one line must not sound in another.
 */
export class LineConverters {
  readonly #converters = new Map<string, Converter>();
  #backendFormat: AudioFormat | null = null;

  /** The backend's output format; holds for lines that have not begun. */
  connect(format: AudioFormat): void {
    this.#backendFormat = format;
  }

  /** Whether these are whole samples, at least one, of what the backend speaks. */
  fits({ format }: LineTrack, bytes: Uint8Array): boolean {
    const width = bytesPerSample((this.#backendFormat ?? format).codec);
    return bytes.byteLength > 0 && bytes.byteLength % width === 0;
  }

  /** @param bytes whole samples; may be returned as they are */
  convert({ line, format }: LineTrack, bytes: Uint8Array): Uint8Array {
    let converter = this.#converters.get(line.lineId);
    if (converter === undefined) {
      converter = createConverter(this.#backendFormat ?? format, format);
      this.#converters.set(line.lineId, converter);
    }
    return converter.convert(bytes);
  }

  /** The end of the line's audio, which a change of rate still holds back; mostly none. */
  flush({ line }: LineTrack): Uint8Array {
    return this.#converters.get(line.lineId)?.flush() ?? new Uint8Array(0);
  }

  /** The line is over. Idempotent. */
  close({ line }: LineTrack): void {
    this.#converters.get(line.lineId)?.close();
    this.#converters.delete(line.lineId);
  }
}
