import { encodePcm16 } from '../../../src/audio/pcm16.ts';
import { EchoGuard } from '../../../src/echo/echo-guard.ts';
import { isAgentsOwnText } from '../../../src/turn/echo-text.ts';
import { SpokenTail } from '../../../src/turn/spoken-tail.ts';
import { soundRateHz, type Sound } from '../sound/fragment.ts';

/** The gateway's own guards against echo, wired as in a call: by level and by words. */
export class EchoEars {
  readonly #guard = new EchoGuard({
    uplinkRateHz: soundRateHz,
    downlink: { codec: 'pcm16', rateHz: soundRateHz },
  });
  /** Agent sound so far, ms, and until when it sounds. */
  #sentMs = 0;
  #untilMs = 0;
  readonly #tail = new SpokenTail();

  sent(sound: Sound, playsAtMs: number): void {
    this.#guard.sent(encodePcm16(sound), playsAtMs);
    const lengthMs = (sound.length * 1000) / soundRateHz;
    this.#sentMs += lengthMs;
    this.#untilMs = playsAtMs + lengthMs;
  }

  cut(atMs: number): void {
    this.#guard.cut(atMs);
    this.#tail.cut(atMs);
  }

  /** A word of the agent sounds. */
  said(text: string, atMs: number): void {
    this.#tail.add(`${text} `, atMs);
  }

  heard(sound: Sound, startMs: number): void {
    this.#guard.heard(sound, startMs, startMs);
  }

  /** How likely the frame is the agent's own voice, 0–1; `null` while that cannot be told. */
  echo(endMs: number, frameMs: number): number | null {
    const { echo } = this.#guard.score(endMs, frameMs);
    const playedMs = this.#sentMs - Math.max(0, this.#untilMs - endMs);
    const tooEarly = this.#guard.delayMs === null && playedMs < this.#guard.findingMs;
    return tooEarly && echo < 0.5 ? null : echo;
  }

  isOwnText(text: string, nowMs: number): boolean {
    return isAgentsOwnText(text, this.#tail.textAt(nowMs));
  }
}
