import { parseArgs } from 'node:util';
import { allKinds, kinds, type Death, type Kind } from './handover/kinds.ts';
import type { Detection } from './load/steps.ts';

/** What `parley bench …` asks for. */
export type BenchCommand =
  | { readonly kind: 'help' }
  | { readonly kind: 'usage'; readonly message: string }
  | {
      readonly kind: 'overhead';
      readonly json: boolean;
      readonly profile: boolean;
      readonly calls: number;
      readonly rounds: number;
      readonly windowMs: number;
      readonly openings: number;
    }
  | {
      readonly kind: 'load';
      readonly json: boolean;
      readonly profile: boolean;
      readonly detections: readonly Detection[];
      readonly steps: readonly number[];
      readonly stepMs: number;
      readonly holdMs: number;
      readonly modelSteps: readonly number[];
      readonly modelStepMs: number;
    }
  | {
      readonly kind: 'turns';
      readonly json: boolean;
      readonly quick: boolean;
      readonly dialogues: number;
      readonly realTimeDialogues: number;
      readonly speechFolder: string | null;
    }
  | {
      readonly kind: 'ttfb';
      readonly json: boolean;
      readonly turns: number;
      readonly turnsPerCall: number;
      readonly calls: number;
      readonly longestMs: number;
      readonly agents: readonly string[] | null;
      readonly url: string | null;
      readonly seed: number;
      /** Goes on with the run that broke off. */
      readonly resume: boolean;
      /** Nobody is asked whether it may cost something. */
      readonly yes: boolean;
    }
  | {
      readonly kind: 'handover';
      readonly json: boolean;
      readonly kills: number;
      readonly calls: number;
      readonly seed: number;
      readonly deaths: readonly Death[];
      readonly backends: readonly Kind[];
      readonly only: readonly string[];
      readonly resume: boolean;
      readonly longestMs: number;
    };

/** What `parley bench help` prints. */
export const benchHelp = `Usage: npx parley bench <benchmark> [--json] [--quick] [--cpu-profile]

  overhead [--calls N] [--rounds N]
      CPU and delay of a frame through Parley, beside a direct connection, a bare relay and nginx.
  load [--calls N] [--step N] [--detection off|on|both] [--model-calls N]
      Calls at real-time pace, more step by step, until the frame delay's p99 passes 10 ms.
      --calls is the most to try, --model-calls the most for the bundled model (0: none).

  turns [--dialogues N] [--real-time N] [--speech DIR]
      Turn-taking on generated dialogues: ends of turns, interruptions, backchannels, echo. Speech is
      made by flite and espeak-ng. --real-time is how many also go through a running gateway (0: none),
      --speech a folder of recordings of people.
  ttfb [--agents A,B] [--turns N] [--calls N] [--seed N] [--url URL] [--resume] [--yes]
      How long callers wait: spoken turns in real time, agents in random order. Without --url a gateway
      of its own with agents of known delays. --turns is for each agent, --calls how many at once.
      PARLEY_KEY is the key of the gateway at --url. --resume goes on with a run that broke off, --yes
      spends money on hosted backends without asking.
  handover [--kills N] [--calls N] [--seed N] [--deaths reset,close,stall] [--only double,…]
           [--backends openai,gemini,cascade,live] [--resume]
      Backends that die at moments drawn by chance, under calls of the stock client; judged by what is
      heard. --calls is how many at once, --deaths how they die (reset and close), --only moments and
      pairs (openai-gemini), --backends who takes part (all but live, with which the caller's turns are
      heard, not ended by hand). --resume goes on with a run that was broken off.

  --json         one JSON object on standard output and nothing else
  --quick        a rough answer within 50 s
  --cpu-profile  writes .cpuprofile files of the gateways to bench/out (overhead, load)
`;

const most = 5_000;

/** Reads the arguments after `bench`. Never throws. */
export function parseBench(args: readonly string[]): BenchCommand {
  const [name, ...rest] = args;
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    return { kind: 'help' };
  }
  const parse = parsers.get(name);
  if (parse === undefined) {
    const known = [...parsers.keys()].join(', ');
    return { kind: 'usage', message: `There is no benchmark ${JSON.stringify(name)}: ${known}.` };
  }
  try {
    return parse(rest);
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : 'The arguments cannot be read.';
    return { kind: 'usage', message };
  }
}

const common = {
  json: { type: 'boolean' },
  quick: { type: 'boolean' },
  'cpu-profile': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  calls: { type: 'string' },
} as const;

function parseOverhead(args: string[]): BenchCommand {
  const { values } = parseArgs({ args, options: { ...common, rounds: { type: 'string' } } });
  if (values.help === true) return { kind: 'help' };
  const quick = values.quick ?? false;
  return {
    kind: 'overhead',
    json: values.json ?? false,
    profile: values['cpu-profile'] ?? false,
    calls: count('--calls', values.calls, quick ? 50 : 100),
    rounds: count('--rounds', values.rounds, quick ? 2 : 5),
    windowMs: quick ? 1_800 : 5_000,
    openings: quick ? 20 : 60,
  };
}

function parseLoad(args: string[]): BenchCommand {
  const { values } = parseArgs({
    args,
    options: {
      ...common,
      step: { type: 'string' },
      detection: { type: 'string' },
      'model-calls': { type: 'string' },
    },
  });
  if (values.help === true) return { kind: 'help' };
  const quick = values.quick ?? false;
  const calls = count('--calls', values.calls, quick ? 300 : 400);
  const step = count('--step', values.step, quick ? 100 : 50);
  // The bundled model takes 32 calls at once.
  const modelCalls = count('--model-calls', values['model-calls'], 30, 0);
  return {
    kind: 'load',
    json: values.json ?? false,
    profile: values['cpu-profile'] ?? false,
    detections: detectionsOf(values.detection ?? 'both'),
    steps: stepsTo(calls, step),
    stepMs: quick ? 2_000 : 6_000,
    holdMs: quick ? 0 : 20_000,
    modelSteps: modelCalls === 0 ? [] : modelStepsTo(modelCalls, quick),
    modelStepMs: quick ? 2_000 : 6_000,
  };
}

