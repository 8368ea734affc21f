import { soundRateHz, type Sound } from '../sound/fragment.ts';

/** The caller's player holds back so much when it begins, ms. */
export const playerMs = 60;

/** A stretch of a sound, at a level. */
export interface Piece {
  readonly sound: Sound;
  readonly fromMs: number;
  readonly lengthMs: number;
  readonly gain: number;
}

/** What a caller hears: pieces one after the other, the first of a run held back a little. */
export class Loudspeaker {
  #pieces: (Piece & { readonly playsAtMs: number })[] = [];
  #endMs = 0;

  /** When everything that has come will have been played, ms. */
  get endMs(): number {
    return this.#endMs;
  }

  /** A piece arrives. @returns when its first sample plays, ms */
  push(piece: Piece, atMs: number): number {
    const playsAtMs = Math.max(this.#endMs, atMs + playerMs);
    this.#pieces.push({ ...piece, playsAtMs });
    // Nobody asks what was played where there is no echo; the longest echo is under a second.
    if (this.#pieces.length > 400) this.#pieces = this.#pieces.slice(-200);
    this.#endMs = playsAtMs + piece.lengthMs;
    return playsAtMs;
  }

  /** Forgets what has not begun to play. */
  stop(atMs: number): void {
    this.#pieces = this.#pieces.filter(({ playsAtMs }) => playsAtMs < atMs);
    this.#endMs = Math.min(this.#endMs, atMs);
  }

  /** What is played in the `lengthSamples` from `fromMs` on. Times must not go back. */
  played(fromMs: number, lengthSamples: number): Sound {
    const heard = new Float32Array(lengthSamples);
    const untilMs = fromMs + (lengthSamples * 1000) / soundRateHz;
    this.#pieces = this.#pieces.filter(({ playsAtMs, lengthMs }) => playsAtMs + lengthMs > fromMs);
    for (const piece of this.#pieces) {
      if (piece.playsAtMs >= untilMs) continue;
      const offset = toSample(piece.playsAtMs - fromMs);
      const sound = soundOf(piece);
      const from = Math.max(0, -offset);
      const to = Math.min(sound.length, lengthSamples - offset);
      for (let i = from; i < to; i += 1) heard[offset + i] = sound[i]!;
    }
    return heard;
  }
}

/** The piece's samples. */
export function soundOf({ sound, fromMs, lengthMs, gain }: Piece): Sound {
  return sound.slice(toSample(fromMs), toSample(fromMs + lengthMs)).map((sample) => sample * gain);
}

function toSample(ms: number): number {
  return Math.round((ms * soundRateHz) / 1000);
}
