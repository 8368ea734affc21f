import type { GeneratorParameters } from '../dialogues/parameters.ts';
import { marksOf, type Marks } from '../scoring/marks.ts';
import { figuresOf, type TurnFigures } from '../scoring/summary.ts';
import type { TurnProfileName } from '../../../src/turn/options.ts';
import { usualEndAuc } from './curves.ts';
import { playPrepared, type PreparedDialogue } from './play.ts';
import { profileTurns, type Senses } from './turn-settings.ts';

export const profileNames = [
  'fast',
  'balanced',
  'patient',
] as const satisfies readonly TurnProfileName[];

/** What else hears the caller, in the four ways that are measured. */
const conditions = {
  transcript: { partials: true, endOfTurn: false },
  noTranscript: { partials: false, endOfTurn: false },
  transcriptAndScores: { partials: true, endOfTurn: true },
  scores: { partials: false, endOfTurn: true },
} as const satisfies Readonly<Record<string, Senses>>;

type Condition = keyof typeof conditions;

/** A profile under every condition: figures, and the marks they come from. */
export type ProfileRun = Readonly<
  Record<Condition, { readonly figures: TurnFigures; readonly marks: readonly Marks[] }>
>;

/** Plays the dialogues under one profile, with and without transcripts and scores. */
export function runProfile(
  name: TurnProfileName,
  dialogues: readonly PreparedDialogue[],
  parameters: GeneratorParameters,
): ProfileRun {
  const run = (condition: Condition): ProfileRun[Condition] => {
    const senses = conditions[condition];
    const turns = profileTurns(name, senses);
    const endAuc = senses.endOfTurn ? usualEndAuc : null;
    const marks = dialogues.map((dialogue) =>
      marksOf(playPrepared(dialogue, { turns, endAuc }, parameters)),
    );
    return { figures: figuresOf(marks), marks };
  };
  return {
    transcript: run('transcript'),
    noTranscript: run('noTranscript'),
    transcriptAndScores: run('transcriptAndScores'),
    scores: run('scores'),
  };
}

/** Figures of the dialogues of one kind of line. */
export interface LineFigures {
  readonly line: string;
  readonly figures: TurnFigures;
}

/** The same dialogues apart by noise and band. */
export function byLine(
  dialogues: readonly PreparedDialogue[],
  marks: readonly Marks[],
): readonly LineFigures[] {
  const kinds = new Map<string, Marks[]>();
  for (const [index, { script }] of dialogues.entries()) {
    const { snrDb, telephone } = script.line;
    const names = [
      snrDb === null ? 'clean' : `${snrDb} dB`,
      telephone ? 'telephone' : 'wide band',
      script.recorded ? 'recorded speech' : 'synthetic speech',
    ];
    for (const name of names) kinds.set(name, [...(kinds.get(name) ?? []), marks[index]!]);
  }
  return [...kinds].map(([line, own]) => ({ line, figures: figuresOf(own) }));
}
