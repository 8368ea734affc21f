import type { TurnGraph } from './graph.ts';
import { MelAnalyser } from './mel-frame.ts';
import { inputLength } from './shape.ts';
import type { TurnQuestion, TurnRequest } from './turn-link.ts';
import { TurnMemory } from './turn-memory.ts';

interface StreamPlace {
  readonly memory: TurnMemory;
  /** Position on the stream of the memory's first sample. */
  readonly baseSample: number;
  /** Position after its last one. */
  endSample: number;
}

/** The thread's work, without the thread: what was heard of each stream, and its scores. */
export class TurnScorer {
  readonly #graph: TurnGraph;
  readonly #analyser = new MelAnalyser();
  readonly #streams = new Map<number, StreamPlace>();
  readonly #features = new Float32Array(inputLength);

  constructor(graph: TurnGraph) {
    this.#graph = graph;
  }

  /** Streams remembered now. */
  get streams(): number {
    return this.#streams.size;
  }

  /** Forgets what is over and takes in what was heard. */
  take({ ended, pieces, pcm }: TurnRequest): void {
    for (const id of ended) this.#streams.delete(id);
    let at = 0;
    for (const { streamId, startSample, samples } of pieces) {
      const place = this.#place(streamId, startSample);
      place.memory.append(pcm.subarray(at, at + samples));
      place.endSample += samples;
      at += samples;
    }
    if (at !== pcm.length) {
      throw new RangeError(`pieces of ${at} samples cannot have ${pcm.length}`);
    }
  }

  /** @returns the graph's output, or null when there is no audio to judge */
  async answer({ streamId, fromSample }: TurnQuestion): Promise<number | null> {
    const place = this.#streams.get(streamId);
    if (place?.memory.features(fromSample - place.baseSample, this.#features) !== true) return null;
    return await this.#graph.score(this.#features);
  }

  /** After a gap a stream begins anew: what was before it is too old to matter. */
  #place(streamId: number, startSample: number): StreamPlace {
    const known = this.#streams.get(streamId);
    if (known?.endSample === startSample) return known;
    const memory = new TurnMemory(this.#analyser);
    const place = { memory, baseSample: startSample, endSample: startSample };
    this.#streams.set(streamId, place);
    return place;
  }
}
