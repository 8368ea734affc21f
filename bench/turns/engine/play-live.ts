import { openCancellation } from '../../../adapters/echo/aec3/cancellation.ts';
import { StandInEndScores } from '../dialogues/end-scores.ts';
import type { GeneratorParameters } from '../dialogues/parameters.ts';
import type { DialogueScript } from '../dialogues/script.ts';
import type { PlayedDialogue } from '../scoring/observed.ts';
import { CallerChannel } from '../sound/caller-channel.ts';
import type { ExchangeSounds } from '../sound/dialogue-sounds.ts';
import { soundRateHz, type Sound } from '../sound/fragment.ts';
import { DialoguePlay, frameMs } from './dialogue-play.ts';
import { EchoEars } from './echo-ears.ts';
import type { OfflineSilero } from './offline-silero.ts';
import type { PlaySetting } from './play.ts';

const frameSamples = (frameMs * soundRateHz) / 1000;

/** A dialogue whose caller's microphone hears the agent. */
export interface EchoDialogue {
  readonly script: DialogueScript;
  readonly sounds: readonly ExchangeSounds[];
}

interface LiveContext {
  readonly silero: OfflineSilero;
  readonly parameters: GeneratorParameters;
  /** What is done about echo: nothing, the gateway's guards, or its canceller too. */
  readonly rung: 'none' | 'guard' | 'aec3';
}

interface Live {
  readonly play: DialoguePlay;
  readonly channel: CallerChannel;
  readonly ears: EchoEars | null;
  readonly stream: number;
}

/**
 * Plays dialogues in which the detector's input depends on what the agent does: all of them side by
 * side, frame by frame, so that the detector gets their frames in one batch.
 */
export async function playLive(
  dialogues: readonly EchoDialogue[],
  setting: PlaySetting,
  { silero, parameters, rung }: LiveContext,
): Promise<readonly PlayedDialogue[]> {
  const all: Live[] = [];
  for (const dialogue of dialogues) {
    all.push(begin(dialogue, setting, { silero, parameters, ears: await earsOf(rung) }));
  }
  let active = all;
  for (let frame = 0; active.length > 0; frame += 1) {
    const frames: { readonly stream: number; readonly frame: Sound }[] = [];
    for (const { play, channel, stream, ears } of active) {
      play.advanceTo(frame);
      const sound = channel.next(frameSamples, play.played(frame));
      frames.push({ stream, frame: ears?.heard(sound, frame * frameMs) ?? sound });
    }
    const probabilities = await silero.next(frames);
    for (const [index, { play, ears }] of active.entries()) {
      const probability = probabilities[index]!;
      const echo = ears?.echo((frame + 1) * frameMs, frameMs);
      play.deliver(frame, echo === undefined ? { probability } : { probability, echo });
    }
    active = active.filter(({ play }) => !play.over);
  }
  silero.end(all.map(({ stream }) => stream));
  for (const { ears } of all) ears?.close();
  return all.map(({ play }) => play.result());
}

async function earsOf(rung: LiveContext['rung']): Promise<EchoEars | null> {
  if (rung === 'none') return null;
  return new EchoEars(rung === 'aec3' ? await openCancellation() : null);
}

function begin(
  { script, sounds }: EchoDialogue,
  { turns, endAuc, exchanges }: PlaySetting,
  { silero, parameters, ears }: Omit<LiveContext, 'rung'> & { readonly ears: EchoEars | null },
): Live {
  const channel = new CallerChannel(script.line, script.seed, parameters);
  const play = new DialoguePlay({
    script,
    sounds,
    parameters,
    turns,
    endScores: endAuc === null ? null : new StandInEndScores(endAuc, parameters.endScores.waver),
    say: ({ exchange, part }, notBeforeMs) => {
      const startSample = Math.max(channel.position, Math.ceil((notBeforeMs * soundRateHz) / 1000));
      channel.say(sounds[exchange]![part]!.sound, startSample);
      return (startSample * 1000) / soundRateHz;
    },
    ears,
    ...(exchanges === undefined ? {} : { exchanges }),
  });
  return { play, channel, ears, stream: silero.stream() };
}
