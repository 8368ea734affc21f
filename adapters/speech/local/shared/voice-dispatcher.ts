import { CallError } from '../../../../src/ports/errors.ts';
import type { Clock, Timer } from '../../../../src/time/clock.ts';
import type { VoiceCounters } from './voice-counters.ts';
import type { VoiceReply, VoiceRequest } from './voice-link.ts';

/** A piece on its way to the thread. */
export interface VoiceJob {
  readonly text: string;
  readonly voice: string | null;
  readonly rateHz: number;
  readonly askedAtMs: number;
  readonly onAudio: (bytes: Uint8Array) => void;
  readonly onDone: () => void;
  readonly onFail: (error: CallError) => void;
}

/** Whoever has pieces to speak, in order. */
export interface VoiceCustomer {
  readonly jobs: VoiceJob[];
}

export interface VoiceDispatcherOptions {
  readonly clock: Clock;
  readonly counters: VoiceCounters;
  /** Most pieces that wait, of all calls together. */
  readonly queueLimitPieces: number;
  /** Longest time the thread may take over a piece before it counts as lost, ms. */
  readonly pieceTimeoutMs: number;
  readonly send: (request: VoiceRequest) => void;
  /** The thread does not answer. */
  readonly onStall: (reason: string) => void;
}

interface Flight {
  readonly jobId: number;
  readonly customer: VoiceCustomer;
  readonly job: VoiceJob;
  readonly timeout: Timer;
  wanted: boolean;
  heard: boolean;
}

/**
 * One piece at a time goes to the thread, so that what waits stays here, where it can be cancelled.
 * Customers take turns: a long answer of one call delays another's first words by a piece, not by
 * all of it.
 */
export class VoiceDispatcher {
  readonly #options: VoiceDispatcherOptions;
  readonly #waiting = new Set<VoiceCustomer>();
  #queued = 0;
  #flight: Flight | null = null;
  #lastJobId = 0;

  constructor(options: VoiceDispatcherOptions) {
    this.#options = options;
  }

  /** Pieces that wait. */
  get queued(): number {
    return this.#queued;
  }

  /** @throws CallError `backend_overloaded` when too many pieces wait */
  add(customer: VoiceCustomer, job: VoiceJob): void {
    const { queueLimitPieces, counters } = this.#options;
    if (this.#queued >= queueLimitPieces) {
      counters.overflowedPieces += 1;
      throw new CallError('backend_overloaded', `${queueLimitPieces} pieces of text wait already`);
    }
    this.#queued += 1;
    counters.pieces += 1;
    customer.jobs.push(job);
    this.#waiting.add(customer);
    this.#next();
  }

  /** Forgets what a customer waits for, and stops what is under way of it. */
  remove(customer: VoiceCustomer): void {
    this.#queued -= customer.jobs.length;
    customer.jobs.length = 0;
    this.#waiting.delete(customer);
    const flight = this.#flight;
    if (flight?.customer !== customer || !flight.wanted) return;
    flight.wanted = false;
    this.#options.send({ type: 'stop', jobId: flight.jobId });
  }

  take(reply: VoiceReply): void {
    const flight = this.#flight;
    if (flight?.jobId !== reply.jobId) return;
    const { counters, clock } = this.#options;
    if (reply.type === 'audio') {
      if (!flight.wanted) {
        counters.staleBytes += reply.bytes.byteLength;
        return;
      }
      if (!flight.heard) this.#countFirst(clock.nowMs() - flight.job.askedAtMs);
      flight.heard = true;
      flight.job.onAudio(reply.bytes);
      return;
    }
    flight.timeout.cancel();
    this.#flight = null;
    if (reply.type === 'done') {
      counters.synthesisMsTotal += reply.synthesisMs;
      counters.synthesisMsLast = reply.synthesisMs;
      counters.audioMsTotal += reply.audioMs;
    }
    // The thread is free again: its next piece goes first.
    this.#next();
    if (!flight.wanted) return;
    if (reply.type === 'done') flight.job.onDone();
    else flight.job.onFail(new CallError('backend_protocol', reply.message));
  }

  /** The thread is gone: everything that waited for it fails. */
  fail(error: CallError): void {
    const flight = this.#flight;
    flight?.timeout.cancel();
    this.#flight = null;
    const jobs = [...this.#waiting].flatMap((customer) => customer.jobs.splice(0).slice(0, 1));
    this.#waiting.clear();
    this.#queued = 0;
    if (flight?.wanted === true) flight.job.onFail(error);
    for (const job of jobs) job.onFail(error);
  }

  #next(): void {
    if (this.#flight !== null) return;
    const [customer] = this.#waiting;
    const job = customer?.jobs.shift();
    if (customer === undefined || job === undefined) return;
    this.#queued -= 1;
    this.#waiting.delete(customer);
    if (customer.jobs.length > 0) this.#waiting.add(customer);
    const { clock, pieceTimeoutMs, send, onStall } = this.#options;
    this.#lastJobId += 1;
    const jobId = this.#lastJobId;
    const timeout = clock.timerAt(clock.nowMs() + pieceTimeoutMs, () =>
      onStall(`no answer for ${pieceTimeoutMs} ms`),
    );
    this.#flight = { jobId, customer, job, timeout, wanted: true, heard: false };
    const { text, voice, rateHz } = job;
    send({ type: 'speak', jobId, text, voice, rateHz });
  }

  #countFirst(delayMs: number): void {
    const { counters } = this.#options;
    counters.firstAudios += 1;
    counters.firstAudioMsTotal += delayMs;
    counters.firstAudioMsLast = delayMs;
    counters.firstAudioMsMax = Math.max(counters.firstAudioMsMax, delayMs);
  }
}
