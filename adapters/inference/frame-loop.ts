import { CallError } from '../../src/ports/errors.ts';
import { FrameReader, rowOf, type FrameOutput, type StepOutputs } from './frame-output.ts';
import type { Graph } from './graph.ts';
import {
  inputFrameSamples,
  outputFrameSamples,
  type GraphState,
  type PackageManifest,
} from './manifest.ts';
import { RowBuffer, type TensorValue } from './tensor.ts';

/** One call's frame of input: as many 16-bit samples as the package's frame has. */
export interface RowFrame {
  /** The call's row, 0 … maxRows − 1. */
  readonly slot: number;
  readonly pcm: Int16Array;
  /** What a tool brought, a number of the manifest's; absent: 0, nothing. */
  readonly toolResult?: number;
}

/** What one step made, in the order of the frames it was given. */
export interface StepResult {
  /** All rows' output one after the other, a frame of 16-bit samples each. */
  readonly pcm: Int16Array<ArrayBuffer>;
  /** What else came with each frame; `null` where the row did not run. */
  readonly outputs: readonly (FrameOutput | null)[];
  /** Rows that did not run because a state of theirs is full: their call is over. */
  readonly full: readonly boolean[];
}

interface StateBuffer {
  readonly spec: GraphState;
  readonly buffer: RowBuffer;
}

const fullScale = 32_768;

/**
 * Runs a package's graphs frame by frame, many calls at once: each call owns a row of every state.
 * All frames of a step run as one batch over the span of rows they lie in. A row without a frame
 * keeps its state bit for bit whatever the graph returns for it, because only rows with a frame
 * are copied back. A row begins with zeros and the reset mask; `leave` makes it so.
 *
 * Not reentrant: one step, or `leave`, at a time.
 */
export class FrameLoop {
  readonly #manifest: PackageManifest;
  readonly #graphs: readonly { readonly graph: Graph; readonly states: readonly StateBuffer[] }[];
  readonly #reader: FrameReader;
  readonly #inSamples: number;
  readonly #outSamples: number;
  readonly #audio: RowBuffer;
  readonly #exec: RowBuffer;
  readonly #reset: RowBuffer;
  readonly #toolResult: RowBuffer;
  /** The same numbers twice: as the graphs see them, and to count with. */
  readonly #position: RowBuffer;
  readonly #frames: Int32Array;

