import { Counter, Gauge, type Registry } from 'prom-client';

/** What tells of configurations. */
interface ConfigurationFigures {
  /** Number of the one in force. */
  readonly generation: number;
  /** Problems of the file as it is now (a count). */
  readonly problems: number;
  /** Settings that wait for a restart (a count). */
  readonly restart: number;
  /** Backends that only calls hold. */
  readonly leaving: number;
  readonly made: number;
  readonly closed: number;
  /** Configurations that were offered, by what became of them. */
  readonly outcomes: Readonly<Record<string, number>>;
}

/** Asked at every scrape. */
export type Configuration = () => ConfigurationFigures;

/** Registers what is to be seen of configurations. Without any the names are there, but no values. */
export function registerConfiguration(registry: Registry, of: Configuration | null): void {
  const gauge = (name: string, help: string, value: (of: ConfigurationFigures) => number): void => {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        if (of === null) this.remove();
        else this.set(value(of()));
      },
    });
  };
  gauge(
    'parley_config_generation',
    'Configurations that were in force since the start.',
    ({ generation }) => generation,
  );
  gauge(
    'parley_config_problems',
    'Problems of the file as it is now; while there are any the last sound one is in force.',
    ({ problems }) => problems,
  );
  gauge(
    'parley_config_restart_settings',
    'Changed settings that are not in force before a restart.',
    ({ restart }) => restart,
  );
  gauge(
    'parley_backends_leaving',
    'Backends that no configuration in force has, kept for the calls that they have.',
    ({ leaving }) => leaving,
  );
  const counter = (
    name: string,
    help: string,
    value: (of: ConfigurationFigures) => number,
  ): void => {
    new Counter({
      name,
      help,
      registers: [registry],
      collect() {
        this.reset();
        if (of !== null) this.inc(value(of()));
      },
    });
  };
  counter('parley_backends_made_total', 'Backends made.', ({ made }) => made);
  counter('parley_backends_closed_total', 'Backends closed.', ({ closed }) => closed);
  new Counter({
    name: 'parley_config_reloads_total',
    help: 'Configurations that were offered to the running process, by what became of them.',
    labelNames: ['outcome'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [outcome, count] of Object.entries(of?.().outcomes ?? {})) {
        this.inc({ outcome }, count);
      }
    },
  });
}
