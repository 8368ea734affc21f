import { CallError } from '../../../src/ports/errors.ts';
import { inputLength, melBands, windowFrames } from './shape.ts';

/** A loaded graph. `score` blocks its thread for the whole run: never call it on the main thread. */
export interface TurnGraph {
  /**
   * @param features 64,000 numbers, lent until the promise settles
   * @returns the graph's own probability that the turn is over, 0–1
   */
  score(features: Float32Array): Promise<number>;
  release(): Promise<void>;
}

/**
 * Loads a graph of Smart Turn v3's contract into a session on one thread: `input_features` float32
 * `[1 or any, 80, 800]` in, `logits` out. In spite of its name that output is a probability already.
 * @throws CallError `detector_failed` when the graph does not load or is another kind of graph
 */
export async function loadTurnGraph(weights: Uint8Array): Promise<TurnGraph> {
  // Loaded here and not at the top: the worker must first take Float16Array away.
  const { InferenceSession, Tensor } = await import('onnxruntime-node');
  const session = await InferenceSession.create(weights, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
  }).catch((error: unknown) => {
    throw new CallError('detector_failed', 'the end-of-turn graph does not load', { cause: error });
  });
  const [input, ...moreInputs] = session.inputMetadata;
  const fits =
    moreInputs.length === 0 &&
    input?.name === 'input_features' &&
    input.isTensor &&
    input.type === 'float32' &&
    input.shape.length === 3 &&
    (input.shape[0] === 1 || typeof input.shape[0] === 'string') &&
    input.shape[1] === melBands &&
    input.shape[2] === windowFrames &&
    session.outputNames.join(' ') === 'logits';
  if (!fits) {
    await session.release();
    const inputs = session.inputMetadata.map((value) =>
      value.isTensor ? `${value.name} ${value.type} [${value.shape.join(', ')}]` : value.name,
    );
    throw new CallError(
      'detector_failed',
      `not a Smart Turn v3 graph: inputs ${inputs.join('; ')}, outputs ${session.outputNames.join(' ')}`,
    );
  }
  return {
    async score(features) {
      if (features.length !== inputLength) {
        throw new RangeError(`features must hold ${inputLength} numbers, has ${features.length}`);
      }
      const { logits } = await session.run({
        input_features: new Tensor('float32', features, [1, melBands, windowFrames]),
      });
      if (!(logits?.data instanceof Float32Array) || logits.data.length !== 1) {
        throw new CallError(
          'detector_failed',
          'the end-of-turn graph gave an output of another shape',
        );
      }
      return logits.data[0]!;
    },
    release: () => session.release(),
  };
}
