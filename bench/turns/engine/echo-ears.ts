import type { Cancellation } from '../../../adapters/echo/aec3/cancellation.ts';
import { encodePcm16 } from '../../../src/audio/pcm16.ts';
import { EchoGuard } from '../../../src/echo/echo-guard.ts';
import { isAgentsOwnText, isForeignText } from '../../../src/turn/echo-text.ts';
import { SpokenTail } from '../../../src/turn/spoken-tail.ts';
import type { EchoPathReport } from '../../../src/turn/vocabulary.ts';
import type { TextOwnership } from './recogniser-feed.ts';
import { soundRateHz, type Sound } from '../sound/fragment.ts';

/** As in a call: where a canceller is wanted an echo is expected, ms. */
const expectedDelayMs = 400;
/** A frame of sound that an echo canceller is ahead of its output at most, samples (10 ms). */
const cancellerFrame = soundRateHz / 100;

/**
 * The gateway's own means against echo, wired as in a call: the guards by level and by words, and the
 * canceller before the detector where there is one.
 */
export class EchoEars {
  readonly #cancellation: Cancellation | null;
  /** Cleaned sound that the detector has not got yet; begins with what the canceller may lag. */
  #clean: Sound = new Float32Array(cancellerFrame);

  constructor(cancellation: Cancellation | null = null) {
    this.#cancellation = cancellation;
  }

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
    this.#cancellation?.reference(sound, playsAtMs);
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

  /** @returns what the detector gets of it: the same, or as many samples without the echo */
  heard(sound: Sound, startMs: number): Sound {
    this.#guard.heard(sound, startMs, startMs);
    const cancellation = this.#cancellation;
    if (cancellation === null) return sound;
    const { delayMs } = this.#guard;
    if (delayMs !== null) cancellation.align(delayMs);
    const cleaned = cancellation.capture(sound, startMs);
    const waiting = new Float32Array(this.#clean.length + cleaned.length);
    waiting.set(this.#clean);
    waiting.set(cleaned, this.#clean.length);
    this.#clean = waiting.slice(sound.length);
    return waiting.slice(0, sound.length);
  }

  close(): void {
    this.#cancellation?.close();
  }

  /** How likely the frame is the agent's own voice, 0–1; `null` while that cannot be told. */
  echo(endMs: number, frameMs: number): number | null {
    const echo = this.#cancellation === null ? this.#guard.score(endMs, frameMs).echo : 0;
    const tooEarly = this.#guard.delayMs === null && this.#tooEarly(endMs);
    return tooEarly && echo < 0.5 ? null : echo;
  }

  ownership(text: string, nowMs: number): TextOwnership {
    const said = this.#tail.textAt(nowMs);
    return { echo: isAgentsOwnText(text, said), foreign: isForeignText(text, said) };
  }

  /** What is known of the agent's way into the microphone. */
  path(endMs: number): EchoPathReport {
    const { delayMs, quiet } = this.#guard;
    if (delayMs !== null) return delayMs;
    if (this.#cancellation !== null && !quiet) return expectedDelayMs;
    return quiet && !this.#tooEarly(endMs) ? 'none' : 'unknown';
  }

  /** Whether an echo could not have been found by then, if there is one. */
  #tooEarly(endMs: number): boolean {
    const playedMs = this.#sentMs - Math.max(0, this.#untilMs - endMs);
    return playedMs < this.#guard.findingMs;
  }
}
