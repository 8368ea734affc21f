import { StandInEndScores } from '../dialogues/end-scores.ts';
import type { GeneratorParameters } from '../dialogues/parameters.ts';
import type { DialogueScript } from '../dialogues/script.ts';
import type { PlayedDialogue } from '../scoring/observed.ts';
import type { ExchangeSounds } from '../sound/dialogue-sounds.ts';
import type { TurnOptions } from '../../../src/turn/options.ts';
import { DialoguePlay } from './dialogue-play.ts';
import { HeardTimeline, type HeardCaller } from './heard-parts.ts';

/** A dialogue whose caller's sound does not depend on the agent, ready to be played any number of times. */
export interface PreparedDialogue {
  readonly script: DialogueScript;
  readonly sounds: readonly ExchangeSounds[];
  readonly heard: HeardCaller;
}

/** How a dialogue is played. */
export interface PlaySetting {
  readonly turns: TurnOptions;
  /** Area under the curve of the stand-in end-of-turn model; `null`: there is none. */
  readonly endAuc: number | null;
  readonly exchanges?: number;
}

/** Plays a dialogue against the machine, as fast as it goes. */
export function playPrepared(
  { script, sounds, heard }: PreparedDialogue,
  setting: PlaySetting,
  parameters: GeneratorParameters,
): PlayedDialogue {
  const timeline = new HeardTimeline(heard);
  const { turns, endAuc, exchanges } = setting;
  const play = new DialoguePlay({
    script,
    sounds,
    parameters,
    turns,
    endScores: endAuc === null ? null : new StandInEndScores(endAuc, parameters.endScores.waver),
    say: (name, notBeforeMs) => timeline.say(name, notBeforeMs),
    ears: null,
    ...(exchanges === undefined ? {} : { exchanges }),
  });
  for (let frame = 0; !play.over; frame += 1) {
    play.advanceTo(frame);
    play.deliver(frame, { probability: timeline.probability(frame) });
  }
  return play.result();
}
