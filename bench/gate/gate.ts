// What a caller hears of things that may not be said, and what the gate costs:
//
//     npx node bench/gate/gate.ts [--planted 200] [--at-once 10] [--hold-back 200] [--late hold] [--factor 4]
//
// Planted sentences on five backend kinds (stand-ins; Hydra's words come from a recogniser beside it),
// their transcripts cut in the middle of every word, judged word by word by the ear's recording. Then
// clean sentences with a gate and without one. Prints one JSON object; raw samples in bench/out/gate.json.
import process from 'node:process';
import { parseArgs } from 'node:util';
import { backendKinds, type BackendKind } from '../../test/conformance/gate/backends.ts';
import { judge, type Judged } from '../../test/conformance/gate/judge.ts';
import {
  cleanSentences,
  gateRules,
  plantedSentences,
  wordsOf,
  type Planted,
} from '../../test/conformance/gate/plants.ts';
import {
  openGateStage,
  type GateEvent,
  type Heard,
  type StageCall,
} from '../../test/conformance/gate/stage.ts';
import { distribution, median, rounded } from '../lib/distribution.ts';
import { describeMachine } from '../lib/machine.ts';
import { writeReport } from '../lib/report.ts';

/** Sentences of one call (a count). */
const perCall = 8;
/** Calls of each kind with clean sentences, with a gate and as many without (a count). */
const cleanCalls = 2;

interface Run {
  readonly call: StageCall;
  readonly plants: readonly Planted[] | null;
  heard?: Heard;
  /** Why nothing can be said about it. */
  fault?: string;
}

const { values } = parseArgs({
  options: {
    planted: { type: 'string', default: '200' },
    'at-once': { type: 'string', default: '10' },
    'hold-back': { type: 'string', default: '200' },
    late: { type: 'string', default: 'hold' },
    factor: { type: 'string', default: '4' },
  },
});
const config = {
  planted: Number(values.planted),
  atOnce: Number(values['at-once']),
  holdBackMs: Number(values['hold-back']),
  onLateText: values.late,
  realTimeFactor: Number(values.factor),
};

const runs = [...plannedRuns(), ...cleanRuns()];
await play(runs);
const samples = runs.map(sampleOf);
const report = writeReport(
  { bench: 'gate', config, summary: summaryOf(), samples, charts: [] },
  describeMachine(),
);
console.log(JSON.stringify(report));
process.exit(Object.values(report.summary).some(hasFailed) ? 1 : 0);

function plannedRuns(): Run[] {
  const { planted, realTimeFactor, holdBackMs, onLateText } = config;
  const callCount = Math.ceil(planted / perCall);
  return Array.from({ length: callCount }, (_, at) => {
    const kind = backendKinds[at % backendKinds.length]!;
    const round = Math.floor(at / backendKinds.length);
    const count = Math.min(perCall, planted - at * perCall);
    const plants = plantedSentences(count, round * perCall);
    const gate = { holdBackMs, onLateText, rules: gateRules };
    const sentences = plants.map(({ words }) => words);
    return { plants, call: { kind, sentences, realTimeFactor, gate } };
  });
}

/** With a gate and without one, in turns. */
function cleanRuns(): Run[] {
  const { realTimeFactor, holdBackMs, onLateText } = config;
  const sentences = cleanSentences.map(wordsOf);
  return Array.from({ length: cleanCalls }).flatMap(() =>
    backendKinds.flatMap((kind) =>
      [{ holdBackMs, onLateText, rules: gateRules }, null].map((gate) => ({
        plants: null,
        call: { kind, sentences, realTimeFactor, gate },
      })),
    ),
  );
}

async function play(all: readonly Run[]): Promise<void> {
  const stage = await openGateStage(all.map(({ call }) => call));
  const waiting = [...all.entries()];
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [place, run] = next;
      try {
        run.heard = await stage.hear(place);
      } catch (thrown) {
        run.fault = thrown instanceof Error ? thrown.message : String(thrown);
      }
      console.error(`${all.length - waiting.length} of ${all.length}: ${run.call.kind}`);
    }
  };
  await Promise.all(Array.from({ length: config.atOnce }, worker));
  const violations = stage.violations();
  if (violations.length > 0) console.error(`protocol: ${violations.join('; ')}`);
  await stage.close();
}

function judgedOf({ plants, heard }: Run): readonly Judged[] {
  return plants === null || heard === undefined ? [] : judge(plants, heard.said, heard.numbers);
}

function sampleOf(run: Run): object {
  const { call, plants, heard } = run;
  return {
    kind: call.kind,
    sentences: call.sentences.map((words) => words.join(' ')),
    gated: call.gate !== null,
    planted: plants !== null,
    judged: judgedOf(run),
    fault: run.fault,
    firstAudioMs: heard?.firstAudioMs,
    underruns: heard?.underruns,
    gate: heard?.gateEvents,
  };
}

function summaryOf(): Record<string, unknown> {
  return Object.fromEntries(backendKinds.map((kind) => [kind, kindSummary(kind)]));
}

function kindSummary(kind: BackendKind): object {
  const own = runs.filter(({ call }) => call.kind === kind);
  const planted = own.filter(({ plants }) => plants !== null);
  const judged = planted.flatMap(judgedOf);
  const hits = planted.flatMap(eventsOf).filter(isHit);
  const clean = own.filter(({ plants }) => plants === null);
  const gated = clean.filter(({ call }) => call.gate !== null);
  const bare = clean.filter(({ call }) => call.gate === null);
  const sum = (of: (each: Judged) => number): number =>
    judged.reduce((total, each) => total + of(each), 0);
  return {
    planted: judged.length,
    callsLost: own.filter(({ fault }) => fault !== undefined).length,
    hits: hits.length,
    wholeAudible: judged.filter(({ whole }) => whole).length,
    sentencesWithAudibleWords: judged.filter(({ audible }) => audible.length > 0).length,
    audibleWords: sum(({ audible }) => audible.length),
    cleanWordsHeardShare: rounded(sum((it) => it.cleanHeard) / sum((it) => it.cleanWords)),
    lateMs: distribution(hits.map(({ lateMs = 0 }) => lateMs)),
    cleanHits: gated.flatMap(eventsOf).filter(isHit).length,
    heldMs: distribution(gated.flatMap(eventsOf).flatMap(heldOf)),
    firstAudioMs: { gated: firstAudio(gated), bare: firstAudio(bare) },
    addedMs: rounded(firstAudio(gated) - firstAudio(bare)),
    dryMs: { gated: dry(gated), bare: dry(bare) },
  };
}

function eventsOf({ heard }: Run): readonly GateEvent[] {
  return heard?.gateEvents ?? [];
}

function isHit({ type }: GateEvent): boolean {
  return type === 'gate.hit';
}

function heldOf({ type, heldMs }: GateEvent): readonly number[] {
  return type === 'gate.held' && heldMs !== undefined ? [heldMs] : [];
}

/** Median over all sentences, ms. */
function firstAudio(of: readonly Run[]): number {
  const all = of.flatMap(({ heard }) => heard?.firstAudioMs ?? []);
  return rounded(median(all.filter((ms) => ms !== null)));
}

/** How long players ran dry within what they played, ms. */
function dry(of: readonly Run[]): number {
  return rounded(of.reduce((total, { heard }) => total + (heard?.underruns.totalMs ?? 0), 0));
}

function hasFailed(summary: unknown): boolean {
  return (summary as { readonly audibleWords: number }).audibleWords > 0;
}
