import type { HeardLine } from '../dialogues/director.ts';
import type { Observation } from '../scoring/observed.ts';
import { soundRateHz, type Sound } from '../sound/fragment.ts';
import { Loudspeaker, playerMs, soundOf } from './loudspeaker.ts';
import type { TurnEffect, TurnInput } from '../../../src/turn/vocabulary.ts';
import type { ManualClock } from '../../../src/time/manual-clock.ts';
import type { Timer } from '../../../src/time/clock.ts';

/** What the agent says when it is asked. */
export interface AgentAnswer {
  readonly text: string;
  readonly sound: Sound;
  /** From being asked to the first sample, ms. */
  readonly delayMs: number;
}

export interface SimulatedAgentOptions {
  readonly clock: ManualClock;
  readonly answer: () => AgentAnswer;
  readonly feed: (input: TurnInput) => void;
  readonly observe: (observation: Observation) => void;
  /** Who else must know what the loudspeaker will play, and what it will not after all. */
  readonly listener: DownlinkListener | null;
}

export interface DownlinkListener {
  /** @param playsAtMs when a player without delay would play its first sample */
  sent(sound: Sound, playsAtMs: number): void;
  cut(atMs: number): void;
  /** The line's first sample is heard then. */
  heardFrom(answer: AgentAnswer, lineId: string, atMs: number): void;
}

/** Audio sent ahead of what can have been played, ms: the gateway's own default. */
const leadMs = 200;
const chunkMs = 20;
/** Audio comes so many times faster than it plays. */
const generationFactor = 4;
const playbackEveryMs = 100;

interface Line {
  readonly lineId: string;
  readonly answer: AgentAnswer;
  readonly lengthMs: number;
  /** When the first sample was there to be sent. */
  readonly readyAtMs: number;
  sentMs: number;
  /** First sample at the ear. */
  heardFromMs: number | null;
  outlookMs: number | null;
}

/**
 * A backend, the paced downlink and the caller's player in one: answers when asked, sends 20 ms
 * pieces at most 200 ms ahead, and does what the machine wants with what is not sent yet. Pieces are
 * lowered, held and cut at their borders.
 */
export class SimulatedAgent {
  readonly #options: SimulatedAgentOptions;
  #lines = 0;
  #line: Line | null = null;
  #held = false;
  #gain = 1;
  #lowered = false;
  readonly #loudspeaker = new Loudspeaker();
  #timers: Timer[] = [];

  constructor(options: SimulatedAgentOptions) {
    this.#options = options;
  }