function parseTurns(args: string[]): BenchCommand {
  const { values } = parseArgs({
    args,
    options: {
      json: common.json,
      quick: common.quick,
      help: common.help,
      dialogues: { type: 'string' },
      'real-time': { type: 'string' },
      speech: { type: 'string' },
    },
  });
  if (values.help === true) return { kind: 'help' };
  const quick = values.quick ?? false;
  return {
    kind: 'turns',
    json: values.json ?? false,
    quick,
    dialogues: count('--dialogues', values.dialogues, quick ? 24 : 360),
    realTimeDialogues: count('--real-time', values['real-time'], quick ? 4 : 20, 0),
    speechFolder: values.speech ?? null,
  };
}

function parseTtfb(args: string[]): BenchCommand {
  const { values } = parseArgs({
    args,
    options: {
      json: common.json,
      quick: common.quick,
      help: common.help,
      calls: common.calls,
      turns: { type: 'string' },
      agents: { type: 'string' },
      seed: { type: 'string' },
      url: { type: 'string' },
      resume: { type: 'boolean' },
      yes: { type: 'boolean' },
    },
  });
  if (values.help === true) return { kind: 'help' };
  const quick = values.quick ?? false;
  const url = values.url ?? null;
  const agents = values.agents?.split(',').map((name) => name.trim()) ?? null;
  if (agents?.includes('') === true) throw new RangeError('--agents is a list of names: a,b.');
  if (url !== null && !URL.canParse(url)) throw new RangeError(`--url: ${url} is not a URL.`);
  if (url !== null && agents === null) throw new RangeError('--url needs --agents.');
  return {
    kind: 'ttfb',
    json: values.json ?? false,
    turns: count('--turns', values.turns, quick ? 40 : 200),
    turnsPerCall: quick ? 2 : 4,
    // Somebody's model is not to be measured under a load that the bench makes.
    calls: count('--calls', values.calls, url === null ? 12 : 1),
    longestMs: quick ? 27_000 : 6 * 3_600_000,
    agents,
    url,
    seed: count('--seed', values.seed, 1, 0),
    resume: values.resume ?? false,
    yes: values.yes ?? false,
  };
}

function parseHandover(args: string[]): BenchCommand {
  const { values } = parseArgs({
    args,
    options: {
      json: common.json,
      quick: common.quick,
      help: common.help,
      calls: common.calls,
      kills: { type: 'string' },
      seed: { type: 'string' },
      deaths: { type: 'string' },
      backends: { type: 'string' },
      only: { type: 'string' },
      resume: { type: 'boolean' },
    },
  });
  if (values.help === true) return { kind: 'help' };
  const quick = values.quick ?? false;
  return {
    kind: 'handover',
    json: values.json ?? false,
    kills: count('--kills', values.kills, quick ? 30 : 500),
    calls: count('--calls', values.calls, 10),
    seed: count('--seed', values.seed, 1, 0),
    deaths: deathsOf(values.deaths ?? 'reset,close'),
    backends: backendsOf(values.backends ?? kinds.join()),
    only: (values.only ?? '')
      .split(',')
      .flatMap((name) => (name.trim() === '' ? [] : [name.trim()])),
    resume: values.resume ?? false,
    longestMs: quick ? 30_000 : 6 * 3_600_000,
  };
}

const parsers: ReadonlyMap<string, (args: string[]) => BenchCommand> = new Map([
  ['overhead', parseOverhead],
  ['load', parseLoad],
  ['turns', parseTurns],
  ['ttfb', parseTtfb],
  ['handover', parseHandover],
]);

/** Every step up to the last, which is always there. */
function stepsTo(calls: number, step: number): readonly number[] {
  const steps: number[] = [];
  for (let at = step; at < calls; at += step) steps.push(at);
  return [...steps, calls];
}

function modelStepsTo(calls: number, quick: boolean): readonly number[] {
  const between = quick ? [] : [10, 20, 40];
  return [...new Set([1, ...between.filter((at) => at < calls), calls])];
}

function detectionsOf(text: string): readonly Detection[] {
  switch (text) {
    case 'off':
    case 'on':
      return [text];
    case 'both':
      return ['off', 'on'];
    default:
      throw new RangeError('--detection must be off, on or both.');
  }
}

function deathsOf(text: string): readonly Death[] {
  const names = text.split(',').map((name) => name.trim());
  return names.map((name) => {
    if (name === 'reset' || name === 'close' || name === 'stall') return name;
    throw new RangeError('--deaths is a list of reset, close and stall.');
  });
}

function backendsOf(text: string): readonly Kind[] {
  const names = new Set(text.split(',').map((name) => name.trim()));
  const found = allKinds.filter((kind) => names.delete(kind));
  if (names.size === 0 && found.length > 1) return found;
  throw new RangeError(`--backends is a list of two or more of ${allKinds.join(', ')}.`);
}

function count(option: string, text: string | undefined, usual: number, least = 1): number {
  if (text === undefined) return usual;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > most) {
    throw new RangeError(`${option} must be a whole number from ${least} to ${most}.`);
  }
  return value;
}
