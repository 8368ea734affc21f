import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

const labels = ['agent', 'backend'] as const;

type OfCall = (typeof labels)[number];

/** The metrics that calls feed. What each one counts is in its help text. */
export interface CallInstruments {
  readonly active: Gauge<OfCall>;
  readonly total: Counter<OfCall>;
  readonly refused: Counter<'code'>;
  readonly errors: Counter<OfCall | 'code'>;
  readonly firstAudio: Histogram<OfCall>;
  readonly backendOpen: Histogram<OfCall>;
  /** `during`: `opening` before any backend had been ready in the call, else `call`. */
  readonly handovers: Counter<OfCall | 'during'>;
  readonly handoverGap: Histogram<OfCall | 'during'>;
  readonly handoverOurs: Histogram<OfCall>;
  /** By the backend that stood by. */
  readonly standbys: Counter<OfCall | 'outcome'>;
  /** By the backend that was late. */
  readonly hedges: Counter<OfCall | 'outcome'>;
  readonly dropped: Counter<OfCall | 'cause'>;
  readonly droppedSamples: Counter<OfCall | 'cause'>;
  readonly unsent: Gauge<OfCall>;
  readonly unsentMost: Gauge;
  readonly unplayed: Gauge<OfCall>;
  readonly waiting: Gauge<OfCall>;
}

/** Makes them and registers them. */
export function callInstruments(registry: Registry): CallInstruments {
  const registers = [registry];
  return {
    active: new Gauge({
      name: 'parley_calls_active',
      help: 'Calls that are running.',
      labelNames: labels,
      registers,
    }),
    total: new Counter({
      name: 'parley_calls_total',
      help: 'Calls since the start, counted when a backend is ready or all of them failed.',
      labelNames: labels,
      registers,
    }),
    refused: new Counter({
      name: 'parley_calls_refused_total',
      help: 'Requests that did not become a call, by code.',
      labelNames: ['code'],
      registers,
    }),
    errors: new Counter({
      name: 'parley_errors_total',
      help: 'Errors by code: refused requests, failed backends, faults and failed calls.',
      labelNames: [...labels, 'code'],
      registers,
    }),
    firstAudio: new Histogram({
      name: 'parley_first_audio_seconds',
      help: "End of the caller's speech to the first audible sample given to the client.",
      labelNames: labels,
      buckets: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 5, 10],
      registers,
    }),
    backendOpen: new Histogram({
      name: 'parley_backend_open_seconds',
      help: 'From asking a backend for a session to its being ready.',
      labelNames: labels,
      buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10],
      registers,
    }),
    handovers: new Counter({
      name: 'parley_handovers_total',
      help:
        'Calls taken over by another backend, by the one that took over: after one failed while ' +
        'opening or in a call, or as a move away from one in order.',
      labelNames: [...labels, 'during'],
      registers,
    }),
    handoverGap: new Histogram({
      name: 'parley_handover_gap_seconds',
      help:
        'While opening: from a backend failing to another one being ready in its place. In a call: ' +
        'from the last sample of the old line to the first audible one of the next, at the ear.',
      labelNames: [...labels, 'during'],
      buckets: [0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10],
      registers,
    }),
    handoverOurs: new Histogram({
      name: 'parley_handover_ours_seconds',
      help: 'From the loss of a backend to everything told to the next, less the time it took to open.',
      labelNames: labels,
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1],
      registers,
    }),
    standbys: new Counter({
      name: 'parley_standbys_total',
      help: 'Sessions that stood by for the loss of another backend, by what became of them.',
      labelNames: [...labels, 'outcome'],
      registers,
    }),
    hedges: new Counter({
      name: 'parley_hedges_total',
      help: 'Answers that were late and asked of another backend too, by who answered.',
      labelNames: [...labels, 'outcome'],
      registers,
    }),
    dropped: new Counter({
      name: 'parley_dropped_frames_total',
      help: 'Runs of audio that were dropped (chunks or frames), by cause.',
      labelNames: [...labels, 'cause'],
      registers,
    }),
    droppedSamples: new Counter({
      name: 'parley_dropped_samples_total',
      help: 'Samples in dropped runs of audio, at the rate of the place where they were dropped.',
      labelNames: [...labels, 'cause'],
      registers,
    }),
    unsent: new Gauge({
      name: 'parley_downlink_unsent_bytes',
      help: 'Bytes that client sockets took and did not write to the network yet.',
      labelNames: labels,
      registers,
    }),
    unsentMost: new Gauge({
      name: 'parley_downlink_unsent_bytes_max',
      help: 'The same for the one call that has most: the slowest reader.',
      registers,
    }),
    unplayed: new Gauge({
      name: 'parley_downlink_unplayed_seconds',
      help: 'Agent audio that waits to be given to clients, summed over calls.',
      labelNames: labels,
      registers,
    }),
    waiting: new Gauge({
      name: 'parley_uplink_waiting_commands',
      help: 'Commands, audio among them, that wait for a backend to open.',
      labelNames: labels,
      registers,
    }),
  };
}
