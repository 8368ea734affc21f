import { msToSamples, samplesToMs } from '../audio/format.ts';
import { LineQueue, samplesOf, type Queued } from './line-queue.ts';
import { LineTexts } from './line-texts.ts';
import { SoundGate } from './sound-gate.ts';
import { stopSample } from './stop-point.ts';
import { SoundingLines } from './sounding-lines.ts';
import type { LineTrack } from './line-track.ts';
import type { LogEvent } from '../ports/events.ts';
import type { PlayoutClock } from './playout.ts';
import type { Clock, Timer } from '../time/clock.ts';

/** Least audio worth a packet while more is waiting, ms. */
const quantumMs = 20;
/** Most unplayed audio kept, ms; a backend that goes past it has failed. */
const unplayedLimitMs = 120_000;
/** Longest hold that nobody ends, ms: a watchdog, far beyond what a turn machine asks for. */
const holdLimitMs = 10_000;

/** What the downlink gives away, in order: text just before the audio it belongs to. */
export interface DownlinkSink {
  audio(track: LineTrack, bytes: Uint8Array): void;
  text(track: LineTrack, delta: string): void;
  /** The last sample of the line was given away. */
  ended(track: LineTrack): void;
  /** Everything given away has been heard: the end of these lines, oldest first. */
  heardOut(tracks: readonly LineTrack[]): void;
  /** What was done to the sound, for the log. */
  log(event: LogEvent): void;
}

export interface DownlinkOptions {
  readonly clock: Clock;
  readonly originMs: number;
  readonly leadMs: number;
  readonly playout: PlayoutClock;
  readonly roundTripMs: () => number;
  /** Told of each piece given away: ms from when it could be given to when it was. */
  readonly onDelay: (delayMs: number) => void;
  /** Told of each piece as it is given: call time at which a player without delay sounds it. */
  readonly onGiven: (bytes: Uint8Array, playsAtMs: number, track: LineTrack) => void;
  readonly sink: DownlinkSink;
}

/**
 * Paces a line's audio and text to its client: never more than `leadMs` ahead of what a player can
 * have played, so that a cut is a cut. One queue for all in-band lines; a flush empties it, a hold
 * stops it for a while. While it is stopped, the client plays out and time does not count as played.
 */
export class Downlink {
  readonly #options: DownlinkOptions;
  readonly #gate: SoundGate;
  readonly #queue = new LineQueue();
  readonly #texts = new LineTexts();
  readonly #sounding: SoundingLines;
  #timer: Timer | undefined;
  #holdTimer: Timer | undefined;
  /** Latest wake that has come, call time: rounding must not put "now" just before it. */
  #wokenMs = 0;
  /** Call time at which the last hold ended. */
  #resumedAtMs = 0;
  #pumping = false;
  #hurried = false;
  #closed = false;

  constructor(options: DownlinkOptions) {
    this.#options = options;
    this.#sounding = new SoundingLines(options.playout, options.roundTripMs);
    this.#gate = new SoundGate((event) => options.sink.log(event));
  }

