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
  /** What a tool brought, in the one frame in which it is told: a place in `tools.results`. */
  z.strictObject({ ...tensor, source: z.literal('tool_result') }),
]);

const graphOutput = z.discriminatedUnion('sink', [
  z.strictObject({ ...tensor, sink: z.literal('audio') }),
  z.strictObject({ ...tensor, sink: z.literal('text') }),
  z.strictObject({ ...tensor, sink: z.literal('events') }),
  z.strictObject({ ...tensor, sink: z.literal('value'), value: name }),
  /** Start and end of each word of the text, samples from the frame's first. */
  z.strictObject({ ...tensor, sink: z.literal('word_times') }),
  /** What the model has understood, a place in each slot's values; 0 = nothing. */
  z.strictObject({ ...tensor, sink: z.literal('slots') }),
  /** A tool that is asked for in this frame: a place in `tools.calls`. */
  z.strictObject({ ...tensor, sink: z.literal('calls') }),
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

/** Values by number: 1 is the first, 0 is none of them. */
const slotValue = z.union([z.string().min(1), z.number(), z.boolean()]);
const slot = z.strictObject({ name, values: z.array(slotValue).min(1).max(10_000) });

const toolCall = z.strictObject({
  name: z.string().regex(/^[\w-]{1,64}$/, 'a name of a tool'),
  /** Names of slots: what is in them when the tool is asked for are its arguments. */
  arguments: z.array(name),
});

const toolResult = z.enum(['answered', 'failed']);

const mark = z.enum(['speech_started', 'speech_ended', 'yielded']);

export const packageManifest = z.strictObject({
  schema: z.enum(['parley-package/1', 'parley-package/2']),
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
    slots: z.array(slot).min(1).max(64).optional(),
    tools: z
      .strictObject({
        /** What the numbers of the calls output mean; the first is "nothing". */
        calls: z.array(toolCall.nullable()).min(2),
        /** What the numbers of the `tool_result` input mean; the first is "nothing". */
        results: z.array(toolResult.nullable()).min(1),
      })
      .optional(),
  }),
});

export type PackageManifest = z.infer<typeof packageManifest>;
export type GraphManifest = z.infer<typeof graph>;
export type GraphState = z.infer<typeof graphState>;
export type Dtype = z.infer<typeof dtype>;
export type HashedFile = z.infer<typeof hashedFile>;
export type FrameMark = z.infer<typeof mark>;
export type SlotValue = z.infer<typeof slotValue>;
export type ToolResult = z.infer<typeof toolResult>;

/** Samples of one frame of input. */
export function inputFrameSamples(manifest: PackageManifest): number {
  return (manifest.clock.inputRateHz * manifest.clock.frameMs) / 1000;
}

/** Samples of one frame of output. */
export function outputFrameSamples(manifest: PackageManifest): number {
  return (manifest.clock.outputRateHz * manifest.clock.frameMs) / 1000;
}
