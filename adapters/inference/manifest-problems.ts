import {
  inputFrameSamples,
  outputFrameSamples,
  type GraphManifest,
  type PackageManifest,
} from './manifest.ts';

type Say = (problem: string) => void;
type GraphOutput = GraphManifest['outputs'][number];

/** What a manifest that fits the schema can still get wrong, in words; empty when it is sound. */
export function manifestProblems(manifest: PackageManifest): string[] {
  const problems: string[] = [];
  const say: Say = (problem) => void problems.push(problem);
  const inSamples = inputFrameSamples(manifest);
  if (!Number.isInteger(inSamples) || !Number.isInteger(outputFrameSamples(manifest))) {
    say('clock: a frame must be whole samples at both rates');
  }
  const values = new Map<string, string>();
  const hears = { audio: 0, tool_result: 0 };
  for (const { file, inputs, outputs, states } of manifest.graphs) {
    for (const input of inputs) {
      const is = typeOf(input);
      const must = (expected: string | undefined): void => {
        if (is !== expected) {
          say(`${file}: input ${input.name} is ${is}, must be ${expected ?? 'made before it'}`);
        }
      };
      switch (input.source) {
        case 'audio':
          hears.audio += 1;
          must(`float32 [B, ${inSamples}]`);
          break;
        case 'exec':
        case 'reset':
          must('bool [B]');
          break;
        case 'value':
          must(values.get(input.value));
          break;
        case 'tool_result':
          hears.tool_result += 1;
          must('int32 [B]');
          break;
      }
    }
    for (const output of outputs) {
      if (output.sink === 'value') values.set(output.value, typeOf(output));
      else checkSink(manifest, output, (problem) => say(`${file}: output ${problem}`));
    }
    for (const { mode, input, shape: is } of states) {
      if (mode !== 'replace' && is.length < 2) {
        say(`${file}: state ${input} is ${mode} and needs a time axis after B`);
      }
    }
  }
  if (hears.audio === 0) say('no graph takes the audio');
  checkCounts(manifest, say);
  checkTools(manifest, hears.tool_result > 0, say);
  return problems;
}

function typeOf({ dtype, shape }: Pick<GraphOutput, 'dtype' | 'shape'>): string {
  return `${dtype} [${shape.join(', ')}]`;
}

/** Whether what goes out of a graph for the runner has the type that the runner reads. */
function checkSink(manifest: PackageManifest, output: GraphOutput, say: Say): void {
  const is = typeOf(output);
  const must = (expected: string, fits = is === expected): void => {
    if (!fits) say(`${output.name} is ${is}, must be ${expected}`);
  };
  const needs = (stream: keyof PackageManifest['streams']): void => {
    if (manifest.streams[stream] === undefined) say(`${output.name} needs streams.${stream}`);
  };
  switch (output.sink) {
    case 'audio':
      must(`float32 [B, ${outputFrameSamples(manifest)}]`);
      break;
    case 'text':
    case 'events':
      must('int32 [B] or [B, n]', output.dtype === 'int32' && output.shape.length <= 2);
      needs(output.sink);
      break;
    case 'word_times':
      must(`int32 [B, ${tokensOf(manifest)}, 2]`);
      needs('text');
      break;
    case 'slots':
      needs('slots');
      must(`int32 [B, ${manifest.streams.slots?.length ?? 'n'}]`);
      break;
    case 'calls':
      needs('tools');
      must('int32 [B]');
      break;
    case 'value':
      break;
  }
}

/** Tokens that the text output has in a frame. */
function tokensOf({ graphs }: PackageManifest): number {
  const text = graphs.flatMap(({ outputs }) => outputs).find(({ sink }) => sink === 'text');
  return text?.shape[1] ?? 1;
}

function checkCounts({ schema, graphs, streams }: PackageManifest, say: Say): void {
  const sinks = graphs.flatMap(({ outputs }) => outputs.map(({ sink }) => sink));
  const count = (sink: GraphOutput['sink']): number => sinks.filter((each) => each === sink).length;
  if (count('audio') !== 1) say(`${count('audio')} outputs are the audio, must be 1`);
  for (const sink of ['text', 'events', 'word_times', 'slots', 'calls'] as const) {
    if (count(sink) > 1) say(`${count(sink)} outputs are ${sink}, must be 1 at most`);
  }
  const sources = graphs.flatMap(({ inputs }) => inputs.map(({ source }) => source));
  const second =
    streams.slots !== undefined ||
    streams.tools !== undefined ||
    count('word_times') > 0 ||
    sources.includes('tool_result');
  if (second && schema === 'parley-package/1') {
    say('slots, tools and times of words need schema parley-package/2');
  }
  if (streams.tools !== undefined && count('calls') === 0) {
    say('streams.tools needs an output with sink calls');
  }
  if (streams.slots !== undefined && count('slots') === 0) {
    say('streams.slots needs an output with sink slots');
  }
}

function checkTools({ streams }: PackageManifest, takesResults: boolean, say: Say): void {
  const { tools, slots = [] } = streams;
  if (takesResults && tools === undefined) say('the input tool_result needs streams.tools');
  if (tools === undefined) return;
  if (!takesResults) say('streams.tools needs an input with source tool_result');
  for (const [what, list] of Object.entries(tools)) {
    if (list[0] !== null) say(`streams.tools.${what}: the first is what 0 means, must be null`);
  }
  const known = new Set(slots.map(({ name }) => name));
  for (const call of tools.calls) {
    for (const name of call?.arguments ?? []) {
      if (!known.has(name)) say(`streams.tools.calls: ${call?.name} has no slot ${name}`);
    }
  }
}