  /** Audio waiting to be given away, ms. */
  get waitingMs(): number {
    return samplesToMs(this.#queue.samples, this.#options.playout.rateHz);
  }

  /** The line given away last, while its end has not been heard yet. */
  get sounding(): LineTrack | null {
    return this.#sounding.last;
  }

  /** Call time at which all that is here will have been heard; `null` while it is held. */
  get heardOutAtMs(): number | null {
    const { playout, roundTripMs } = this.#options;
    if (this.#queue.samples === 0) return playout.heardOutAtMs(roundTripMs());
    return this.#gate.flowing
      ? playout.forecastMs(this.waitingMs, this.#nowMs(), roundTripMs())
      : null;
  }

  /** @returns false when the limit of unplayed audio is passed; the audio was not taken */
  pushAudio(track: LineTrack, bytes: Uint8Array): boolean {
    if (this.waitingMs > unplayedLimitMs) return false;
    const queued = { track, bytes, receivedAtMs: this.#nowMs() };
    track.generatedSamples += samplesOf(queued);
    track.latest = bytes;
    this.#queue.push(queued);
    this.#pump();
    return true;
  }

  /** @param startMs where on the line the text belongs; `null` = with the audio that comes next */
  pushText(track: LineTrack, delta: string, startMs: number | null): void {
    this.#texts.push(track, delta, startMs);
    this.#pump();
  }

  /** The backend has finished the line; it ends for the client with its last sample. */
  pushEnd(track: LineTrack): void {
    this.#queue.push({ track, bytes: new Uint8Array(0), receivedAtMs: 0 });
    this.#pump();
  }

  /** Forgets all that its backend has made of a line: nothing of it was given away. */
  forget(track: LineTrack): void {
    this.#queue.keep(track, track.prefaceSamples - track.sentSamples);
    this.#texts.keep(track, track.prefaceSamples);
    this.#schedule();
  }

  /**
   * Drops what waits of a line from the next good place to stop on. Its end is to be pushed next.
   * @returns that place, samples on the line
   */
  shorten(track: LineTrack): number {
    const next = this.#queue.nextAudio;
    const upcoming = next?.track === track ? next.upcoming : new Float32Array(0);
    const atSample = Math.min(track.generatedSamples, stopSample(track, upcoming));
    this.#queue.keep(track, atSample - track.sentSamples);
    this.#texts.keep(track, atSample);
    return atSample;
  }

  /**
   * Drops what waits of a line from a place on. Its end is to be pushed next.
   * @returns that place, samples on the line
   */
  shortenTo(track: LineTrack, atMs: number): number {
    const wanted = msToSamples(atMs, track.format.rateHz);
    const atSample = Math.max(track.sentSamples, Math.min(wanted, track.generatedSamples));
    this.#queue.keep(track, atSample - track.sentSamples);
    this.#texts.keep(track, atSample);
    return atSample;
  }

  /** Gives away all that waits, ahead of the pace: the next line is already beginning. */
  hurry(): void {
    this.#hurried = true;
    this.#pump();
    this.#hurried = false;
  }

  /** Looks again at the clock and at acknowledgements. */
  refresh(): void {
    this.#pump();
  }

  /** From the next sample on at this gain. @param onsetAtMs call time of what it is done for */
  duck(gainDb: number, onsetAtMs: number | null): void {
    this.#gate.duck(gainDb, onsetAtMs, this.#options.playout.rateHz);
  }

  /**
   * Stops at the next good place and keeps all that waits, until `resume` or a flush; 10 s at most.
   * @param current the line that has the floor
   */
  hold(current: LineTrack | null): void {
    if (this.#closed || !this.#gate.flowing) return;
    if (!this.#gate.hold(current, this.#queue.nextAudio)) return;
    const { clock } = this.#options;
    this.#holdTimer = clock.timerAt(clock.nowMs() + holdLimitMs, () => this.#resume('limit'));
    this.#schedule();
  }

  /** No line has the floor: unless something waits, there is nothing to be lowered or held. */
  over(): void {
    if (this.#queue.head !== undefined) return;
    this.#holdTimer?.cancel();
    this.#gate.over();
  }

  /** At full gain again, from where it stopped. */
  resume(): void {
    this.#resume('asked');
  }

  /**
   * Throws away what has not been given away yet and counts on the client doing the same.
   * Lines that were still playing are settled at what has been heard of them.
   * @returns how much audio was dropped, ms, and the lines whose given audio was not heard out
   */
  flush(): { readonly droppedMs: number; readonly cutShort: readonly LineTrack[] } {
    const droppedMs = this.waitingMs;
    const nowMs = this.#nowMs();
    const cutShort = this.#sounding.cut(nowMs);
    this.#queue.clear();
    this.#texts.clear();
    this.#gate.reset();
    this.#options.playout.flushed(nowMs);
    this.#timer?.cancel();
    this.#holdTimer?.cancel();
    return { droppedMs, cutShort };
  }

  close(): void {
    this.#closed = true;
    this.flush();
  }

  #resume(cause: 'asked' | 'limit'): void {
    this.#holdTimer?.cancel();
    if (this.#gate.resume(this.#options.playout.rateHz, cause)) this.#resumedAtMs = this.#nowMs();
    this.#pump();
  }

  #nowMs(): number {
    const { clock, originMs } = this.#options;
    return Math.max(this.#wokenMs, clock.nowMs() - originMs);
  }

  #pump(): void {
    if (this.#pumping || this.#closed) return;
    this.#pumping = true;
    try {
      while (this.#give());
    } finally {
      this.#pumping = false;
    }
    this.#schedule();
  }

  /** @returns false when the head of the queue has to wait */
  #give(): boolean {
    const { head } = this.#queue;
    if (head === undefined || this.#isHeld(head)) return false;
    const { track } = head;
    if (head.bytes.byteLength === 0) {
      this.#queue.take(0);
      this.#releaseText(track, Infinity);
      this.#texts.drop(track);
      this.#gate.ended(track);
      this.#options.sink.ended(track);
      return true;
    }
    const nowMs = this.#nowMs();
    const { leadMs, playout } = this.#options;
    const roomMs = this.#hurried ? Infinity : leadMs - playout.leadMs(nowMs);
    const headSamples = samplesOf(head);
    const headMs = samplesToMs(headSamples, track.format.rateHz);
    if (roomMs < Math.min(quantumMs, headMs) - 0.001) return false;
    const paced =
      roomMs >= headMs ? headSamples : Math.max(1, msToSamples(roomMs, track.format.rateHz));
    this.#giveAudio(head, Math.min(paced, this.#gate.roomSamples(track)), nowMs);
    return true;
  }

  /** The one place where agent audio leaves. */
  #giveAudio(head: Queued, samples: number, nowMs: number): void {
    const { track } = head;
    const bytes = this.#queue.take(samples);
    this.#releaseText(track, track.sentSamples + samples);
    const given = this.#gate.shape(track, bytes);
    const { playout, onGiven } = this.#options;
    onGiven(given, nowMs + playout.leadMs(nowMs), track);
    track.sent(given, nowMs);
    this.#sounding.add(track, nowMs);
    const { clock, originMs, sink, onDelay } = this.#options;
    sink.audio(track, given);
    this.#gate.gave(track);
    const allowedAtMs = Math.max(head.receivedAtMs, this.#wokenMs, this.#resumedAtMs);
    onDelay(Math.max(0, clock.nowMs() - originMs - allowedAtMs));
  }

  /** Whether it waits for `resume`. A line that has nothing more to say may end. */
  #isHeld({ track, bytes }: Queued): boolean {
    if (this.#gate.flowing) return false;
    if (bytes.byteLength > 0) return this.#gate.roomSamples(track) <= 0;
    return track.sentSamples === 0 && this.#texts.has(track);
  }

  #releaseText(track: LineTrack, beforeSample: number): void {
    for (;;) {
      const delta = this.#texts.take(track, beforeSample);
      if (delta === undefined) return;
      this.#options.sink.text(track, delta);
    }
  }

  #schedule(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#closed) return;
    const nowMs = this.#nowMs();
    const { head } = this.#queue;
    if (head !== undefined && !this.#isHeld(head)) {
      const headMs = samplesToMs(samplesOf(head), head.track.format.rateHz);
      const { leadMs, playout } = this.#options;
      const waitMs = playout.leadMs(nowMs) - leadMs + Math.min(quantumMs, headMs);
      this.#wake(nowMs + Math.max(1, waitMs));
      return;
    }
    const { heardOutAtMs } = this.#sounding;
    if (heardOutAtMs === null) return;
    if (nowMs < heardOutAtMs) this.#wake(heardOutAtMs);
    else this.#options.sink.heardOut(this.#sounding.heardOut());
  }

  #wake(atMs: number): void {
    const { clock, originMs } = this.#options;
    this.#timer = clock.timerAt(originMs + atMs, () => {
      this.#wokenMs = atMs;
      this.#pump();
    });
  }
}
