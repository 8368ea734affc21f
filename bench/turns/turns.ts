import { systemClock } from '../../src/time/clock.ts';
import { emptyDistribution } from '../lib/distribution.ts';
import { outFolder, type BenchResult } from '../lib/report.ts';
import { frozenRecord } from './dialogues/frozen.ts';
import { generatorParameters } from './dialogues/parameters.ts';
import { measureCurves, usualEndAuc, type Curves } from './engine/curves.ts';
import { runEchoes } from './engine/echoes.ts';
import { OfflineSilero } from './engine/offline-silero.ts';
import { playPrepared, type PreparedDialogue } from './engine/play.ts';
import { prepareDialogues } from './engine/prepare.ts';
import { byLine, profileNames, runProfile, type ProfileRun } from './engine/profiles.ts';
import { profileTurns } from './engine/turn-settings.ts';
import { playRealTime, type RealTimeRun } from './gateway/real-time.ts';
import { turnCharts } from './scoring/charts.ts';
import { agreementOf, type Agreement } from './scoring/agreement.ts';
import { marksOf, type Marks } from './scoring/marks.ts';
import { figuresOf } from './scoring/summary.ts';
import { engineVersions } from './sound/engines.ts';
import { openRecordings } from './sound/recordings.ts';
import { SpeechStore } from './sound/speech-store.ts';

const parameters = generatorParameters;
/** Dialogues of the curves: 40 settings are played with each. */
const curveDialogues = 150;

export interface TurnsOptions {
  readonly dialogues: number;
  readonly realTimeDialogues: number;
  /** Folder of recordings of people; `null`: beside the repository, if it is there. */
  readonly speechFolder: string | null;
  readonly quick: boolean;
  readonly progress: (line: string) => void;
}

/** What the gateway did in real time, beside the machine on the same dialogues. */
interface RealTimeSummary {
  readonly dialogues: number;
  readonly failures: readonly string[];
  readonly harnessLateMs: unknown;
  readonly figures: ReturnType<typeof figuresOf>;
  readonly agreement: Agreement;
}

/**
 * Scores turn-taking on generated dialogues: through the machine at full speed, and some of them
 * through a running gateway in real time.
 *
 * @throws Error saying how to install a speech engine that is missing
 */
