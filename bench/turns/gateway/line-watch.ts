import type { HeardLine } from '../dialogues/director.ts';
import type { Observation } from '../scoring/observed.ts';
import { decodePcm16 } from '../../../src/audio/pcm16.ts';
import { wireRateHz, type AgentSound } from './dialogue-gateway.ts';
import { KnownSound } from './known-sound.ts';

/** The caller's player holds back so much when it begins, ms. */
const playerMs = 60;
/** Half of the level: 6 dB down. */
const loweredGain = 0.5;
/** Nearly the original: a ramp is over. */
const fullGain = 0.9;
/** Paced audio that has not come for so long is held back, ms; it is due every 20. */
const heldAfterMs = 120;

interface Line {
  readonly lineId: string;
  readonly sound: KnownSound;
  receivedMs: number;
  readonly heardFromMs: number;
  lastAtMs: number;
  lowered: boolean;
  done: boolean;
}

/** Makes observations of what a caller gets over the wire. All times are its call's, ms. */
export class LineWatch {
  readonly observed: Observation[] = [];
  readonly #answers: readonly AgentSound[];
  #line: Line | null = null;
  #playoutEndMs = 0;

  constructor(answers: readonly AgentSound[]) {
    this.#answers = answers;
  }

  /** What is being heard, or held, and is not over; ends lines that were heard out. */
  heardAt(nowMs: number): HeardLine | null {
    const line = this.#line;
    if (line === null || nowMs < line.heardFromMs) return null;
    if (line.done && nowMs >= this.#playoutEndMs) {
      this.#end(line, nowMs, false);
      return null;
    }
    const { answer } = line.sound;
    return {
      lineId: line.lineId,
      startedAtMs: line.heardFromMs,
      lengthMs: answer === null ? 10_000 : (answer.samples.length * 1000) / wireRateHz,
      heardMs: Math.max(0, line.receivedMs - Math.max(0, this.#playoutEndMs - nowMs)),
    };
  }

  /** Item that is being heard and how much of it was played, for a truncation. */
  get playing(): { readonly lineId: string; readonly receivedMs: number } | null {
    return this.#line;
  }

  audio(lineId: string, bytes: Uint8Array, atMs: number): void {
    const samples = decodePcm16(bytes);
    const line = this.#line?.lineId === lineId ? this.#line : this.#begin(lineId, atMs);
    this.#noteHeld(line, atMs);
    const lengthMs = (samples.length * 1000) / wireRateHz;
    line.receivedMs += lengthMs;
    line.lastAtMs = atMs;
    this.#playoutEndMs = Math.max(this.#playoutEndMs, atMs + playerMs) + lengthMs;
    for (const gain of line.sound.push(samples)) {
      if (!line.lowered && gain < loweredGain) this.#lower(line, atMs);
      else if (line.lowered && gain > fullGain) this.#raise(line, atMs);
    }
  }

  /** The server says that the line is over: `cut` = the caller took the floor. */
  over(cut: boolean, atMs: number): void {
    const line = this.#line;
    if (line === null) return;
    if (cut) this.#cut(line, atMs);
    else line.done = true;
  }

  /** The client stops what it plays. */
  stop(atMs: number): void {
    if (this.#line !== null && !(this.#line.done && atMs >= this.#playoutEndMs)) {
      this.#cut(this.#line, atMs);
    }
  }

  committed(atMs: number): void {
    this.observed.push({ type: 'committed', atMs });
  }

  #begin(lineId: string, atMs: number): Line {
    if (this.#line !== null) this.#end(this.#line, atMs, false);
    const line: Line = {
      lineId,
      sound: new KnownSound(this.#answers),
      receivedMs: 0,
      heardFromMs: Math.max(this.#playoutEndMs, atMs + playerMs),
      lastAtMs: atMs,
      lowered: false,
      done: false,
    };
    this.#line = line;
    this.observed.push({ type: 'lineStarted', lineId, atMs });
    return line;
  }

  #noteHeld(line: Line, atMs: number): void {
    // Full level before, and then nothing: it was held from where the next piece was due.
    if (atMs - line.lastAtMs > heldAfterMs && !line.lowered) this.#lower(line, line.lastAtMs + 20);
  }

  #lower(line: Line, atMs: number): void {
    line.lowered = true;
    this.observed.push({ type: 'lowered', lineId: line.lineId, atMs });
  }

  #raise(line: Line, atMs: number): void {
    line.lowered = false;
    this.observed.push({ type: 'resumed', lineId: line.lineId, atMs });
  }

  #cut(line: Line, atMs: number): void {
    this.#playoutEndMs = Math.min(this.#playoutEndMs, atMs);
    this.observed.push({ type: 'yielded', lineId: line.lineId, atMs });
    this.#end(line, atMs, true);
  }

  #end({ lineId }: Line, atMs: number, cut: boolean): void {
    this.observed.push({ type: 'lineEnded', lineId, atMs, cut });
    this.#line = null;
  }
}
