import { Counter, Gauge, type Registry } from 'prom-client';

/** Something outside calls that has figures of its own. */
export interface FigureSource {
  readonly kind: 'backend' | 'detector' | 'listener';
  readonly name: string;
  figures(): Readonly<Record<string, number>>;
}

/** A figure that has a metric of its own. */
interface NamedFigure {
  readonly figure: string;
  readonly kind: 'gauge' | 'counter';
  readonly name: string;
  readonly help: string;
  /** Figures of time are in ms, metrics of time in s. */
  readonly unit?: 'ms';
}

const named: Readonly<Record<FigureSource['kind'], readonly NamedFigure[]>> = {
  backend: [
    {
      figure: 'breaker',
      kind: 'gauge',
      name: 'parley_backend_breaker',
      help: 'Whether calls that have a choice go there: 0 all, 1 more each step, 2 trials, 3 none.',
    },
    {
      figure: 'firstAudioP95Ms',
      kind: 'gauge',
      name: 'parley_backend_first_audio_p95_seconds',
      help: 'From a request to its first audio: what 95 % of the latest did not exceed.',
      unit: 'ms',
    },
    {
      figure: 'dryP95Ms',
      kind: 'gauge',
      name: 'parley_backend_dry_p95_seconds',
      help: 'Pauses in the middle of answers: what 95 % of the latest did not exceed.',
      unit: 'ms',
    },
    {
      figure: 'deadlineMisses',
      kind: 'counter',
      name: 'parley_model_deadline_misses_total',
      help: 'Model batches that took longer than their frame.',
    },
    {
      figure: 'batches',
      kind: 'counter',
      name: 'parley_model_batches_total',
      help: 'Model batches run.',
    },
    {
      figure: 'frames',
      kind: 'counter',
      name: 'parley_model_frames_total',
      help: 'Frames in model batches: one a call and batch.',
    },
    {
      figure: 'batchMsTotal',
      kind: 'counter',
      name: 'parley_model_run_seconds_total',
      help: 'Time the graphs took. Over batches: time of a batch; over frames: of one frame in it.',
      unit: 'ms',
    },
    {
      figure: 'frameDelayMsLast',
      kind: 'gauge',
      name: 'parley_model_frame_delay_seconds',
      help: 'From the oldest frame of the last batch being ready to its result.',
      unit: 'ms',
    },
    {
      figure: 'queueFrames',
      kind: 'gauge',
      name: 'parley_model_queue_frames',
      help: 'Frames that are ready and wait for the model.',
    },
    { figure: 'rows', kind: 'gauge', name: 'parley_model_rows', help: 'Calls in the model.' },
    {
      figure: 'rowsMax',
      kind: 'gauge',
      name: 'parley_model_rows_limit',
      help: 'Most calls the model takes.',
    },
  ],
  detector: [
    {
      figure: 'queueFrames',
      kind: 'gauge',
      name: 'parley_detector_queue_frames',
      help: 'Frames that wait to be sent to the detector.',
    },
    {
      figure: 'inFlightFrames',
      kind: 'gauge',
      name: 'parley_detector_in_flight_frames',
      help: 'Frames that the detector has and did not score yet.',
    },
    {
      figure: 'streams',
      kind: 'gauge',
      name: 'parley_detector_streams',
      help: 'Calls that listen for speech.',
    },
    {
      figure: 'frames',
      kind: 'counter',
      name: 'parley_detector_frames_total',
      help: 'Frames scored.',
    },
    {
      figure: 'batches',
      kind: 'counter',
      name: 'parley_detector_batches_total',
      help: 'Detector batches run.',
    },
    {
      figure: 'droppedFrames',
      kind: 'counter',
      name: 'parley_detector_dropped_frames_total',
      help: 'Frames never scored: the queue was full, or they had waited too long.',
    },
    {
      figure: 'runMsTotal',
      kind: 'counter',
      name: 'parley_detector_run_seconds_total',
      help: 'Time the detector spent on batches.',
      unit: 'ms',
    },
    {
      figure: 'queueMsTotal',
      kind: 'counter',
      name: 'parley_detector_queue_seconds_total',
      help: 'From a frame being complete to it being sent, summed over frames.',
      unit: 'ms',
    },
    {
      figure: 'delayMsTotal',
      kind: 'counter',
      name: 'parley_detector_delay_seconds_total',
      help: 'From a frame being complete to its score, summed over frames.',
      unit: 'ms',
    },
    {
      figure: 'failures',
      kind: 'counter',
      name: 'parley_detector_failures_total',
      help: 'Times the detector was lost or gave up.',
    },
  ],
  listener: [
    {
      figure: 'besideAudioMs',
      kind: 'counter',
      name: 'parley_listener_audio_seconds_total',
      help: 'Caller audio that recognisers beside backends were sent.',
      unit: 'ms',
    },
  ],
};