export async function runTurns(options: TurnsOptions): Promise<BenchResult> {
  const { dialogues, quick, progress } = options;
  const startMs = systemClock.nowMs();
  const versions = await engineVersions();
  const recordings = await openRecordings(options.speechFolder);
  if (recordings.missing !== null) progress(`no recorded callers: ${recordings.missing}`);
  const folder = `${outFolder}speech`;
  const store = new SpeechStore({ folder, versions, recordings, parameters });
  const silero = await OfflineSilero.load();
  progress(`making ${dialogues} dialogues (flite ${versions['flite']}, espeak-ng …)`);
  const set = await prepareDialogues({ dialogues, store, silero, parameters, progress });
  const runs = new Map<string, ProfileRun>();
  for (const name of profileNames) {
    progress(`machine: ${name}`);
    runs.set(name, runProfile(name, set.plain, parameters));
  }
  progress('machine: curves');
  const curves = measureCurves(set.plain.slice(0, curveDialogues), parameters);
  progress(`machine: ${set.echo.length} dialogues with echo`);
  const echo = await runEchoes(set.echo, { silero, parameters, quick });
  const elapsedMs = systemClock.nowMs() - startMs;
  // A rough answer must come within 50 s; a dialogue's first exchange takes about 20.
  const skipped = quick && elapsedMs > 27_000;
  const realTime = skipped
    ? null
    : await realTimeRun(set.plain.slice(0, options.realTimeDialogues), options);
  const profiles = Object.fromEntries(
    profileNames.map((name) => {
      const { transcript, noTranscript, transcriptAndScores, scores } = runs.get(name)!;
      const guarded = echo.guarded[name];
      const profile = {
        ...transcript.figures,
        selfInterruptions: guarded?.selfInterruptions ?? null,
        unprovokedYields: transcript.figures.selfInterruptions,
        echo: guarded,
        noTranscript: noTranscript.figures,
        withScores: transcriptAndScores.figures,
        withScoresNoTranscript: scores.figures,
      };
      return [name, profile];
    }),
  );
  const balanced = runs.get('balanced')!;
  const summary = {
    ...profiles,
    curves,
    echo: {
      dialogues: set.echo.length,
      guardedNoTranscript: echo.guardedNoTranscript,
      cancelled: echo.cancelled,
      cancelledNoTranscript: echo.cancelledNoTranscript,
      unguarded: echo.unguarded,
    },
    byLine: byLine(set.plain, balanced.transcript.marks),
    goal: goalOf(curves),
    realTime: realTime?.summary ?? null,
  };
  return {
    bench: 'turns',
    config: {
      dialogues: set.plain.length,
      echoDialogues: set.echo.length,
      realTimeDialogues: realTime?.summary.dialogues ?? 0,
      realTimeSkipped: skipped,
      quick,
      generator: frozenRecord(parameters),
      engines: versions,
      recordings: recordings.missing ?? recordings.list.length,
      transcripts: 'stand-in from the truth: 300 ms late, 10 % word errors',
      endScores: `stand-in, area under the curve ${usualEndAuc}; hears nothing`,
      detector: 'Silero VAD 6.2',
    },
    summary,
    samples: {
      profiles: Object.fromEntries(runs),
      realTime: realTime?.marks ?? [],
    },
    charts: turnCharts({
      curves,
      ends: new Map(
        [...runs].map(([name, run]) => [name, run.transcript.marks.flatMap(({ ends }) => ends)]),
      ),
      overlaps: new Map([
        ['machine', balanced.transcript.marks.flatMap(({ overlaps }) => overlaps)],
        ['machine, no text', balanced.noTranscript.marks.flatMap(({ overlaps }) => overlaps)],
        ['gateway, no text', (realTime?.marks ?? []).flatMap(({ overlaps }) => overlaps)],
      ]),
    }),
  };
}

/** What the machine was found to do is worth telling even where no gateway starts. */
function nothingPlayed(thrown: unknown): RealTimeRun {
  const failures = [thrown instanceof Error ? thrown.message : String(thrown)];
  return { played: [], harnessLateMs: emptyDistribution, failures };
}

/** How far the machine is from the goal of DESIGN's budget, at each accuracy of the stand-in. */
function goalOf(curves: Curves): unknown {
  const byAuc = Object.entries(curves.scoredByAuc).map(([auc, curve]) => {
    const { delayAt5Ms, cutInRateAt550 } = curve;
    const reached = cutInRateAt550 !== null && cutInRateAt550 <= 0.05;
    return [auc, { delayAt5Ms, cutInRateAt550, reached }];
  });
  return { cutInRate: 0.05, delayMs: 550, byAuc: Object.fromEntries(byAuc) as unknown };
}

async function realTimeRun(
  dialogues: readonly PreparedDialogue[],
  { quick, progress }: TurnsOptions,
): Promise<{ readonly summary: RealTimeSummary; readonly marks: readonly Marks[] } | null> {
  if (dialogues.length === 0) return null;
  progress(`gateway: ${dialogues.length} dialogues in real time, all at once`);
  const limits = quick ? { exchanges: 1 } : {};
  const run = await playRealTime(dialogues, { parameters, ...limits }).catch(nothingPlayed);
  for (const failure of run.failures) progress(`  a call failed: ${failure}`);
  const played = new Set(run.played.map(({ index }) => index));
  // The gateway hears no words here: the backend is scripted. The machine gets none either.
  const turns = profileTurns('balanced', { partials: false, endOfTurn: false });
  const engine = dialogues
    .filter(({ script }) => played.has(script.index))
    .map((one) => marksOf(playPrepared(one, { turns, endAuc: null, ...limits }, parameters)));
  const marks = run.played.map((one) => marksOf(one));
  return {
    marks,
    summary: {
      dialogues: run.played.length,
      failures: run.failures,
      harnessLateMs: run.harnessLateMs,
      figures: figuresOf(marks),
      agreement: agreementOf(marks, engine),
    },
  };
}
