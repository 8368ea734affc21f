import { chunkDurationMs, ChunkTimeline, type Chunk } from '../audio/chunk.ts';
import { createConverter, type Converter } from './converter.ts';
import { sameFormat, type AudioFormat } from '../audio/format.ts';
import type { BackendCommand } from '../ports/backend.ts';

/** The caller's side of a call in the terms of one backend: its format, positions at its rate. */
export class BackendUplink {
  readonly format: AudioFormat;
  readonly #from: AudioFormat;
  readonly #converter: Converter;
  /** Begins where the first chunk lies that this backend gets. */
  #timeline: ChunkTimeline | null = null;

  constructor(from: AudioFormat, to: AudioFormat) {
    this.format = to;
    this.#from = from;
    this.#converter = createConverter(from, to);
  }

  /**
   * To be asked for in the order of sending, once each, when it is known that this backend gets it.
   * @returns `null` where nothing is left to send
   */
  adapt(command: BackendCommand): BackendCommand | null {
    switch (command.type) {
      case 'audio': {
        const chunk = this.#converted(command.chunk);
        return chunk === null ? null : { type: 'audio', chunk };
      }
      case 'commit': {
        const { fromSample, toSample } = command;
        return {
          ...command,
          fromSample: this.#position(fromSample),
          toSample: this.#position(toSample),
        };
      }
      case 'caller.floor':
        return { ...command, fromSample: this.#position(command.fromSample) };
      case 'configure':
      case 'speculate':
      case 'speculation.drop':
      case 'clear':
      case 'respond':
      case 'cancel':
      case 'truncate':
      case 'item.add':
      case 'item.delete':
      case 'server_tool.approve':
        return command;
    }
  }

  close(): void {
    this.#converter.close();
  }

  /** A client position on the backend's timeline. */
  #position(sample: number): number {
    return Math.round((sample * this.format.rateHz) / this.#from.rateHz);
  }

  #converted(chunk: Chunk): Chunk | null {
    // Where both sides agree, so do their timelines.
    if (sameFormat(this.format, this.#from)) return chunk;
    this.#timeline ??= new ChunkTimeline(this.format, this.#position(chunk.startSample));
    const bytes = this.#converter.convert(chunk.bytes);
    return bytes.byteLength === 0
      ? null
      : this.#timeline.append(bytes, chunk.atMs + chunkDurationMs(chunk));
  }
}
