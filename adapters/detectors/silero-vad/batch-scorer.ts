import { contextSamples, frameSamples, rowSamples, stateLayers, stateWidth } from './shape.ts';

/** One run of the graph over `rows` streams. Arrays are row-major and belong to the callee. */
export interface BatchInput {
  readonly rows: number;
  /** `[rows, 576]`: context, then the frame. */
  readonly input: Float32Array;
  /** `[2, rows, 128]`. */
  readonly state: Float32Array;
}

/** What a run gives back; the arrays are the caller's. */
export interface BatchOutput {
  /** `[rows]`. */
  readonly probabilities: Float32Array;
  /** `[2, rows, 128]`. */
  readonly state: Float32Array;
}

export type RunBatch = (input: BatchInput) => Promise<BatchOutput>;

/** Frames of any number of streams, in the order in which they were heard. */
export interface FrameSet {
  /** Stream of each frame. A stream may come more than once. */
  readonly streamIds: Int32Array;
  /** `frameSamples` samples a frame, one after the other. */
  readonly pcm: Float32Array;
}

/** Scores of a `FrameSet`, in its order. */
export interface ScoreSet {
  /** A fresh array, the caller's. */
  readonly probabilities: Float32Array<ArrayBuffer>;
  /** Runs of the graph that it took. */
  readonly batches: number;
  /** Frames whose score was not a number: scored 0, and their stream starts afresh. */
  readonly invalidFrames: number;
}

interface StreamMemory {
  /** Last samples of the stream's previous frame. */
  readonly context: Float32Array;
  /** Both layers, one after the other. */
  readonly state: Float32Array;
}

/**
 * Scores frames of many streams in as few runs as their order allows, and remembers each stream's
 * state between them. A stream begins with its first frame and ends with `forget`.
 */
export class BatchScorer {
  readonly #run: RunBatch;
  readonly #maxRows: number;
  readonly #streams = new Map<number, StreamMemory>();

  /** @param maxRows most rows of one run, a positive integer */
  constructor(run: RunBatch, maxRows = 64) {
    if (!Number.isInteger(maxRows) || maxRows < 1) {
      throw new RangeError(`maxRows must be a positive integer, got ${maxRows}`);
    }
    this.#run = run;
    this.#maxRows = maxRows;
  }

  /** Streams remembered now. */
  get streams(): number {
    return this.#streams.size;
  }

  forget(streamIds: Iterable<number>): void {
    for (const id of streamIds) this.#streams.delete(id);
  }

  /**
   * Not re-entrant: the next call must wait for this one. Rejects with whatever the run rejects
   * with; states of streams are then those of the last run that succeeded.
   */
  async score(frames: FrameSet): Promise<ScoreSet> {
    const count = frames.streamIds.length;
    if (frames.pcm.length !== count * frameSamples) {
      throw new RangeError(`${count} frames cannot have ${frames.pcm.length} samples`);
    }
    const probabilities = new Float32Array(count);
    let waiting = Array.from({ length: count }, (_, index) => index);
    let batches = 0;
    let invalidFrames = 0;
    while (waiting.length > 0) {
      const { due, later } = this.#nextBatch(frames.streamIds, waiting);
      const output = await this.#run(this.#gather(frames, due));
      invalidFrames += this.#scatter(frames, due, output, probabilities);
      batches += 1;
      waiting = later;
    }
    return { probabilities, batches, invalidFrames };
  }

  /** The oldest waiting frame of each stream, up to the limit; the rest keeps its order. */
  #nextBatch(
    streamIds: Int32Array,
    waiting: readonly number[],
  ): { due: readonly number[]; later: number[] } {
    const seen = new Set<number>();
    const due: number[] = [];
    const later: number[] = [];
    for (const index of waiting) {
      const id = streamIds[index]!;
      if (due.length === this.#maxRows || seen.has(id)) {
        later.push(index);
      } else {
        seen.add(id);
        due.push(index);
      }
    }
    return { due, later };
  }

  #gather({ streamIds, pcm }: FrameSet, due: readonly number[]): BatchInput {
    const rows = due.length;
    const input = new Float32Array(rows * rowSamples);
    const state = new Float32Array(stateLayers * rows * stateWidth);
    for (const [row, index] of due.entries()) {
      const memory = this.#memory(streamIds[index]!);
      const frame = pcm.subarray(index * frameSamples, (index + 1) * frameSamples);
      input.set(memory.context, row * rowSamples);
      input.set(frame, row * rowSamples + contextSamples);
      for (let layer = 0; layer < stateLayers; layer += 1) {
        const own = memory.state.subarray(layer * stateWidth, (layer + 1) * stateWidth);
        state.set(own, (layer * rows + row) * stateWidth);
      }
    }
    return { rows, input, state };
  }

  /** Returns how many of the scores were not numbers. */
  #scatter(
    { streamIds, pcm }: FrameSet,
    due: readonly number[],
    output: BatchOutput,
    probabilities: Float32Array,
  ): number {
    const rows = due.length;
    let invalid = 0;
    for (const [row, index] of due.entries()) {
      const id = streamIds[index]!;
      const probability = output.probabilities[row]!;
      if (!Number.isFinite(probability)) {
        // A state that has met a NaN never recovers by itself.
        invalid += 1;
        this.#streams.delete(id);
        continue;
      }
      probabilities[index] = probability;
      const memory = this.#memory(id);
      const frameEnd = (index + 1) * frameSamples;
      memory.context.set(pcm.subarray(frameEnd - contextSamples, frameEnd));
      for (let layer = 0; layer < stateLayers; layer += 1) {
        const from = (layer * rows + row) * stateWidth;
        memory.state.set(output.state.subarray(from, from + stateWidth), layer * stateWidth);
      }
    }
    return invalid;
  }

  #memory(id: number): StreamMemory {
    const known = this.#streams.get(id);
    if (known !== undefined) return known;
    const fresh: StreamMemory = {
      context: new Float32Array(contextSamples),
      state: new Float32Array(stateLayers * stateWidth),
    };
    this.#streams.set(id, fresh);
    return fresh;
  }
}
