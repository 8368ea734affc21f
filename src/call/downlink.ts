import { bytesPerSample, msToSamples, samplesToMs } from '../audio/format.ts';
import type { LineTrack } from './line-track.ts';
import type { PlayoutClock } from './playout.ts';
import type { Clock, Timer } from '../time/clock.ts';

/** Least audio worth a packet while more is waiting, ms. */
const quantumMs = 20;
/** Most unplayed audio kept, ms; a backend that goes past it has failed. */
const unplayedLimitMs = 120_000;
/** Lines whose end may still be playing at once (a count); older ones are settled by the clock. */
const soundingLimit = 16;
/** How long acknowledgements may lag behind the clock before the clock is believed, ms. */
const acknowledgementGraceMs = 2000;

/** What the downlink gives away, in order: text just before the audio it belongs to. */
export interface DownlinkSink {
  audio(track: LineTrack, bytes: Uint8Array): void;
  text(track: LineTrack, delta: string): void;
  /** The last sample of the line was given away. */
  ended(track: LineTrack): void;
  /** Everything given away has been heard. */
  heardOut(track: LineTrack): void;
}

interface Queued {
  readonly track: LineTrack;
  /** Audio in the client's format; empty for a bare end. */
  bytes: Uint8Array;
  /** Call time at which the downlink got it. */
  readonly receivedAtMs: number;
}

/**
 * Paces a line's audio and text to its client: never more than `leadMs` ahead of what a player can
 * have played, so that a cut is a cut. One queue for all in-band lines; a flush empties it.
 */
export class Downlink {
  readonly #clock: Clock;
  readonly #originMs: number;
  readonly #leadMs: number;
  readonly #playout: PlayoutClock;
  readonly #roundTripMs: () => number;
  readonly #onDelay: (delayMs: number) => void;
  readonly #sink: DownlinkSink;
  #queue: Queued[] = [];
  readonly #texts = new Map<LineTrack, { atSample: number; delta: string }[]>();
  #queuedSamples = 0;
  /** Lines given away and not yet heard out, oldest first. */
  readonly #sounding: LineTrack[] = [];
  #timer: Timer | undefined;
  /** Latest wake that has come, call time: rounding must not put "now" just before it. */
  #wokenMs = 0;
  #pumping = false;
  #hurried = false;
  #closed = false;

  constructor(options: {
    clock: Clock;
    originMs: number;
    leadMs: number;
    playout: PlayoutClock;
    roundTripMs: () => number;
    /** Told of each piece given away: ms from when it could be given to when it was. */
    onDelay: (delayMs: number) => void;
    sink: DownlinkSink;
  }) {
    this.#clock = options.clock;
    this.#originMs = options.originMs;
    this.#leadMs = options.leadMs;
    this.#playout = options.playout;
    this.#roundTripMs = options.roundTripMs;
    this.#onDelay = options.onDelay;
    this.#sink = options.sink;
  }