  /** What is being heard, or held, and is not over. */
  get heard(): HeardLine | null {
    const line = this.#line;
    const now = this.#options.clock.nowMs();
    const startedAtMs = line?.heardFromMs ?? null;
    if (line === null || startedAtMs === null || now < startedAtMs) return null;
    return {
      lineId: line.lineId,
      startedAtMs,
      lengthMs: line.lengthMs,
      heardMs: Math.max(0, line.sentMs - Math.max(0, this.#loudspeaker.endMs - now)),
    };
  }

  /** What the loudspeaker plays in the `lengthSamples` from `fromMs` on. */
  played(fromMs: number, lengthSamples: number): Sound {
    return this.#loudspeaker.played(fromMs, lengthSamples);
  }

  /** Does what the machine wants, as far as it is about the agent. */
  run(effect: TurnEffect): void {
    switch (effect.type) {
      case 'startResponse':
        this.#open();
        return;
      case 'duck':
        this.#gain = 10 ** (effect.gainDb / 20);
        return;
      case 'hold':
        this.#hold();
        return;
      case 'resume':
        this.#resume();
        return;
      case 'cancelGeneration':
      case 'flushPlayback':
        this.#cut();
        return;
      case 'speculate':
      case 'dropSpeculation':
      case 'queryEndOfTurn':
      case 'commitTurn':
      case 'commitDigits':
      case 'truncate':
      case 'retractTurn':
      case 'say':
      case 'event':
        return;
    }
  }

  #open(): void {
    const { clock, answer, feed } = this.#options;
    this.#over();
    const given = answer();
    this.#lines += 1;
    const line: Line = {
      lineId: `line_${this.#lines}`,
      answer: given,
      lengthMs: (given.sound.length * 1000) / soundRateHz,
      readyAtMs: clock.nowMs() + given.delayMs,
      sentMs: 0,
      heardFromMs: null,
      outlookMs: null,
    };
    this.#line = line;
    feed({ type: 'line.opened', lineId: line.lineId });
    const doneAtMs = line.readyAtMs + line.lengthMs / generationFactor;
    this.#at(line.readyAtMs, () => this.#pace(line));
    this.#at(doneAtMs, () => this.#tellOutlook(line));
    this.#at(line.readyAtMs + playbackEveryMs, () => this.#tellPlayback(line));
  }

  /** Sends what may be sent, then looks again when the next piece is due. */
  #pace(line: Line): void {
    if (this.#line !== line) return;
    const { clock, feed, observe, listener } = this.#options;
    const now = clock.nowMs();
    while (!this.#held && line.sentMs < line.lengthMs) {
      if (this.#loudspeaker.endMs - now + chunkMs > leadMs + (line.sentMs === 0 ? playerMs : 0))
        break;
      const lengthMs = Math.min(chunkMs, line.lengthMs - line.sentMs);
      const piece = {
        sound: line.answer.sound,
        fromMs: line.sentMs,
        lengthMs,
        gain: this.#gain,
      };
      const playsAtMs = this.#loudspeaker.push(piece, now);
      const first = line.sentMs === 0;
      if (listener !== null) listener.sent(soundOf(piece), playsAtMs - playerMs);
      line.sentMs += lengthMs;
      this.#tellLevel(line, now, this.#gain < 0.5);
      if (!first) continue;
      line.heardFromMs = playsAtMs;
      observe({ type: 'lineStarted', lineId: line.lineId, atMs: now });
      listener?.heardFrom(line.answer, line.lineId, playsAtMs);
      feed({ type: 'line.audio', lineId: line.lineId });
      // The machine may want it held or cut at once.
      if (this.#line !== line) return;
    }
    if (line.sentMs < line.lengthMs) {
      this.#at(now + chunkMs, () => this.#pace(line));
      return;
    }
    feed({ type: 'line.closed', lineId: line.lineId });
    this.#at(this.#loudspeaker.endMs, () => this.#heardOut(line));
  }

  #tellLevel(line: Line, atMs: number, lowered: boolean): void {
    if (lowered === this.#lowered) return;
    this.#lowered = lowered;
    this.#options.observe({ type: lowered ? 'lowered' : 'resumed', lineId: line.lineId, atMs });
  }

  #hold(): void {
    this.#held = true;
    const line = this.#line;
    if (line === null) return;
    const { clock, feed } = this.#options;
    if (line.sentMs > 0) this.#tellLevel(line, clock.nowMs(), true);
    this.#tellOutlook(line);
    feed({ type: 'agent.quiet', atMs: Math.max(this.#loudspeaker.endMs, clock.nowMs()) });
  }

  #resume(): void {
    this.#held = false;
    this.#gain = 1;
    if (this.#line !== null) this.#tellOutlook(this.#line);
  }

  #cut(): void {
    const line = this.#line;
    if (line === null) return;
    const { clock, feed, observe } = this.#options;
    const atMs = clock.nowMs();
    this.#over();
    if (line.sentMs > 0) {
      observe({ type: 'yielded', lineId: line.lineId, atMs });
      observe({ type: 'lineEnded', lineId: line.lineId, atMs, cut: true });
    }
    // A client that is told of the speech stops what it has.
    this.#loudspeaker.stop(atMs);
    this.#options.listener?.cut(atMs);
    feed({ type: 'line.closed', lineId: line.lineId });
    feed({ type: 'playback', lineId: line.lineId, playedMs: line.sentMs, bufferedMs: 0 });
  }

  #heardOut(line: Line): void {
    if (this.#line !== line) return;
    const { clock, feed, observe } = this.#options;
    this.#over();
    const { lineId } = line;
    observe({ type: 'lineEnded', lineId, atMs: clock.nowMs(), cut: false });
    feed({ type: 'playback', lineId, playedMs: line.lengthMs, bufferedMs: 0 });
  }

  #tellPlayback(line: Line): void {
    if (this.#line !== line) return;
    const { clock, feed } = this.#options;
    const bufferedMs = Math.max(0, this.#loudspeaker.endMs - clock.nowMs());
    const { lineId } = line;
    if (line.sentMs > 0 && bufferedMs > 0) {
      feed({ type: 'playback', lineId, playedMs: line.sentMs - bufferedMs, bufferedMs });
    }
    this.#at(clock.nowMs() + playbackEveryMs, () => this.#tellPlayback(line));
  }

  /** The end is known once the backend has finished, and nothing is held. */
  #tellOutlook(line: Line): void {
    if (this.#line !== line) return;
    const { clock, feed } = this.#options;
    const now = clock.nowMs();
    const finished = now >= line.readyAtMs + line.lengthMs / generationFactor;
    const endsAtMs =
      finished && !this.#held
        ? Math.max(this.#loudspeaker.endMs, now) + line.lengthMs - line.sentMs
        : null;
    const question = finished && line.answer.text.endsWith('?');
    feed({ type: 'line.outlook', lineId: line.lineId, endsAtMs, question });
  }

  #over(): void {
    this.#line = null;
    this.#held = false;
    this.#gain = 1;
    this.#lowered = false;
    for (const timer of this.#timers) timer.cancel();
    this.#timers = [];
  }

  #at(atMs: number, callback: () => void): void {
    this.#timers.push(this.#options.clock.timerAt(atMs, callback));
  }
}
