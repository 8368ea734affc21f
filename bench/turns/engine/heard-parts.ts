import { Draws, seedOf } from '../dialogues/draws.ts';
import type { PartName } from '../dialogues/director.ts';
import type { GeneratorParameters } from '../dialogues/parameters.ts';
import type { DialogueScript } from '../dialogues/script.ts';
import { CallerChannel } from '../sound/caller-channel.ts';
import type { CallerPart, ExchangeSounds } from '../sound/dialogue-sounds.ts';
import { soundRateHz, type Sound } from '../sound/fragment.ts';
import { frameMs } from './dialogue-play.ts';
import type { OfflineSilero } from './offline-silero.ts';

const frameSamples = (frameMs * soundRateHz) / 1000;
/** Room before and after a part, in frames: half a second for the detector to settle, one to leave. */
const leadFrames = 16;
const tailFrames = 32;
/** The room alone, in frames: the first part settles, the rest is repeated. */
const roomFrames = 48;

/** Scores of a part wherever it is said: from `leadFrames` before the frame of its first sample. */
interface HeardPart {
  readonly scores: Float32Array;
  /** First sample in its frame. */
  readonly phaseSamples: number;
}

/** A caller without echo, as the detector hears each part of the script and the room between. */
export interface HeardCaller {
  readonly parts: ReadonlyMap<string, HeardPart>;
  readonly room: Float32Array;
}

interface HearingContext {
  /** Scores whole sounds, frame by frame. */
  readonly silero: Pick<OfflineSilero, 'whole'>;
  readonly parameters: GeneratorParameters;
}

/** Renders what the caller will say, each part with room around it, and scores it. */
export async function heardCaller(
  script: DialogueScript,
  sounds: readonly ExchangeSounds[],
  { silero, parameters }: HearingContext,
): Promise<HeardCaller> {
  const named = sounds.flatMap(({ turn, overlap }, exchange) => [
    { name: keyOf({ exchange, part: 'turn' }), part: turn },
    ...(overlap === null ? [] : [{ name: keyOf({ exchange, part: 'overlap' }), part: overlap }]),
  ]);
  const rendered = named.map(({ part }) => render(part, script, parameters));
  const room = new CallerChannel(script.line, seedOf(script.seed, 'room'), parameters).next(
    roomFrames * frameSamples,
    silence,
  );
  const scores = await silero.whole([...rendered.map(({ sound }) => sound), room]);
  const parts = new Map(
    named.map(({ name }, index) => [
      name,
      { scores: scores[index]!, phaseSamples: rendered[index]!.phaseSamples },
    ]),
  );
  return { parts, room: scores.at(-1)!.subarray(leadFrames) };
}

/**
 * The detector's scores of one dialogue whose caller hears no echo: those of the parts where they are
 * said, those of the room elsewhere. What a part sounds like does not depend on when it is said, so
 * that many runs share one scoring; its start is rounded up to its place in a frame.
 */
export class HeardTimeline {
  readonly #caller: HeardCaller;
  readonly #said: { readonly firstFrame: number; readonly scores: Float32Array }[] = [];

  constructor(caller: HeardCaller) {
    this.#caller = caller;
  }

  /** @returns time of the part's first sample, ms */
  say(name: PartName, notBeforeMs: number): number {
    const part = this.#caller.parts.get(keyOf(name));
    if (part === undefined) throw new RangeError(`nothing was rendered for ${keyOf(name)}`);
    const phaseMs = (part.phaseSamples * 1000) / soundRateHz;
    const frame = Math.ceil((notBeforeMs - phaseMs) / frameMs);
    this.#said.push({ firstFrame: frame - leadFrames, scores: part.scores });
    return frame * frameMs + phaseMs;
  }

  probability(frame: number): number {
    const { room } = this.#caller;
    for (const { firstFrame, scores } of this.#said.toReversed()) {
      // What was said last counts from its first sound on; its room before that is any room.
      const at = frame - firstFrame;
      if (at >= leadFrames && at < scores.length) return scores[at]!;
    }
    return room[frame % room.length]!;
  }
}

const silence = new Float32Array(0);

function render(
  part: CallerPart,
  script: DialogueScript,
  parameters: GeneratorParameters,
): { readonly sound: Sound; readonly phaseSamples: number } {
  const draws = new Draws(seedOf(part.seed, 'phase'));
  const phaseSamples = draws.index(frameSamples);
  const channel = new CallerChannel(script.line, part.seed, parameters);
  const startSample = leadFrames * frameSamples + phaseSamples;
  channel.say(part.sound, startSample);
  const frames = Math.ceil((startSample + part.sound.length) / frameSamples) + tailFrames;
  return { sound: channel.next(frames * frameSamples, silence), phaseSamples };
}

function keyOf({ exchange, part }: PartName): string {
  return `${exchange}/${part}`;
}
