import { join } from 'node:path';

import { CallError } from '../../src/ports/errors.ts';
import type { Dtype, GraphManifest } from './manifest.ts';
import { refusal, type ModelPackage } from './model-package.ts';
import { arrayTypes, type TensorValue } from './tensor.ts';

/** A loaded graph. `run` blocks its thread for the whole run: never call it on the main thread. */
export interface Graph {
  readonly manifest: GraphManifest;
  /** @param feeds by input name; lent until the promise settles */
  run(feeds: Readonly<Record<string, TensorValue>>): Promise<Record<string, TensorValue>>;
  release(): Promise<void>;
}

/** A tensor as a manifest declares it, or as a loaded graph has it. */
interface Declared {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly (number | string)[];
}

/**
 * Opens the graphs of a package, in order, one thread each, and compares every name, dtype and
 * shape with what the manifest declares.
 * @throws CallError `model_unavailable` with every difference in the message
 */
export async function openGraphs(model: ModelPackage): Promise<Graph[]> {
  const graphs: Graph[] = [];
  try {
    for (const graph of model.manifest.graphs) graphs.push(await openGraph(model, graph));
  } catch (error) {
    await Promise.all(graphs.map((graph) => graph.release()));
    throw error;
  }
  return graphs;
}

async function openGraph(model: ModelPackage, manifest: GraphManifest): Promise<Graph> {
  // Loaded here and not at the top: the worker must first take Float16Array away.
  const { InferenceSession, Tensor } = await import('onnxruntime-node');
  const session = await InferenceSession.create(join(model.folder, manifest.file), {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
  }).catch((error: unknown) => {
    throw refusal(model.manifest.id, `${manifest.file} does not load`, error);
  });
  const found = (metadata: typeof session.inputMetadata): Declared[] =>
    metadata.map((value) =>
      value.isTensor
        ? { name: value.name, dtype: value.type, shape: value.shape }
        : { name: value.name, dtype: 'not a tensor', shape: [] },
    );
  const problems = [
    ...differences('input', declaredInputs(manifest), found(session.inputMetadata)),
    ...differences('output', declaredOutputs(manifest), found(session.outputMetadata)),
  ];
  if (problems.length > 0) {
    await session.release();
    throw refusal(model.manifest.id, `${manifest.file}: ${problems.join('; ')}`);
  }
  const wanted = declaredOutputs(manifest).map(({ name }) => name);
  return {
    manifest,
    run: async (feeds) => {
      const tensors = Object.entries(feeds).map(
        ([name, { dtype, data, shape }]) => [name, new Tensor(dtype, data, shape)] as const,
      );
      const results = await session.run(Object.fromEntries(tensors), wanted);
      return Object.fromEntries(
        Object.entries(results).map(([name, { type, dims, data }]) => [
          name,
          asValue(name, type, dims, data),
        ]),
      );
    },
    release: () => session.release(),
  };
}

function asValue(name: string, type: string, shape: readonly number[], data: unknown): TensorValue {
  const dtype = type as Dtype;
  if (!(dtype in arrayTypes) || !(data instanceof arrayTypes[dtype])) {
    throw new CallError('model_unavailable', `output ${name} came as ${type}`);
  }
  return { dtype, shape, data };
}

/** Everything a graph must take, the runner's own inputs included. */
function declaredInputs({ inputs, states }: GraphManifest): Declared[] {
  return [
    ...inputs,
    ...states.map(({ input, dtype, shape }) => ({ name: input, dtype, shape })),
    // States may share a position.
    ...new Map(
      states.flatMap((state): [string, Declared][] =>
        state.mode === 'replace'
          ? []
          : [[state.position, { name: state.position, dtype: 'int32', shape: ['B'] }]],
      ),
    ).values(),
  ];
}

function declaredOutputs({ outputs, states }: GraphManifest): Declared[] {
  return [
    ...outputs,
    ...states.map(({ mode, output, dtype, shape }) => ({
      name: output,
      dtype,
      shape: mode === 'replace' ? shape : ['B', ...shape.slice(2)],
    })),
  ];
}

/** How a graph differs from its manifest, in words. A symbolic size fits any declared one. */
function differences(
  kind: 'input' | 'output',
  declared: readonly Declared[],
  actual: readonly Declared[],
): string[] {
  const problems: string[] = [];
  const byName = new Map(actual.map((value) => [value.name, value]));
  for (const { name, dtype, shape } of declared) {
    const value = byName.get(name);
    const subject = `${kind} ${name}`;
    if (value === undefined) {
      problems.push(`${subject} is declared but the graph has none`);
      continue;
    }
    byName.delete(name);
    if (value.dtype !== dtype) {
      problems.push(`${subject} is declared ${dtype} but is ${value.dtype}`);
    }
    const fits = (length: number | string, axis: number): boolean =>
      typeof length === 'string' || length === shape[axis];
    if (value.shape.length !== shape.length) {
      problems.push(`${subject} is declared with rank ${shape.length}, has ${value.shape.length}`);
    } else if (typeof value.shape[0] === 'number' || !value.shape.every(fits)) {
      problems.push(
        `${subject} is declared [${shape.join(', ')}] but is [${value.shape.join(', ')}]`,
      );
    }
  }
  for (const name of byName.keys()) {
    problems.push(`${kind} ${name} is in the graph but not declared`);
  }
  return problems;
}