  /** Audio waiting to be given away, ms. */
  get waitingMs(): number {
    return samplesToMs(this.#queuedSamples, this.#playout.rateHz);
  }

  /** @returns false when the limit of unplayed audio is passed; the audio was not taken */
  pushAudio(track: LineTrack, bytes: Uint8Array): boolean {
    if (this.waitingMs > unplayedLimitMs) return false;
    const samples = bytes.byteLength / bytesPerSample(track.format.codec);
    track.generatedSamples += samples;
    this.#queuedSamples += samples;
    this.#queue.push({ track, bytes, receivedAtMs: this.#nowMs() });
    this.#pump();
    return true;
  }

  /** @param startMs where on the line the text belongs; `null` = with the audio that comes next */
  pushText(track: LineTrack, delta: string, startMs: number | null): void {
    const atSample =
      startMs === null
        ? track.generatedSamples
        : msToSamples(Math.max(0, startMs), track.format.rateHz);
    const texts = this.#texts.get(track);
    if (texts === undefined) this.#texts.set(track, [{ atSample, delta }]);
    else texts.push({ atSample: Math.max(atSample, texts.at(-1)?.atSample ?? 0), delta });
    this.#pump();
  }

  /** The backend has finished the line; it ends for the client with its last sample. */
  pushEnd(track: LineTrack): void {
    this.#queue.push({ track, bytes: new Uint8Array(0), receivedAtMs: 0 });
    this.#pump();
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

  /**
   * Throws away what has not been given away yet and counts on the client doing the same.
   * Lines that were still playing are settled at what has been heard of them.
   * @returns how much audio was dropped, ms, and the lines whose given audio was not heard out
   */
  flush(): { readonly droppedMs: number; readonly cutShort: readonly LineTrack[] } {
    const droppedMs = this.waitingMs;
    const sounding = this.#sounding.splice(0);
    for (const track of sounding) this.#settle(track);
    const nowMs = this.#nowMs();
    const cutShort = sounding.filter(
      (track) => track.heardMs(nowMs, this.#roundTripMs()) < track.sentMs,
    );
    this.#queue = [];
    this.#texts.clear();
    this.#queuedSamples = 0;
    this.#playout.flushed(this.#nowMs());
    this.#timer?.cancel();
    return { droppedMs, cutShort };
  }

  close(): void {
    this.#closed = true;
    this.flush();
  }

  #nowMs(): number {
    return Math.max(this.#wokenMs, this.#clock.nowMs() - this.#originMs);
  }

  #pump(): void {
    if (this.#pumping || this.#closed) return;
    this.#pumping = true;
    try {
      while (this.#queue.length > 0 && this.#give(this.#queue[0]!));
    } finally {
      this.#pumping = false;
    }
    this.#schedule();
  }

  /** @returns false when the head of the queue has to wait */
  #give(head: Queued): boolean {
    const { track } = head;
    if (head.bytes.byteLength === 0) {
      this.#queue.shift();
      this.#releaseText(track, Infinity);
      this.#texts.delete(track);
      this.#sink.ended(track);
      return true;
    }
    const width = bytesPerSample(track.format.codec);
    const nowMs = this.#nowMs();
    const roomMs = this.#hurried ? Infinity : this.#leadMs - this.#playout.leadMs(nowMs);
    const headMs = samplesToMs(head.bytes.byteLength / width, track.format.rateHz);
    if (roomMs < Math.min(quantumMs, headMs) - 0.001) return false;
    const headSamples = head.bytes.byteLength / width;
    const samples =
      roomMs >= headMs ? headSamples : Math.max(1, msToSamples(roomMs, track.format.rateHz));
    const bytes = head.bytes.subarray(0, samples * width);
    if (bytes.byteLength === head.bytes.byteLength) this.#queue.shift();
    else head.bytes = head.bytes.subarray(bytes.byteLength);
    this.#queuedSamples -= samples;
    this.#releaseText(track, track.sentSamples + samples);
    track.sent(bytes, nowMs);
    this.#sounds(track);
    this.#sink.audio(track, bytes);
    const allowedAtMs = Math.max(head.receivedAtMs, this.#wokenMs);
    this.#onDelay(Math.max(0, this.#clock.nowMs() - this.#originMs - allowedAtMs));
    return true;
  }

  #sounds(track: LineTrack): void {
    if (this.#sounding.at(-1) === track) return;
    this.#sounding.push(track);
    if (this.#sounding.length > soundingLimit) this.#settle(this.#sounding.shift()!);
  }

  #settle(track: LineTrack): void {
    track.freeze(track.heardMs(this.#nowMs(), this.#roundTripMs()));
  }

  #releaseText(track: LineTrack, beforeSample: number): void {
    const texts = this.#texts.get(track);
    while (texts?.[0] !== undefined && texts[0].atSample < beforeSample) {
      this.#sink.text(track, texts.shift()!.delta);
    }
  }

  #schedule(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#closed) return;
    const nowMs = this.#nowMs();
    const head = this.#queue[0];
    if (head !== undefined) {
      const headMs = samplesToMs(
        head.bytes.byteLength / bytesPerSample(head.track.format.codec),
        head.track.format.rateHz,
      );
      const waitMs = this.#playout.leadMs(nowMs) - this.#leadMs + Math.min(quantumMs, headMs);
      this.#wake(nowMs + Math.max(1, waitMs));
      return;
    }
    // A line that is not over is not heard out: it only waits for more.
    const playing = this.#sounding.at(-1);
    if (playing?.closed !== true) return;
    const heardOutAtMs = this.#heardOutAtMs(playing);
    if (nowMs < heardOutAtMs) {
      this.#wake(heardOutAtMs);
      return;
    }
    for (const track of this.#sounding.splice(0)) {
      track.freeze(track.acknowledgedMs ?? track.sentMs);
    }
    this.#sink.heardOut(playing);
  }

  #heardOutAtMs(track: LineTrack): number {
    const byClockMs = this.#playout.heardOutAtMs(this.#roundTripMs());
    if (track.acknowledgedMs === null) return byClockMs;
    return track.acknowledgedMs >= track.sentMs - quantumMs
      ? 0
      : byClockMs + acknowledgementGraceMs;
  }

  #wake(atMs: number): void {
    this.#timer = this.#clock.timerAt(this.#originMs + atMs, () => {
      this.#wokenMs = atMs;
      this.#pump();
    });
  }
}
