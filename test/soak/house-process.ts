import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process, { memoryUsage } from 'node:process';
import { SileroDetector } from '../../adapters/detectors/silero-vad/silero-detector.ts';
import { countMemoryOnce } from '../../src/collector.ts';
import { CountingClock } from './counting-clock.ts';
import { House, type Holdings } from './house.ts';

/** What the process of a house says of itself when asked. */
export interface HouseReport extends Holdings {
  readonly rssMiB: number;
  readonly heapMiB: number;
  /** Buffers and WebAssembly memories outside the heap. */
  readonly externalMiB: number;
  /** What still keeps Node's own loop busy, by kind. */
  readonly resources: Readonly<Record<string, number>>;
}

export type HouseMessage =
  | { readonly kind: 'ready'; readonly url: string }
  | { readonly kind: 'report'; readonly report: HouseReport };

/** Finished calls go where `parley serve` puts them. */
const folder = mkdtempSync(join(tmpdir(), 'parley-house-'));

const config = `
store: { type: sqlite, path: ${join(folder, 'calls.sqlite')} }
server: { maxCalls: 10000, drainMs: 0, defaultAgent: rehearsal }
backends:
  quick: { type: rehearsal, firstAudioMs: { p50: 50, p95: 100 } }
  talkative: { type: rehearsal, firstAudioMs: { p50: 50, p95: 100 }, script: { turns: [ { text: "${'one two three four five '.repeat(3)}" } ] } }
agents: { quick: { backends: [quick] }, talkative: { backends: [talkative] } }
`;

// As `parley serve` does.
countMemoryOnce();
const clock = new CountingClock();
const house = await House.open({ config, clock, detector: new SileroDetector({ clock }) });

process.on('message', () => void report());
process.on('disconnect', () => void close());
send({ kind: 'ready', url: house.gateway.url });

async function close(): Promise<void> {
  await house.close();
  rmSync(folder, { recursive: true, force: true });
}

async function report(): Promise<void> {
  // With --expose-gc: what is counted is what is really held.
  globalThis.gc?.();
  const { rss, heapUsed, external } = memoryUsage();
  const resources: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) {
    resources[kind] = (resources[kind] ?? 0) + 1;
  }
  send({
    kind: 'report',
    report: {
      ...(await house.holdings()),
      rssMiB: rss / 2 ** 20,
      heapMiB: heapUsed / 2 ** 20,
      externalMiB: external / 2 ** 20,
      resources,
    },
  });
}

function send(message: HouseMessage): void {
  process.send?.(message);
}
