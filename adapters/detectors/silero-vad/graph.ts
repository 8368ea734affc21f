import { CallError } from '../../../src/ports/errors.ts';
import type { RunBatch } from './batch-scorer.ts';
import { rateHz, rowSamples, stateLayers, stateWidth } from './shape.ts';

/** A loaded graph. `run` blocks its thread for the whole run: never call it on the main thread. */
export interface Graph {
  readonly run: RunBatch;
  release(): Promise<void>;
}

/**
 * Loads Silero VAD weights into a session on one thread and checks that the graph has the inputs
 * and outputs this adapter feeds.
 * @throws CallError `detector_failed` when the graph does not load or is another kind of graph
 */
export async function loadGraph(weights: Uint8Array): Promise<Graph> {
  // Loaded here and not at the top: the worker must first take Float16Array away.
  const { InferenceSession, Tensor } = await import('onnxruntime-node');
  const session = await InferenceSession.create(weights, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
  }).catch((error: unknown) => {
    throw new CallError('detector_failed', 'the Silero VAD graph does not load', { cause: error });
  });
  const inputs = session.inputNames.toSorted().join(' ');
  const outputs = session.outputNames.toSorted().join(' ');
  if (inputs !== 'input sr state' || outputs !== 'output stateN') {
    await session.release();
    throw new CallError(
      'detector_failed',
      `not a Silero VAD 5 or 6 graph: inputs ${inputs}, outputs ${outputs}`,
    );
  }
  const sr = new Tensor('int64', BigInt64Array.of(BigInt(rateHz)), []);
  return {
    run: async ({ rows, input, state }) => {
      const result = await session.run({
        input: new Tensor('float32', input, [rows, rowSamples]),
        state: new Tensor('float32', state, [stateLayers, rows, stateWidth]),
        sr,
      });
      return {
        probabilities: floats(result['output']?.data, rows),
        state: floats(result['stateN']?.data, stateLayers * rows * stateWidth),
      };
    },
    release: () => session.release(),
  };
}

function floats(data: unknown, length: number): Float32Array {
  if (data instanceof Float32Array && data.length === length) return data;
  throw new CallError('detector_failed', 'the Silero VAD graph gave an output of another shape');
}
