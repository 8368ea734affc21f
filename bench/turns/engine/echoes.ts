import type { GeneratorParameters } from '../dialogues/parameters.ts';
import { marksOf } from '../scoring/marks.ts';
import { figuresOf, type TurnFigures } from '../scoring/summary.ts';
import type { TurnProfileName } from '../../../src/turn/options.ts';
import type { OfflineSilero } from './offline-silero.ts';
import { playLive, type EchoDialogue } from './play-live.ts';
import { profileNames } from './profiles.ts';
import { profileTurns } from './turn-settings.ts';

/** What came of the dialogues with echo. */
export interface EchoFigures {
  /** Each profile with the guards on and transcripts; in a quick run the balanced one alone. */
  readonly guarded: Readonly<Partial<Record<TurnProfileName, TurnFigures>>>;
  /** The balanced profile with the guards on, without transcripts; not in a quick run. */
  readonly guardedNoTranscript: TurnFigures | null;
  /** The balanced profile with nobody listening for echo, without transcripts. */
  readonly unguarded: TurnFigures;
}

interface EchoContext {
  readonly silero: OfflineSilero;
  readonly parameters: GeneratorParameters;
  readonly quick: boolean;
}

/** Plays the dialogues in which the microphone hears the agent. */
export async function runEchoes(
  dialogues: readonly EchoDialogue[],
  { silero, parameters, quick }: EchoContext,
): Promise<EchoFigures> {
  const run = async (
    name: TurnProfileName,
    partials: boolean,
    guarded: boolean,
  ): Promise<TurnFigures> => {
    const turns = profileTurns(name, { partials, endOfTurn: false });
    const setting = { turns, endAuc: null };
    const played = await playLive(dialogues, setting, { silero, parameters, guarded });
    return figuresOf(played.map((one) => marksOf(one)));
  };
  const guarded: Partial<Record<TurnProfileName, TurnFigures>> = {};
  for (const name of quick ? (['balanced'] as const) : profileNames) {
    guarded[name] = await run(name, true, true);
  }
  return {
    guarded,
    guardedNoTranscript: quick ? null : await run('balanced', false, true),
    unguarded: await run('balanced', false, false),
  };
}
