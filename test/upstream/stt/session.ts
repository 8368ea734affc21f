import {
  derivedSeed,
  drawDelayMs,
  seededRandom,
  type Random,
} from '../../../adapters/backends/rehearsal/chance.ts';
import { bytesPerSample, samplesToMs, type AudioFormat } from '../../../src/audio/format.ts';
import { decodeSamples } from '../../../src/audio/samples.ts';
import type { Timer } from '../../../src/time/clock.ts';
import type { SttFault } from './options.ts';
import { recogniserFor, type Recogniser, type StandInWord } from './recogniser.ts';
import type { SessionMade } from './server.ts';

/** A rule of the protocol that the client broke: how the vendor answers. */
export class Violation extends Error {}

/**
 * One connection of a stand-in: what all vendors have in common. It hears audio, answers after a
 * drawn delay and in order, and misbehaves where it is told to.
 */
export abstract class StandInSession {
  /** Rules that the client broke. */
  readonly violations: string[] = [];
  /** Text messages as they came. */
  readonly received: string[] = [];
  readonly drawnMs: number[] = [];
  audioMs = 0;
  /** Audio messages (a count). */
  chunks = 0;
  flushes = 0;
  protected readonly made: SessionMade;
  protected ear: Recogniser | null = null;
  #format: AudioFormat | null = null;
  readonly #random: Random;
  readonly #timers = new Set<Timer>();
  /** Messages that wait to be told, oldest first. */
  readonly #due: string[] = [];
  #lastDueMs = 0;
  #idle: Timer | null = null;
  #silent = false;
  #faultDone = false;

