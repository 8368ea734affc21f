import type { DetectorScore, DetectorStream } from '../../../src/ports/detector.ts';
import { asCallError } from '../../../src/ports/errors.ts';
import { Framer, type Frame } from './framer.ts';
import { SilenceGate } from './silence-gate.ts';

/** A frame that waits for its turn. */
export interface WaitingFrame extends Frame {
  /** `silent` ones are not scored; of a `leadIn` the model hears only, it had its score before. */
  readonly role: 'scored' | 'silent' | 'leadIn';
  /** Clock time at which its last sample was pushed. */
  readonly completedAtMs: number;
}

/** What a stream needs of whoever sends its frames. */
export interface StreamHost {
  nowMs(): number;
  nextStreamId(): number;
  /** Frames wait. */
  waiting(stream: SileroStream): void;
  /** Frames were lost to a limit. */
  dropped(frames: number): void;
  /** What the thread remembers under this id can go. */
  ended(streamId: number): void;
  closed(stream: SileroStream): void;
}

export interface SileroStreamOptions {
  readonly host: StreamHost;
  /** Most frames that wait; beyond it the oldest is dropped. */
  readonly queueLimitFrames: number;
  /** Longest wait of a frame that is still worth scoring, ms. */
  readonly maxWaitMs: number;
  readonly onScore: (score: DetectorScore) => void;
  readonly onFail: (error: Error) => void;
}

/**
 * One call's audio on its way to the scoring thread. The thread knows it by an id that a reset
 * changes, which is what makes scores of before the reset harmless. Positions run on over resets
 * and dropped frames.
 */
export class SileroStream implements DetectorStream {
  readonly #options: SileroStreamOptions;
  readonly #framer = new Framer();
  readonly #gate = new SilenceGate();
  /** The latest frame, if it was silent: what comes next is heard after it. */
  #silent: Frame | null = null;
  #queue: WaitingFrame[] = [];
  #id: number;
  /** Whether the thread has seen the id. */
  #known = false;
  #closed = false;

  constructor(options: SileroStreamOptions) {
    this.#options = options;
    this.#id = options.host.nextStreamId();
  }

  get id(): number {
    return this.#id;
  }

  /** Frames that wait now. */
  get queued(): number {
    return this.#queue.length;
  }

  push(pcm: Float32Array): void {
    if (this.#closed) return;
    const { host, queueLimitFrames } = this.#options;
    const completedAtMs = host.nowMs();
    for (const frame of this.#framer.cut(pcm)) this.#place(frame, completedAtMs);
    const excess = this.#queue.length - queueLimitFrames;
    if (excess > 0) {
      this.#queue.splice(0, excess);
      host.dropped(excess);
    }
    if (this.#queue.length > 0) host.waiting(this);
  }

  /** Takes the oldest frames, up to `limit`; those that waited too long are dropped instead. */
  take(limit: number, nowMs: number): WaitingFrame[] {
    const { host, maxWaitMs } = this.#options;
    const fresh = this.#queue.findIndex((frame) => nowMs - frame.completedAtMs <= maxWaitMs);
    const stale = fresh === -1 ? this.#queue.length : fresh;
    if (stale > 0) {
      this.#queue.splice(0, stale);
      host.dropped(stale);
    }
    const taken = this.#queue.splice(0, limit);
    if (taken.length > 0) this.#known = true;
    return taken;
  }

  /** Hands a score on, unless it is of before a reset or of after the end. */
  deliver(streamId: number, score: DetectorScore, role: WaitingFrame['role']): void {
    if (this.#closed || streamId !== this.#id) return;
    if (role === 'scored') this.#gate.scored(score.probability);
    if (role === 'leadIn') return;
    try {
      this.#options.onScore(score);
    } catch (error) {
      // A listener that throws loses its own stream, not the scores of everybody after it.
      this.fail(asCallError(error, 'detector_failed'));
    }
  }

  reset(): void {
    if (this.#closed) return;
    this.#end();
    this.#framer.restart();
    this.#gate.reset();
    this.#silent = null;
    this.#id = this.#options.host.nextStreamId();
  }

  /** Closes the stream and tells its owner why. */
  fail(error: Error): void {
    if (this.#closed) return;
    this.close();
    this.#options.onFail(error);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#end();
    this.#options.host.closed(this);
  }

  #place({ samples, endSample }: Frame, completedAtMs: number): void {
    const isSilent = this.#gate.isSilent(samples);
    if (!isSilent && this.#silent !== null) {
      const { samples: before, endSample: at } = this.#silent;
      this.#queue.push({ samples: before, endSample: at, completedAtMs, role: 'leadIn' });
    }
    this.#silent = isSilent ? { samples, endSample } : null;
    const role = isSilent ? 'silent' : 'scored';
    this.#queue.push({ samples, endSample, completedAtMs, role });
  }

  #end(): void {
    this.#queue = [];
    if (this.#known) this.#options.host.ended(this.#id);
    this.#known = false;
  }
}