/** A metric that takes a whole value, whatever its kind. */
interface Shown {
  readonly figure: string;
  readonly scale: number;
  reset(): void;
  show(source: string, value: number): void;
}

/** Shows what backends and the detector count themselves, asking each once a scrape. */
export class FigureMetrics {
  readonly #sources: Iterable<FigureSource>;
  readonly #named: Readonly<Record<FigureSource['kind'], readonly Shown[]>>;
  readonly #all: Readonly<Record<FigureSource['kind'], Gauge>>;
  readonly #failures: Counter;

  constructor(registry: Registry, sources: Iterable<FigureSource>) {
    this.#sources = sources;
    this.#named = {
      backend: named.backend.map((it) => shown(registry, 'backend', it)),
      detector: named.detector.map((it) => shown(registry, 'detector', it)),
      listener: named.listener.map((it) => shown(registry, 'listener', it)),
    };
    this.#all = {
      backend: all(registry, 'backend'),
      detector: all(registry, 'detector'),
      listener: all(registry, 'listener'),
    };
    this.#failures = new Counter({
      name: 'parley_figure_failures_total',
      help: 'Figures that could not be had, or were no numbers, when metrics were asked for.',
      labelNames: ['source'],
      registers: [registry],
    });
  }

  /** Asks every source. One that throws costs its own figures and is counted. */
  refresh(): void {
    for (const kind of ['backend', 'detector', 'listener'] as const) {
      this.#all[kind].reset();
      for (const metric of this.#named[kind]) metric.reset();
    }
    for (const source of this.#sources) {
      try {
        this.#show(source, source.figures());
      } catch {
        this.#failures.inc({ source: source.name });
      }
    }
  }

  #show({ kind, name }: FigureSource, figures: Readonly<Record<string, number>>): void {
    for (const [figure, value] of Object.entries(figures)) {
      if (Number.isFinite(value)) this.#all[kind].set({ [kind]: name, figure }, value);
      else this.#failures.inc({ source: name });
    }
    for (const metric of this.#named[kind]) {
      const value = figures[metric.figure];
      if (value !== undefined && Number.isFinite(value)) metric.show(name, value * metric.scale);
    }
  }
}

function all(registry: Registry, kind: FigureSource['kind']): Gauge {
  return new Gauge({
    name: `parley_${kind}_figure`,
    help: `Figures a ${kind} keeps of itself, by name.`,
    labelNames: [kind, 'figure'],
    registers: [registry],
  });
}

function shown(
  registry: Registry,
  source: FigureSource['kind'],
  { figure, kind, name, help, unit }: NamedFigure,
): Shown {
  const config = { name, help, labelNames: [source], registers: [registry] };
  const scale = unit === 'ms' ? 0.001 : 1;
  switch (kind) {
    case 'gauge': {
      const gauge = new Gauge(config);
      return {
        figure,
        scale,
        reset: () => gauge.reset(),
        show: (label, value) => gauge.set({ [source]: label }, value),
      };
    }
    case 'counter': {
      const counter = new Counter(config);
      return {
        figure,
        scale,
        reset: () => counter.reset(),
        show: (label, value) => counter.inc({ [source]: label }, value),
      };
    }
  }
}
