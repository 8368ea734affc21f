import type { WireEntry, WireRecorder } from '../../adapters/shared/wire-record.ts';
import { ManualClock } from '../../src/time/manual-clock.ts';
import { contextFor } from '../contract/backend-context.ts';
import { SessionProbe } from '../contract/session-probe.ts';
import { passTime } from '../upstream/pass-time.ts';
import { decoded } from './decoded.ts';
import { framesOf } from './recording.ts';
import { startReplay } from './replay-server.ts';
import { scenarioContext, talk, type Scenario } from './scenarios.ts';
import { saidUpstream, shown } from './shown.ts';

/** What a golden file holds. */
export interface Golden {
  /** What the adapter understands, message by message. */
  readonly decoded: unknown[];
  /** What the call is told, when the same caller talks to the same upstream. */
  readonly events: unknown[];
}

/** Holds the scenario's call with whatever is at this address. @returns what the call was told */
export async function play(
  scenario: Scenario,
  origin: string,
  clock: ManualClock,
  recorder: WireRecorder | null = null,
): Promise<unknown[]> {
  const pass = passTime(clock);
  const backend = scenario.backend(origin, recorder);
  const context = scenarioContext(contextFor(backend, clock));
  const settled = new AbortController();
  const opening = backend.open(context, new AbortController().signal);
  const settle = (): void => settled.abort();
  opening.then(settle, settle);
  for (let step = 0; step < 500 && !settled.signal.aborted; step += 1) await pass(20);
  const probe = new SessionProbe(await opening, context, pass).read();
  await talk(probe, context);
  await backend.close();
  return probe.events.map(shown);
}

/** Plays a recording again. `said`: what the upstream was sent, without sound. */
export async function replay(
  scenario: Scenario,
  entries: readonly WireEntry[],
): Promise<Golden & { readonly said: unknown[] }> {
  const clock = new ManualClock();
  const server = await startReplay(entries, clock);
  try {
    const events = await play(scenario, server.origin, clock);
    return { decoded: decoded(entries), events, said: saidUpstream(server.heard) };
  } finally {
    await server.close();
  }
}

/** What the upstream of a recording was sent, without sound. */
export function recordedSaying(entries: readonly WireEntry[]): unknown[] {
  const texts = framesOf(entries)
    .filter(({ direction }) => direction === 'up')
    .map(({ bytes }) => bytes.toString('utf8'));
  return saidUpstream(texts);
}
