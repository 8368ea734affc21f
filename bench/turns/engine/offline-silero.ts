import { BatchScorer } from '../../../adapters/detectors/silero-vad/batch-scorer.ts';
import { loadGraph } from '../../../adapters/detectors/silero-vad/graph.ts';
import { frameSamples } from '../../../adapters/detectors/silero-vad/shape.ts';
import { locateWeights, readWeights } from '../../../adapters/detectors/silero-vad/weights.ts';
import type { Sound } from '../sound/fragment.ts';

/** Sounds that are scored at once. */
const rows = 64;

/** The detector that calls use, asked as fast as it answers. In this process: nobody else waits. */
export class OfflineSilero {
  readonly #scorer: BatchScorer;
  #nextStream = 0;

  private constructor(scorer: BatchScorer) {
    this.#scorer = scorer;
  }

  static async load(): Promise<OfflineSilero> {
    // Where this type exists, onnxruntime-node 1.30 refuses float16 inputs; it looks when it is loaded.
    Reflect.deleteProperty(globalThis, 'Float16Array');
    const graph = await loadGraph(await readWeights(locateWeights()));
    return new OfflineSilero(new BatchScorer(graph.run, rows));
  }

  /** A number for a new stream. */
  stream(): number {
    return this.#nextStream++;
  }

  /** The next frame of each stream: scores in the same order. */
  async next(
    frames: readonly { readonly stream: number; readonly frame: Sound }[],
  ): Promise<Float32Array> {
    const pcm = new Float32Array(frames.length * frameSamples);
    for (const [index, { frame }] of frames.entries()) pcm.set(frame, index * frameSamples);
    const streamIds = Int32Array.from(frames, ({ stream }) => stream);
    return (await this.#scorer.score({ streamIds, pcm })).probabilities;
  }

  end(streams: readonly number[]): void {
    this.#scorer.forget(streams);
  }

  /** Scores whole sounds, each from its beginning; a rest shorter than a frame is left out. */
  async whole(sounds: readonly Sound[]): Promise<readonly Float32Array[]> {
    const scores = sounds.map((sound) => new Float32Array(Math.floor(sound.length / frameSamples)));
    const order = sounds
      .map((_, index) => index)
      .toSorted((a, b) => sounds[b]!.length - sounds[a]!.length);
    for (let from = 0; from < order.length; from += rows) {
      const batch = order.slice(from, from + rows);
      const streams = batch.map(() => this.stream());
      for (let frame = 0; ; frame += 1) {
        const due = batch.flatMap((index, row) =>
          frame < scores[index]!.length ? [{ index, stream: streams[row]! }] : [],
        );
        if (due.length === 0) break;
        const at = frame * frameSamples;
        const found = await this.next(
          due.map(({ index, stream }) => ({
            stream,
            frame: sounds[index]!.subarray(at, at + frameSamples),
          })),
        );
        for (const [row, { index }] of due.entries()) scores[index]![frame] = found[row]!;
      }
      this.end(streams);
    }
    return scores;
  }
}
