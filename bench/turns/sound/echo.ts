import { Draws } from '../dialogues/draws.ts';
import type { GeneratorParameters } from '../dialogues/parameters.ts';
import type { EchoPath } from '../dialogues/script.ts';
import { soundRateHz, type Sound } from './fragment.ts';

interface Tap {
  readonly delaySamples: number;
  readonly gain: number;
}

/**
 * The way from the caller's loudspeaker into the microphone: a delay, a direct sound, and reflections
 * that die away within the room's length. All together have the stated loss.
 */
export class EchoFilter {
  readonly #taps: readonly Tap[];
  /** Ring of what the loudspeaker played. */
  readonly #played: Float32Array;
  #position = 0;

  constructor(path: EchoPath, seed: number, { echo }: GeneratorParameters) {
    this.#taps = tapsOf(path, new Draws(seed), echo);
    const longest = Math.max(...this.#taps.map(({ delaySamples }) => delaySamples));
    this.#played = new Float32Array(longest + 1);
  }

  /** Adds the echo of everything played so far to `sound`, while `played` plays. */
  addTo(sound: Sound, played: Sound): void {
    const ring = this.#played;
    for (let i = 0; i < sound.length; i += 1) {
      ring[this.#position] = played[i] ?? 0;
      let heard = 0;
      for (const { delaySamples, gain } of this.#taps) {
        const at = this.#position - delaySamples;
        heard += gain * ring[at < 0 ? at + ring.length : at]!;
      }
      sound[i]! += heard;
      this.#position = (this.#position + 1) % ring.length;
    }
  }
}

function tapsOf(path: EchoPath, draws: Draws, echo: GeneratorParameters['echo']): readonly Tap[] {
  const direct = { afterMs: 0, gain: 1 };
  const reflections = Array.from({ length: echo.reflections }, () => {
    const afterMs = 1 + draws.unit() * (echo.roomMs - 1);
    // 60 dB down at the end of the room's response.
    const decay = 0.6 * 10 ** ((-3 * afterMs) / echo.roomMs);
    return { afterMs, gain: draws.chance(0.5) ? decay : -decay };
  });
  const all = [direct, ...reflections];
  const energy = all.reduce((sum, { gain }) => sum + gain * gain, 0);
  const scale = 10 ** (-path.lossDb / 20) / Math.sqrt(energy);
  return all.map(({ afterMs, gain }) => ({
    delaySamples: Math.round(((path.delayMs + afterMs) * soundRateHz) / 1000),
    gain: gain * scale,
  }));
}
