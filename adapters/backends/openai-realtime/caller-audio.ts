import type { ClientEvent } from '../../../protocol/openai-realtime/client-events.ts';
import type { Chunk } from '../../../src/audio/chunk.ts';
import { bytesPerSample, msToSamples, type AudioFormat } from '../../../src/audio/format.ts';
import type { Counters } from './counters.ts';
import { encodeAppend } from './encode.ts';
import { requestId } from './request-id.ts';
import { UncommittedAudio, type Recall, type Retake } from './uncommitted-audio.ts';

/**
 * Where the upstream listens by itself, another connection is given this much of what came last, ms:
 * the beginning of a word that nobody has noticed yet.
 */
const retoldMs = 600;

export interface CallerAudioOptions {
  readonly format: AudioFormat;
  /** See `BackendContext`. */
  readonly recall: Recall | null;
  /** To whatever connection there is; see `Connection`. */
  readonly send: (message: Buffer, kind: 'audio' | 'control') => boolean;
  readonly counters: Counters;
  /** Turns are committed by us: what lies in the upstream's buffer is ours to keep short. */
  readonly isCommittedByUs: boolean;
  readonly write: (event: ClientEvent) => void;
  /** Uplink samples that the upstream no longer has, though nobody committed them. */
  readonly onDropped: (samples: number) => void;
}

/** What the caller says, on its way to the upstream and in its input buffer. */
export class CallerAudio {
  readonly #options: CallerAudioOptions;
  readonly #uncommitted: UncommittedAudio;
  /** Uplink position minus what the upstream has been sent, samples. */
  #aheadSamples = 0;
  #sentSamples = 0;

  constructor(options: CallerAudioOptions) {
    this.#options = options;
    this.#uncommitted = new UncommittedAudio(options.format, options.recall);
  }

  /** The bytes as they came. */
  send(chunk: Chunk): 'ok' | 'overflow' {
    const { counters, isCommittedByUs, onDropped, send } = this.#options;
    if (!send(encodeAppend(chunk.bytes), 'audio')) {
      counters.inputOverflowSamples += chunk.samples;
      return 'overflow';
    }
    this.#aheadSamples = chunk.startSample - this.#sentSamples;
    this.#sentSamples += chunk.samples;
    const retake = this.#uncommitted.append(chunk);
    if (retake !== null && isCommittedByUs) {
      this.#retake(retake);
      onDropped(retake.droppedSamples);
    }
    return 'ok';
  }

  /** @param fromSample uplink position at which the turn begins */
  commit(itemId: string, fromSample: number): void {
    const retake = this.#uncommitted.commit(fromSample);
    if (retake !== null) this.#retake(retake);
    const eventId = requestId('commit', itemId);
    this.#options.write({ type: 'input_audio_buffer.commit', event_id: eventId });
  }

  clear(): void {
    this.#uncommitted.clear();
    this.#options.write({ type: 'input_audio_buffer.clear' });
  }

  /** Uplink sample of a position of the upstream's, which counts what it was sent; `null`: now. */
  sampleAt(upstreamMs: number | null): number {
    if (upstreamMs === null) return this.#sentSamples + this.#aheadSamples;
    return msToSamples(upstreamMs, this.#options.format.rateHz) + this.#aheadSamples;
  }

  /** Takes back what lies in the upstream's buffer and sends again what is still wanted of it. */
  #retake({ again, droppedSamples }: Retake): void {
    const { counters, send, write } = this.#options;
    counters.inputTrimmedSamples += droppedSamples;
    write({ type: 'input_audio_buffer.clear' });
    // Where there is no room for these there is none for what follows, which then says so.
    for (const bytes of again) send(encodeAppend(bytes), 'control');
  }

  /** Sends what nobody has committed yet to a connection that has nothing. */
  retell(): void {
    const { counters, format, isCommittedByUs, onDropped, send } = this.#options;
    const mostMs = isCommittedByUs ? undefined : retoldMs;
    const { again, droppedSamples, fromSample } = this.#uncommitted.retold(mostMs);
    const width = bytesPerSample(format.codec);
    this.#sentSamples = 0;
    this.#aheadSamples = fromSample;
    for (const bytes of again) {
      send(encodeAppend(bytes), 'control');
      this.#sentSamples += bytes.byteLength / width;
    }
    if (!isCommittedByUs) return;
    counters.inputTrimmedSamples += droppedSamples;
    if (droppedSamples > 0) onDropped(droppedSamples);
  }
}
