import type { BackendPort } from '../ports/backend.ts';
import type { CallScope } from './scope.ts';
import type { HandoverCause, HandoverOwed, LogEntry } from '../ports/events.ts';
import type { LineTrack } from './line-track.ts';

/** What was lost, and what the caller is owed for it. */
export interface LossReport {
  readonly from: string;
  readonly cause: HandoverCause;
  readonly owed: HandoverOwed;
  /** The line that was broken off: the gap begins where its last sample is heard. */
  readonly broken: LineTrack | null;
}

export interface HandoverGapOptions {
  readonly scope: CallScope;
  readonly roundTripMs: () => number;
  /** Whether a line is of the backend that took over. */
  readonly isNew: (lineId: string) => boolean;
}

/** Measures what a handover costs the caller, and logs it once it is known. */
export class HandoverGap {
  readonly #options: HandoverGapOptions;
  #report: LossReport | null = null;
  /** Call time from which on the caller is owed something. */
  #owedSinceMs = 0;
  /** Call time of the latest loss. */
  #lostAtMs = 0;
  /** Time that backends have taken to open, or not to, since then, ms. */
  #openingMs = 0;
  #openingSinceMs: number | null = null;
  /** The line that bridges the gap, and the call time at which it was heard. */
  #bridge: string | null = null;
  #bridgedAtMs: number | null = null;
  /** Once another one serves. */
  #taken: { readonly to: string; readonly oursMs: number } | null = null;

  constructor(options: HandoverGapOptions) {
    this.#options = options;
    options.scope.log.listen((entry) => this.#entry(entry));
  }

  /** What an earlier loss still owes is owed since then. */
  lost(report: LossReport): void {
    const nowMs = this.#options.scope.nowMs();
    const earlier = this.#report;
    if (earlier === null || earlier.owed === 'nothing') {
      this.#report = report;
      this.#owedSinceMs = nowMs;
      this.#bridge = null;
      this.#bridgedAtMs = null;
    } else {
      this.#report = { ...earlier, from: report.from, cause: report.cause };
    }
    this.#lostAtMs = nowMs;
    this.#openingMs = 0;
    this.#openingSinceMs = null;
    this.#taken = null;
  }

  /** Another backend was told everything. */
  serving({ name }: BackendPort): void {
    if (this.#report === null) return;
    this.#opened();
    const { nowMs } = this.#options.scope;
    this.#taken = {
      to: name,
      oursMs: Math.max(0, nowMs() - this.#lostAtMs - this.#openingMs),
    };
    if (this.#report.owed === 'nothing') this.#done(this.#lostAtMs);
    else if (this.#bridgedAtMs !== null) this.#done(this.#bridgedAtMs);
  }

  /**
   * This line says something meanwhile: the caller hears the agent again.
   *
   * @param heardAtMs call time at which that was heard first, where it was
   */
  bridged(lineId: string, heardAtMs: number | null = null): void {
    this.#bridge = lineId;
    this.#bridgedAtMs = heardAtMs;
  }

  /** Nothing more is owed: the caller wants something else. */
  waive(): void {
    if (this.#report === null) return;
    if (this.#taken === null) this.#report = { ...this.#report, owed: 'nothing' };
    else this.#done(this.#options.scope.nowMs());
  }

  #entry(entry: LogEntry): void {
    if (this.#report === null) return;
    if (entry.type === 'backend.opening') {
      this.#opened();
      this.#openingSinceMs = entry.atMs;
    } else if (entry.type === 'backend.ready' || entry.type === 'backend.failed') {
      this.#opened();
    } else if (entry.type === 'speech.started' || entry.type === 'agent.cut') {
      this.waive();
    } else if (entry.type === 'line.first_heard') {
      if (entry.lineId === this.#bridge) this.#bridgedAtMs = entry.heardAtMs;
      if (entry.lineId === this.#bridge || this.#options.isNew(entry.lineId)) {
        this.#done(entry.heardAtMs);
      }
    }
  }

  /** Whoever was asked to open has, or never will. */
  #opened(): void {
    if (this.#openingSinceMs === null) return;
    this.#openingMs += this.#options.scope.nowMs() - this.#openingSinceMs;
    this.#openingSinceMs = null;
  }

  /** @param atMs call time at which the caller got what was owed */
  #done(atMs: number): void {
    if (this.#report === null || this.#taken === null) return;
    const { from, cause, owed, broken } = this.#report;
    this.#report = null;
    const { scope, roundTripMs } = this.#options;
    const lastSample = (broken?.sentSamples ?? 0) - 1;
    const soundEndMs = broken?.heardAtMs(lastSample, roundTripMs()) ?? null;
    const sinceMs = soundEndMs ?? this.#owedSinceMs;
    const gapMs = owed === 'nothing' ? 0 : Math.max(0, atMs - sinceMs);
    scope.log.append({ type: 'handover.done', from, cause, gapMs, ...this.#taken });
  }
}
