import type { TurnStage, TurnStages } from '../../../src/ports/stages.ts';

/** Stages in their order, with what a reader calls them. */
const stageNames: Readonly<Record<TurnStage, string>> = {
  decided: 'turn decided',
  transcript: 'transcript',
  first_token: 'first token',
  first_clause: 'first clause',
  first_synthesis: 'first synthesis',
  first_audible: 'first audible sample sent',
  first_heard: 'heard',
};

/** A stage as a step of the waterfall. */
export interface Step {
  readonly stage: TurnStage;
  readonly name: string;
  /** From the end of the caller's speech, ms. */
  readonly fromMs: number;
  readonly lengthMs: number;
}

/** The known stages one after another; together they are the silence. */
export function stepsOf({ partsMs }: TurnStages): readonly Step[] {
  let atMs = 0;
  return (Object.keys(stageNames) as TurnStage[]).flatMap((stage) => {
    const lengthMs = partsMs[stage];
    if (lengthMs === null) return [];
    const step = { stage, name: stageNames[stage], fromMs: atMs, lengthMs };
    atMs += lengthMs;
    return [step];
  });
}
