import { Gauge, type Registry } from 'prom-client';
import type { FigureSource } from './metrics-figures.ts';

/** What the server knows besides calls. Asked at every scrape. */
export interface House {
  /** Most calls at once. */
  readonly callsLimit: number;
  /** Client sockets that are open. */
  readonly sockets: () => number;
  /** Whether no new calls are taken any more. */
  readonly draining: () => boolean;
  /** Whether a backend or the detector is ready to be used. */
  readonly ready: (kind: FigureSource['kind'], name: string) => boolean;
}

/** Registers what the house shows of itself. Without a house the names are there, but no values. */
export function registerHouse(
  registry: Registry,
  house: House | null,
  sources: Iterable<FigureSource>,
): void {
  const plain = (name: string, help: string, value: (of: House) => number): void => {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        // Without labels there is a value of 0 from the start.
        if (house === null) this.remove();
        else this.set(value(house));
      },
    });
  };
  plain('parley_calls_limit', 'Most calls at once.', ({ callsLimit }) => callsLimit);
  plain('parley_sockets_open', 'Client sockets that are open.', ({ sockets }) => sockets());
  plain('parley_draining', '1 while the server shuts down, else 0.', ({ draining }) =>
    draining() ? 1 : 0,
  );
  for (const kind of ['backend', 'detector'] as const) {
    new Gauge({
      name: `parley_${kind}_ready`,
      help: `1 when the ${kind} can be used, 0 while it is prepared or when that failed.`,
      labelNames: [kind],
      registers: [registry],
      collect() {
        if (house === null) return;
        this.reset();
        for (const source of sources) {
          if (source.kind !== kind) continue;
          const { name } = source;
          this.set({ [kind]: name }, house.ready(kind, name) ? 1 : 0);
        }
      },
    });
  }
}