  constructor(made: SessionMade) {
    this.made = made;
    const { ordinal, settings, socket } = made;
    this.#random = seededRandom(derivedSeed(settings.seed, ordinal));
    socket.on('message', (data: Buffer, isBinary) => this.#take(data, isBinary));
    socket.on('close', () => this.#ended());
    socket.on('error', () => undefined);
    const { sessionLimitMs, clock } = settings;
    if (sessionLimitMs !== null) this.#at(clock.nowMs() + sessionLimitMs, () => this.expired());
    this.stayAwake();
  }

  /** Words of the ear that this connection has settled; ms of its audio. */
  protected abstract get settledMs(): number;
  /** It has taken audio in: what is known may have changed. */
  protected abstract heard(): void;
  protected abstract text(message: string): void;
  /** The connection's time is over. */
  protected abstract expired(): void;
  /** Without a sign of life for too long. */
  protected abstract idle(): void;
  /** The client broke a rule. */
  protected abstract broken(violation: Violation): void;

  /** Ends it from the server's side. */
  close(code: number, reason: string): void {
    this.#silent = true;
    this.made.socket.close(code, reason);
  }

  /** Reads and answers nothing any more, as if its machine had stopped. */
  freeze(): void {
    this.made.socket.pause();
  }

  thaw(): void {
    this.made.socket.resume();
  }

  /** Says something of the test's own. */
  say(message: object): void {
    this.#write(JSON.stringify(message));
  }

  protected get positionMs(): number {
    return this.ear?.positionMs ?? 0;
  }

  /** Words that begin at or after this. */
  protected wordsFrom(fromMs: number): readonly StandInWord[] {
    return this.ear?.words.filter((word) => (word.startMs + word.endMs) / 2 >= fromMs) ?? [];
  }

  /**
   * Where a segment of these words ends: right behind them, for the next word may have begun, unless
   * the client asked for everything.
   */
  protected segmentEndMs(words: readonly StandInWord[], isAsked: boolean): number {
    const last = words.at(-1);
    if (isAsked) return this.positionMs;
    return Math.min(this.positionMs, last === undefined ? this.positionMs - 300 : last.endMs + 40);
  }

  protected takes(format: AudioFormat): void {
    const { settings, told } = this.made;
    this.#format = format;
    this.ear = recogniserFor(settings.script, format.rateHz, told);
  }

  /** Something was noticed now and is told after a while; never before what was told earlier. */
  protected tell(message: object, moreMs = 0): void {
    const { clock, delayMs } = this.made.settings;
    const drawn = drawDelayMs(delayMs, this.#random);
    this.drawnMs.push(drawn);
    this.#lastDueMs = Math.max(this.#lastDueMs, clock.nowMs() + drawn + moreMs);
    // Timers that are late need not come in their order, messages of one connection do.
    this.#due.push(JSON.stringify(message));
    this.#at(this.#lastDueMs, () => this.#write(this.#due.shift() ?? ''));
  }

  /** A settled text; told twice where that is the fault. */
  protected tellSettled(message: object): void {
    const fault = this.#fault;
    this.tell(message, fault?.kind === 'late' ? fault.byMs : 0);
    if (fault?.kind === 'duplicate_final') this.tell(message);
  }

  /** @returns whether the planned fault happened here and nothing else is to */
  protected wrong(place: 'open' | 'flush' | 'audio'): boolean {
    const fault = this.#fault;
    if (fault === null || this.#faultDone || !('at' in fault) || fault.at !== place) return false;
    if (fault.at === 'audio' && this.positionMs < fault.afterMs) return false;
    this.#faultDone = true;
    switch (fault.kind) {
      case 'close':
        this.close(fault.code, fault.reason);
        return true;
      case 'drop':
        this.made.socket.terminate();
        return true;
      case 'stall':
        this.#silent = true;
        this.#idle?.cancel();
        return true;
      case 'send':
        this.made.socket.send(fault.text);
        return false;
    }
  }

  protected stayAwake(): void {
    const { clock, idleMs } = this.made.settings;
    this.#idle?.cancel();
    this.#idle = clock.timerAt(clock.nowMs() + idleMs, () => this.idle());
  }

  protected hear(bytes: Uint8Array): void {
    const format = this.#format;
    const { ear } = this;
    if (format === null || ear === null) throw new Violation('audio before it is taken');
    if (bytes.byteLength % bytesPerSample(format.codec) !== 0) {
      throw new Violation('audio that is not whole samples');
    }
    this.stayAwake();
    const samples = decodeSamples(bytes.slice(), format.codec);
    this.chunks += 1;
    this.audioMs += samplesToMs(samples.length, format.rateHz);
    ear.hear(samples);
    if (!this.wrong('audio')) this.heard();
  }

  get #fault(): SttFault | null {
    const { fault } = this.made.settings;
    return fault !== null && this.made.ordinal <= (fault.sessions ?? 1) ? fault : null;
  }

  #take(data: Buffer, isBinary: boolean): void {
    if (this.#silent) return;
    try {
      if (isBinary) {
        this.hear(data);
        return;
      }
      const message = data.toString('utf8');
      this.received.push(message);
      this.text(message);
    } catch (thrown) {
      if (!(thrown instanceof Violation)) throw thrown;
      this.violations.push(thrown.message);
      this.broken(thrown);
    }
  }

  #write(text: string): void {
    const { socket } = this.made;
    if (this.#silent || socket.readyState !== socket.OPEN) return;
    if (this.#fault?.kind !== 'fragments') {
      socket.send(text);
      return;
    }
    const half = Math.ceil(text.length / 2);
    socket.send(text.slice(0, half), { fin: false });
    socket.send(text.slice(half), { fin: true });
  }

  #at(atMs: number, run: () => void): void {
    const timer: Timer = this.made.settings.clock.timerAt(atMs, () => {
      this.#timers.delete(timer);
      run();
    });
    this.#timers.add(timer);
  }

  #ended(): void {
    this.#silent = true;
    this.#idle?.cancel();
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    this.ear?.leave(this.settledMs);
  }
}

/** A text message as a JSON object with a type. @throws Violation */
export function typed(message: string): { readonly type: string } & Record<string, unknown> {
  try {
    const raw: unknown = JSON.parse(message);
    if (typeof raw === 'object' && raw !== null && 'type' in raw && typeof raw.type === 'string') {
      return raw as { readonly type: string } & Record<string, unknown>;
    }
  } catch {
    // Falls through to the one error for all of it.
  }
  throw new Violation('not a JSON object with a type');
}

/** Words as text. */
export function written(words: readonly StandInWord[]): string {
  return words.map(({ text }) => text).join(' ');
}
