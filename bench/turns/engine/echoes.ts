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
  /** The balanced profile with AEC3 before the detector, with and without transcripts. */
  readonly cancelled: TurnFigures | null;
  readonly cancelledNoTranscript: TurnFigures | null;
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
    rung: 'none' | 'guard' | 'aec3',
  ): Promise<TurnFigures> => {
    const turns = profileTurns(name, { partials, endOfTurn: false });
    const setting = { turns, endAuc: null };
    const played = await playLive(dialogues, setting, { silero, parameters, rung });
    return figuresOf(played.map((one) => marksOf(one)));
  };
  const guarded: Partial<Record<TurnProfileName, TurnFigures>> = {};
  for (const name of quick ? (['balanced'] as const) : profileNames) {
    guarded[name] = await run(name, true, 'guard');
  }
  return {
    guarded,
    guardedNoTranscript: quick ? null : await run('balanced', false, 'guard'),
    cancelled: quick ? null : await run('balanced', true, 'aec3'),
    cancelledNoTranscript: quick ? null : await run('balanced', false, 'aec3'),
    unguarded: await run('balanced', false, 'none'),
  };
}