  /** @param vocabulary words of the text stream by token id */
  constructor(
    manifest: PackageManifest,
    graphs: readonly Graph[],
    vocabulary: readonly string[] = [],
  ) {
    const rows = manifest.batch.maxRows;
    this.#manifest = manifest;
    this.#reader = new FrameReader(manifest, vocabulary);
    this.#inSamples = inputFrameSamples(manifest);
    this.#outSamples = outputFrameSamples(manifest);
    this.#audio = new RowBuffer('float32', rows, [this.#inSamples]);
    this.#exec = new RowBuffer('bool', rows, []);
    this.#reset = new RowBuffer('bool', rows, []);
    this.#toolResult = new RowBuffer('int32', rows, []);
    this.#position = new RowBuffer('int32', rows, []);
    this.#frames = new Int32Array(rows);
    this.#graphs = graphs.map((graph) => ({
      graph,
      states: graph.manifest.states.map((spec) => ({
        spec,
        buffer: new RowBuffer(spec.dtype, rows, spec.shape.slice(1) as number[]),
      })),
    }));
  }

  /**
   * Runs one frame for each of the given rows, at most one a row.
   * @throws RangeError on a row that does not exist or is named twice, or a frame of wrong length
   * @throws CallError `model_unavailable` when a graph fails or returns what it did not declare
   */
  async step(frames: readonly RowFrame[]): Promise<StepResult> {
    const full = frames.map(({ slot }) => this.#isFull(slot));
    const due = frames.filter((_, index) => full[index] === false);
    const pcm = new Int16Array(frames.length * this.#outSamples);
    const results: (FrameOutput | null)[] = frames.map(() => null);
    if (due.length === 0) return { pcm, outputs: results, full };

    this.#load(due);
    const slots = due.map(({ slot }) => slot);
    const from = Math.min(...slots);
    const made = await this.#run(from, Math.max(...slots) + 1, slots);
    for (const [index, { slot }] of frames.entries()) {
      if (full[index] === true) continue;
      const row = slot - from;
      encode(rowOf(made.audio, row), pcm, index * this.#outSamples);
      results[index] = this.#reader.read(made, row);
    }
    return { pcm, outputs: results, full };
  }

  /** Frees a row: everything its call left in it is overwritten with zeros. */
  leave(slot: number): void {
    this.#frames[slot] = 0;
    const inputs = [this.#audio, this.#exec, this.#reset, this.#toolResult, this.#position];
    for (const buffer of inputs) buffer.clear(slot);
    for (const { states } of this.#graphs) for (const { buffer } of states) buffer.clear(slot);
  }

  /** Runs all graphs once alone and once over every row, and keeps nothing of it. */
  async warmUp(): Promise<void> {
    await this.#run(0, 1, []);
    await this.#run(0, this.#manifest.batch.maxRows, []);
  }

  #load(due: readonly RowFrame[]): void {
    const seen = new Set<number>();
    for (const { slot, pcm, toolResult = 0 } of due) {
      if (pcm.length !== this.#inSamples || seen.has(slot)) {
        throw new RangeError(`row ${slot}: one frame of ${this.#inSamples} samples, please`);
      }
      seen.add(slot);
      const samples = new Float32Array(pcm.length);
      for (let i = 0; i < pcm.length; i += 1) samples[i] = pcm[i]! / fullScale;
      this.#audio.write(slot, 0, samples);
      this.#toolResult.write(slot, 0, Int32Array.of(toolResult));
    }
  }

  async #run(from: number, to: number, slots: readonly number[]): Promise<Outputs> {
    for (const slot of slots) {
      this.#exec.write(slot, 0, Uint8Array.of(1));
      this.#reset.write(slot, 0, Uint8Array.of(this.#frames[slot] === 0 ? 1 : 0));
    }
    const values = new Map<string, TensorValue>();
    const made: { -readonly [K in keyof Outputs]: TensorValue | null } = { ...nothingMade };
    for (const { graph, states } of this.#graphs) {
      const results = await this.#runGraph(graph, states, values, from, to);
      for (const output of graph.manifest.outputs) {
        const result = take(results, output.name, [to - from, ...output.shape.slice(1)]);
        if (output.sink === 'value') values.set(output.value, result);
        else made[output.sink] = result;
      }
      for (const state of states) this.#commit(state, results, from, to, slots);
    }
    for (const slot of slots) {
      this.#exec.clear(slot);
      this.#reset.clear(slot);
      this.#toolResult.clear(slot);
      this.#frames[slot]! += 1;
      this.#position.write(slot, 0, this.#frames.subarray(slot, slot + 1));
    }
    const { audio, ...rest } = made;
    if (audio === null) throw new CallError('model_unavailable', 'no graph returned the audio');
    return { audio, ...rest };
  }

  #runGraph(
    graph: Graph,
    states: readonly StateBuffer[],
    values: ReadonlyMap<string, TensorValue>,
    from: number,
    to: number,
  ): Promise<Record<string, TensorValue>> {
    const feeds: Record<string, TensorValue> = {};
    for (const input of graph.manifest.inputs) {
      switch (input.source) {
        case 'audio':
          feeds[input.name] = this.#audio.lend(from, to);
          break;
        case 'exec':
          feeds[input.name] = this.#exec.lend(from, to);
          break;
        case 'reset':
          feeds[input.name] = this.#reset.lend(from, to);
          break;
        case 'value':
          // `manifestProblems` saw that an earlier graph makes it.
          feeds[input.name] = values.get(input.value)!;
          break;
        case 'tool_result':
          feeds[input.name] = this.#toolResult.lend(from, to);
          break;
      }
    }
    for (const { spec, buffer } of states) {
      feeds[spec.input] = buffer.lend(from, to);
      if (spec.mode !== 'replace') feeds[spec.position] = this.#position.lend(from, to);
    }
    return graph.run(feeds);
  }

  /** Copies what the graph returned into the rows that ran, and into no other. */
  #commit(
    { spec, buffer }: StateBuffer,
    results: Readonly<Record<string, TensorValue>>,
    from: number,
    to: number,
    slots: readonly number[],
  ): void {
    const written = spec.mode === 'replace' ? spec.shape.slice(1) : spec.shape.slice(2);
    const result = take(results, spec.output, [to - from, ...(written as number[])]);
    for (const slot of slots) {
      const row = rowOf(result, slot - from);
      // An `append` state that is full does not get here, so modulo serves both.
      const place = spec.mode === 'replace' ? 0 : this.#frames[slot]! % capacity(spec);
      buffer.write(slot, place * row.length, row);
    }
  }

  #isFull(slot: number): boolean {
    const frames = this.#frames[slot];
    if (frames === undefined) throw new RangeError(`there is no row ${slot}`);
    return this.#graphs.some(({ states }) =>
      states.some(({ spec }) => spec.mode === 'append' && frames >= capacity(spec)),
    );
  }
}

interface Outputs extends StepOutputs {
  readonly audio: TensorValue;
}

const nothingMade = {
  audio: null,
  text: null,
  events: null,
  word_times: null,
  slots: null,
  calls: null,
};

/** Rows of time that a growing state holds. */
function capacity({ shape }: GraphState): number {
  return shape[1] ?? 0;
}

/** A result, or a refusal when it does not have the declared shape. */
function take(
  results: Readonly<Record<string, TensorValue>>,
  name: string,
  shape: readonly (number | string)[],
): TensorValue {
  const value = results[name];
  if (value?.shape.join() !== shape.join()) {
    const actual = value?.shape.join() ?? 'nothing';
    throw new CallError(
      'model_unavailable',
      `output ${name} is [${actual}], not [${shape.join()}]`,
    );
  }
  return value;
}

/** Numbers in [−1, 1) to 16-bit samples: nearest step, clamped; what is no number is silence. */
function encode(samples: TensorValue['data'], pcm: Int16Array, at: number): void {
  for (let i = 0; i < samples.length; i += 1) {
    const scaled = Math.round(Number(samples[i]) * fullScale);
    pcm[at + i] = Math.min(fullScale - 1, Math.max(-fullScale, scaled));
  }
}
