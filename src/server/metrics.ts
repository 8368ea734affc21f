import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { ErrorCode } from '../ports/errors.ts';
import type { LogEntry } from '../ports/events.ts';
import type { ObservedCall, ObserverPort } from '../ports/observer.ts';
import type { Clock, Timer } from '../time/clock.ts';

/** Something outside calls that has figures of its own: a backend or the detector. */
export interface FigureSource {
  readonly kind: 'backend' | 'detector';
  readonly name: string;
  figures(): Readonly<Record<string, number>>;
}

export interface MetricsOptions {
  readonly clock: Clock;
  readonly sources: readonly FigureSource[];
}

interface Seen {
  call: ObservedCall;
  counted: boolean;
  /** End of the caller's speech that nothing audible has answered yet, call time in ms. */
  waitingSinceMs: number | null;
  /** Lines of the conversation that may answer it. */
  readonly answers: Set<string>;
  lastError: ErrorCode | null;
}

const labels = ['agent', 'backend'] as const;
const loopSampleMs = 20;

/** Counts and times calls for `/metrics`. Holds only names and numbers. */
export class Metrics implements ObserverPort {
  readonly #registry = new Registry();
  readonly #seen = new Map<string, Seen>();
  readonly #clock: Clock;
  #loopTimer: Timer | null = null;
  readonly #total = new Counter({
    name: 'parley_calls_total',
    help: 'Calls since the start, counted when a backend is ready or all of them failed.',
    labelNames: labels,
    registers: [this.#registry],
  });
  readonly #firstAudio = new Histogram({
    name: 'parley_first_audio_seconds',
    help: "End of the caller's speech to the first audible sample given to the client.",
    labelNames: labels,
    buckets: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 5, 10],
    registers: [this.#registry],
  });
  readonly #dropped = new Counter({
    name: 'parley_dropped_frames_total',
    help: 'Runs of audio that were dropped (chunks or frames), by where.',
    labelNames: [...labels, 'where'],
    registers: [this.#registry],
  });
  readonly #droppedSamples = new Counter({
    name: 'parley_dropped_samples_total',
    help: 'Samples in dropped runs of audio, at the rate of the place where they were dropped.',
    labelNames: [...labels, 'where'],
    registers: [this.#registry],
  });
  readonly #errors = new Counter({
    name: 'parley_errors_total',
    help: 'Errors by code: refusals before the upgrade, failed backends, faults and failed calls.',
    labelNames: [...labels, 'code'],
    registers: [this.#registry],
  });
  readonly #loopDelay = new Histogram({
    name: 'parley_event_loop_delay_seconds',
    help: 'How late a timer of the main thread fires, sampled every 20 ms.',
    buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1],
    registers: [this.#registry],
  });

  constructor({ clock, sources }: MetricsOptions) {
    this.#clock = clock;
    const seen = this.#seen;
    new Gauge({
      name: 'parley_calls_active',
      help: 'Calls that are running.',
      labelNames: labels,
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const { call } of seen.values())
          this.inc({ agent: call.agent, backend: call.backend });
      },
    });
    const backends = sources.filter(({ kind }) => kind === 'backend');
    new Counter({
      name: 'parley_model_deadline_misses_total',
      help: 'Model batches that took longer than their frame.',
      labelNames: ['backend'],
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const { name, figures } of snapshot(backends)) {
          const misses = figures['deadlineMisses'];
          if (misses !== undefined) this.inc({ backend: name }, misses);
        }
      },
    });
    for (const kind of ['backend', 'detector'] as const) {
      const ofKind = sources.filter((source) => source.kind === kind);
      new Gauge({
        name: `parley_${kind}_figure`,
        help: `Figures a ${kind} keeps of itself, by name.`,
        labelNames: [kind, 'figure'],
        registers: [this.#registry],
        collect() {
          this.reset();
          for (const { name, figures } of snapshot(ofKind)) {
            for (const [figure, value] of Object.entries(figures)) {
              this.set({ [kind]: name, figure }, value);
            }
          }
        },
      });
    }
    this.#sampleLoop();
  }

  /** Content type of `text`. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Everything in Prometheus's text format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  /** A request that never became a call. */
  refused(code: ErrorCode): void {
    this.#errors.inc({ agent: '', backend: '', code });
  }

  entry(call: ObservedCall, entry: LogEntry): void {
    const seen = this.#of(call);
    switch (entry.type) {
      case 'backend.ready':
        this.#count(seen);
        break;
      case 'backend.failed':
      case 'fault':
        this.#error(seen, entry.code);
        break;
      case 'turn.committed':
        seen.waitingSinceMs = entry.speechEndAtMs;
        break;
      case 'line.opened':
        if (entry.line.epoch !== null && entry.line.cause !== 'idle') {
          seen.answers.add(entry.line.lineId);
        }
        break;
      case 'line.first_audio':
        if (seen.waitingSinceMs !== null && seen.answers.has(entry.lineId)) {
          this.#firstAudio.observe(labelsOf(seen), (entry.atMs - seen.waitingSinceMs) / 1000);
          seen.waitingSinceMs = null;
        }
        break;
      case 'line.closed':
        seen.answers.delete(entry.lineId);
        if (entry.end.status === 'failed') this.#error(seen, entry.end.code);
        break;
      case 'stale.dropped':
        if (entry.what === 'audio') this.#dropped.inc({ ...labelsOf(seen), where: 'stale' });
        break;
      case 'audio.dropped':
        this.#dropped.inc({ ...labelsOf(seen), where: entry.where });
        this.#droppedSamples.inc({ ...labelsOf(seen), where: entry.where }, entry.samples);
        break;
      case 'call.closed':
        this.#count(seen);
        if (entry.reason.kind === 'error' && entry.reason.code !== seen.lastError) {
          this.#error(seen, entry.reason.code);
        }
        this.#seen.delete(call.callId);
        break;
      case 'call.opened':
      case 'call.configured':
      case 'backend.opening':
      case 'speech.started':
      case 'speech.stopped':
      case 'speech.dismissed':
      case 'turn.idle':
      case 'input.cleared':
      case 'caller.transcript':
      case 'item.added':
      case 'item.deleted':
      case 'item.truncated':
      case 'line.text':
      case 'line.first_packet':
      case 'agent.cut':
      case 'tool.called':
      case 'tool.answered':
      case 'output.cleared':
      case 'playback.acknowledged':
        break;
    }
  }

  /** Nothing more will be heard of a call. Idempotent. */
  forget(callId: string): void {
    this.#seen.delete(callId);
  }

  /** Stops sampling. */
  close(): void {
    this.#loopTimer?.cancel();
  }

  #of(call: ObservedCall): Seen {
    const known = this.#seen.get(call.callId);
    if (known !== undefined) {
      known.call = call;
      return known;
    }
    const made: Seen = {
      call,
      counted: false,
      waitingSinceMs: null,
      answers: new Set(),
      lastError: null,
    };
    this.#seen.set(call.callId, made);
    return made;
  }

  #count(seen: Seen): void {
    if (seen.counted) return;
    seen.counted = true;
    this.#total.inc(labelsOf(seen));
  }

  #error(seen: Seen, code: ErrorCode): void {
    seen.lastError = code;
    this.#errors.inc({ ...labelsOf(seen), code });
  }

  #sampleLoop(): void {
    const dueMs = this.#clock.nowMs() + loopSampleMs;
    this.#loopTimer = this.#clock.timerAt(dueMs, () => {
      this.#loopDelay.observe(Math.max(0, this.#clock.nowMs() - dueMs) / 1000);
      this.#sampleLoop();
    });
  }
}

function labelsOf({ call }: Seen): { agent: string; backend: string } {
  return { agent: call.agent, backend: call.backend };
}

function snapshot(
  sources: readonly FigureSource[],
): readonly { name: string; figures: Readonly<Record<string, number>> }[] {
  return sources.map((source) => ({ name: source.name, figures: source.figures() }));
}
