/**
 * Interrupts the answers of a cascade at random moments, in real time, and tells how soon its model and
 * voice stopped, what was heard, and what is left behind:
 *
 *     npx node test/soak/interruptions.ts [--cuts 500] [--at-once 6] [--seed 1]
 *
 * Gateway, stand-in servers and callers share this process: `own` times are those without what held
 * it up, `lateMs` how late its timers were. Exit code 1 when a stage stopped later than 50 ms of its own
 * time, when something is left, or history is wrong.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { distribution } from '../../bench/lib/distribution.ts';
import { outFolder } from '../../bench/lib/report.ts';
import { openCascadeStage, partsKey, partsKeyEnv } from '../conformance/cascade-stage.ts';
import {
  countingAgent,
  firstNote,
  interruptCall,
  LoopWatch,
  type InterruptedCall,
  type Stop,
} from './interrupting.ts';
import { numbersFrom } from './options.ts';

/** A stage stops within so much of the cut, ms. */
const stopWithinMs = 50;
const attempts = 12;
const lookEveryMs = 5;

const given = numbersFrom({ cuts: 500, 'at-once': 6, seed: 1 });
process.env[partsKeyEnv] = partsKey;
const late = monitorEventLoopDelay({ resolution: lookEveryMs });
const loop = new LoopWatch();
const made: InterruptedCall[] = [];
const left: string[] = [];
for (let round = 0; cutsOf(made) < given.cuts; round += 1) {
  made.push(...(await callAtOnce(round)));
  process.stderr.write(`${cutsOf(made)} of ${given.cuts} cuts\n`);
}
loop.close();
process.exitCode = verdict() ? 0 : 1;

/** What can be looked at afterwards. */
function keep({ agent, events, faults, notes }: InterruptedCall, index: number): void {
  mkdirSync(outFolder, { recursive: true });
  const lines = [{ agent, faults, notes }, ...events].map((line) => JSON.stringify(line));
  writeFileSync(`${outFolder}interrupted-${index}.jsonl`, `${lines.join('\n')}\n`);
}

async function callAtOnce(round: number): Promise<readonly InterruptedCall[]> {
  const seed = given.seed + round * given['at-once'];
  const kinds = [
    { stt: 'nova', tts: 'cartesia' },
    { stt: 'flux', tts: 'cartesia' },
    { stt: 'transcription', tts: 'elevenlabs' },
  ] as const;
  const agents = Object.fromEntries(
    Array.from({ length: given['at-once'] }, (_, i) => [
      `agent${i}`,
      countingAgent(kinds[i % kinds.length]!, { notes: 2 * attempts, seed: seed + i }),
    ]),
  );
  const stage = await openCascadeStage(agents);
  late.enable();
  const calls = await Promise.all(
    Object.keys(agents).map((agent, i) =>
      interruptCall({ stage, agent, attempts, seed: seed + i, loop }),
    ),
  );
  late.disable();
  await sleep(200);
  for (const [name, { llm, stt, tts }] of Object.entries(stage.parts)) {
    const open = { requests: llm.stats.active, contexts: tts.working(), sockets: stt.sockets() };
    for (const [what, count] of Object.entries(open)) {
      if (count > 0) left.push(`${count} ${what} of ${name} in round ${round}`);
    }
    left.push(...tts.violations(), ...stt.violations());
  }
  await stage.close();
  return calls;
}

function cutsOf(calls: readonly InterruptedCall[]): number {
  return calls.reduce((sum, { cuts }) => sum + cuts.caller + cuts.client + cuts.hangup, 0);
}

function verdict(): boolean {
  const sum = (kind: 'caller' | 'client' | 'hangup'): number =>
    made.reduce((all, { cuts }) => all + cuts[kind], 0);
  const model = made.flatMap(({ modelStops }) => modelStops);
  const voice = made.flatMap(({ voiceStops }) => voiceStops);
  const tell = (stops: readonly Stop[]): object => ({
    afterMs: distribution(stops.map(({ afterMs }) => afterMs)),
    ownMs: distribution(stops.map(({ ownMs }) => ownMs)),
  });
  const unstopped = made.reduce((all, call) => all + call.unstopped, 0);
  const faults = made.flatMap((call) => call.faults);
  const unheard = made.filter(({ notes }) => notes.some((note, i) => note !== firstNote + i));
  const wrong = made.filter((call) => call.faults.length > 0 || unheard.includes(call));
  for (const [index, call] of wrong.entries()) keep(call, index);
  const lateMs = [50, 99, 100].map((share) =>
    Math.max(0, late.percentile(share) / 1e6 - lookEveryMs),
  );
  const lines = {
    cuts: { caller: sum('caller'), client: sum('client'), hangup: sum('hangup') },
    modelStops: tell(model),
    voiceStops: tell(voice),
    stopsOverLimit: [...model, ...voice].filter(({ ownMs }) => ownMs > stopWithinMs).length,
    unstopped,
    historyFaults: faults,
    callsWithLostNotes: unheard.map(({ notes }) => notes.join(' ')),
    left,
    lateMs: { p50: lateMs[0], p99: lateMs[1], max: lateMs[2] },
  };
  for (const [name, value] of Object.entries(lines)) {
    process.stdout.write(`${name}: ${JSON.stringify(value)}\n`);
  }
  return lines.stopsOverLimit + unstopped + faults.length + unheard.length + left.length === 0;
}
