import { z } from 'zod';

/**
 * The manifest of a model package, `manifest.json` in its folder. docs/model-packages.md explains
 * it to people who bring a model. Every tensor has the batch axis `B` first: a call is a row.
 */
const fileName = z.string().regex(/^[A-Za-z0-9][\w.-]*$/, 'a plain file name in the package');
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 in lower-case hex');
const hashedFile = z.strictObject({ file: fileName, sha256 });

const dtype = z.enum(['float32', 'float16', 'int8', 'uint8', 'int16', 'int32', 'int64', 'bool']);
const size = z.int().min(1).max(1_000_000);
const shape = z.tuple([z.literal('B')], size);
const name = z.string().min(1);

const tensor = { name, dtype, shape };

const graphInput = z.discriminatedUnion('source', [
  z.strictObject({ ...tensor, source: z.literal('audio') }),
  /** True for rows that have a frame in this step. */
  z.strictObject({ ...tensor, source: z.literal('exec') }),
  /** True for a row's first frame. */
  z.strictObject({ ...tensor, source: z.literal('reset') }),
  /** An output of an earlier graph of the same step. */
  z.strictObject({ ...tensor, source: z.literal('value'), value: name }),
]);

const graphOutput = z.discriminatedUnion('sink', [
  z.strictObject({ ...tensor, sink: z.literal('audio') }),
  z.strictObject({ ...tensor, sink: z.literal('text') }),
  z.strictObject({ ...tensor, sink: z.literal('events') }),
  z.strictObject({ ...tensor, sink: z.literal('value'), value: name }),
]);

/** `shape` is the state's own: for `append` and `ring` its second axis is time. */
const state = { input: name, output: name, dtype, shape };

const graphState = z.discriminatedUnion('mode', [
  /** The graph returns the whole new state. */
  z.strictObject({ ...state, mode: z.literal('replace') }),
  /** The graph returns one new row of time; a call ends when the state is full. */
  z.strictObject({ ...state, mode: z.literal('append'), position: name }),
  /** The same, but the oldest row of time is overwritten. */
  z.strictObject({ ...state, mode: z.literal('ring'), position: name }),
]);

const graph = z.strictObject({
  ...hashedFile.shape,
  /** Files the graph refers to (external weights). */
  data: z.array(hashedFile).optional(),
  inputs: z.array(graphInput),
  outputs: z.array(graphOutput),
  states: z.array(graphState),
});

const mark = z.enum(['speech_started', 'speech_ended', 'yielded']);

export const packageManifest = z.strictObject({
  schema: z.literal('parley-package/1'),
  id: z.string().regex(/^[a-z][a-z0-9-]*$/),
  description: z.string(),
  license: z.string(),
  loop: z.literal('frame'),
  clock: z.strictObject({
    frameMs: z.int().min(10).max(500),
    inputRateHz: z.int().min(8000).max(48_000),
    outputRateHz: z.int().min(8000).max(48_000),
  }),
  batch: z.strictObject({ axis: z.literal('B'), maxRows: z.int().min(1).max(1024) }),
  graphs: z.array(graph).min(1).max(16),
  streams: z.strictObject({
    /** What the numbers of the events output mean; the first is "nothing". */
    events: z.strictObject({ marks: z.array(mark.nullable()).min(1) }).optional(),
    /** `vocabulary`: a JSON array of strings, by token id. `silent`: ids that are no words. */
    text: z.strictObject({ vocabulary: hashedFile, silent: z.array(z.int()) }).optional(),
  }),
});

export type PackageManifest = z.infer<typeof packageManifest>;
export type GraphManifest = z.infer<typeof graph>;
export type GraphState = z.infer<typeof graphState>;
export type Dtype = z.infer<typeof dtype>;
export type HashedFile = z.infer<typeof hashedFile>;
export type FrameMark = z.infer<typeof mark>;

/** Samples of one frame of input. */
export function inputFrameSamples(manifest: PackageManifest): number {
  return (manifest.clock.inputRateHz * manifest.clock.frameMs) / 1000;
}

/** Samples of one frame of output. */
export function outputFrameSamples(manifest: PackageManifest): number {
  return (manifest.clock.outputRateHz * manifest.clock.frameMs) / 1000;
}

/** What a manifest that fits the schema can still get wrong, in words; empty when it is sound. */
export function manifestProblems(manifest: PackageManifest): string[] {
  const problems: string[] = [];
  const say = (problem: string): void => void problems.push(problem);
  const inSamples = inputFrameSamples(manifest);
  const outSamples = outputFrameSamples(manifest);
  if (!Number.isInteger(inSamples) || !Number.isInteger(outSamples)) {
    say('clock: a frame must be whole samples at both rates');
  }
  const values = new Map<string, string>();
  const sinks = { audio: 0, text: 0, events: 0 };
  let hears = 0;
  for (const { file, inputs, outputs, states } of manifest.graphs) {
    for (const input of inputs) {
      const is = `${input.dtype} [${input.shape.join(', ')}]`;
      const must = (expected: string | undefined): void => {
        if (is !== expected) {
          say(`${file}: input ${input.name} is ${is}, must be ${expected ?? 'made before it'}`);
        }
      };
      switch (input.source) {
        case 'audio':
          hears += 1;
          must(`float32 [B, ${inSamples}]`);
          break;
        case 'exec':
        case 'reset':
          must('bool [B]');
          break;
        case 'value':
          must(values.get(input.value));
          break;
      }
    }
    for (const output of outputs) {
      const is = `${output.dtype} [${output.shape.join(', ')}]`;
      switch (output.sink) {
        case 'audio':
          sinks.audio += 1;
          if (is !== `float32 [B, ${outSamples}]`) {
            say(`${file}: output ${output.name} is ${is}, must be float32 [B, ${outSamples}]`);
          }
          break;
        case 'text':
        case 'events':
          sinks[output.sink] += 1;
          if (output.dtype !== 'int32' || output.shape.length > 2) {
            say(`${file}: output ${output.name} is ${is}, must be int32 [B] or [B, n]`);
          }
          if (manifest.streams[output.sink] === undefined) {
            say(`${file}: output ${output.name} needs streams.${output.sink}`);
          }
          break;
        case 'value':
          values.set(output.value, is);
          break;
      }
    }
    for (const { mode, input, shape: is } of states) {
      if (mode !== 'replace' && is.length < 2) {
        say(`${file}: state ${input} is ${mode} and needs a time axis after B`);
      }
    }
  }
  if (hears === 0) say('no graph takes the audio');
  if (sinks.audio !== 1) say(`${sinks.audio} outputs are the audio, must be 1`);
  if (sinks.text > 1 || sinks.events > 1) say('text and events have at most one output each');
  return problems;
}
