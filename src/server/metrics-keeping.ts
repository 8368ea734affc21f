import { Gauge, type Registry } from 'prom-client';

/** What the store and the recordings count themselves; asked at every scrape. */
export type KeepingFigures = () => Readonly<
  Record<'store' | 'recordings', Readonly<Record<string, number>>>
>;

/** Registers what is kept of calls, and what could not be. Without figures, names and no values. */
export function registerKeeping(registry: Registry, figures: KeepingFigures | null): void {
  const parts = {
    store: 'What the store of finished calls and its webhooks count, by figure.',
    recordings: 'What recordings count, by figure.',
  } as const;
  for (const part of ['store', 'recordings'] as const) {
    new Gauge({
      name: `parley_${part}_figure`,
      help: parts[part],
      labelNames: ['figure'],
      registers: [registry],
      collect() {
        this.reset();
        for (const [figure, value] of Object.entries(figures?.()[part] ?? {})) {
          this.set({ figure }, value);
        }
      },
    });
  }
}
