import { seedOf } from '../dialogues/draws.ts';
import type { GeneratorParameters } from '../dialogues/parameters.ts';
import type { CallerLine } from '../dialogues/script.ts';
import { EchoFilter } from './echo.ts';
import type { Sound } from './fragment.ts';
import { PinkNoise } from './noise.ts';
import { TelephoneLine } from './telephone.ts';

/**
 * What arrives from the caller, sample by sample: speech where it was placed, noise under it, the
 * agent's echo, and the line's band. It is made as time goes on, because the echo depends on what the
 * agent does.
 */
export class CallerChannel {
  readonly #sayings: { readonly startSample: number; readonly sound: Sound }[] = [];
  readonly #noise: PinkNoise;
  readonly #echo: EchoFilter | null;
  readonly #telephone: TelephoneLine | null;
  #position = 0;

  constructor(line: CallerLine, seed: number, parameters: GeneratorParameters) {
    const { fragmentRms, cleanNoiseDbfs } = parameters;
    const noiseRms =
      line.snrDb === null ? 10 ** (cleanNoiseDbfs / 20) : fragmentRms / 10 ** (line.snrDb / 20);
    this.#noise = new PinkNoise(seedOf(seed, 'noise'), noiseRms);
    this.#echo =
      line.echo === null ? null : new EchoFilter(line.echo, seedOf(seed, 'room'), parameters);
    this.#telephone = line.telephone ? new TelephoneLine() : null;
  }

  /** Samples made so far. */
  get position(): number {
    return this.#position;
  }

  /** Places speech on the timeline. @throws RangeError when that part was made already */
  say(sound: Sound, startSample: number): void {
    if (startSample < this.#position) {
      throw new RangeError(`sample ${startSample} is past, ${this.#position} comes next`);
    }
    this.#sayings.push({ startSample, sound });
  }

  /**
   * The next samples. @param lengthSamples even. @param played what the caller's loudspeaker plays
   * meanwhile, from the same sample on; shorter is silence
   */
  next(lengthSamples: number, played: Sound): Sound {
    const from = this.#position;
    const sound = new Float32Array(lengthSamples);
    for (const saying of this.#sayings) {
      const first = Math.max(from, saying.startSample);
      const last = Math.min(from + lengthSamples, saying.startSample + saying.sound.length);
      for (let i = first; i < last; i += 1)
        sound[i - from]! += saying.sound[i - saying.startSample]!;
    }
    this.#position += lengthSamples;
    while (this.#sayings[0] !== undefined && endOf(this.#sayings[0]) <= this.#position) {
      this.#sayings.shift();
    }
    this.#noise.addTo(sound);
    this.#echo?.addTo(sound, played);
    return this.#telephone?.through(sound) ?? sound;
  }
}

function endOf({ startSample, sound }: { startSample: number; sound: Sound }): number {
  return startSample + sound.length;
}
