import { ask, CallHarness, type HarnessOptions } from '../../support/call-harness.ts';
import { KeptBackend } from '../../../src/server/kept-backend.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import {
  ScriptedBackend,
  turnCapabilities,
  type ScriptedSession,
} from '../../support/scripted-backend.ts';
import { silentLogger } from '../../../src/ports/log.ts';
import type { BackendCapabilities } from '../../../src/ports/backend.ts';
import type { CallError } from '../../../src/ports/errors.ts';
import type { CallPhrases } from '../../../src/ports/phrases.ts';
import type { HandoverManner } from '../../../src/ports/agent.ts';

const able: BackendCapabilities = { ...turnCapabilities, standby: true };

export interface HedgingOptions {
  readonly handover?: HandoverManner;
  readonly second?: Partial<BackendCapabilities>;
  readonly opening?: 'at_once' | 'held' | CallError;
  readonly harness?: HarnessOptions;
  readonly known?: number;
  readonly phrases?: CallPhrases;
}

export interface Hedging {
  readonly harness: CallHarness;
  readonly backends: readonly [ScriptedBackend, ScriptedBackend];
  readonly kept: readonly KeptBackend[];
  readonly clock: ManualClock;
  /** Asks for an answer and lets it be late. @returns its line */
  readonly late: () => Promise<string>;
  /** The first backend's first session. */
  readonly first: ScriptedSession;
}

/** A call whose first backend usually answers after 0.4 s, and which hedges. */
export async function hedging(options: HedgingOptions = {}): Promise<Hedging> {
  const { handover = {}, second = {}, opening = 'at_once', harness: more, known = 20 } = options;
  const { phrases } = options;
  const clock = new ManualClock(5000);
  const backends = [
    new ScriptedBackend({ name: 'first', capabilities: able }),
    new ScriptedBackend({ name: 'second', capabilities: { ...able, ...second }, opening }),
  ] as const;
  const connections = { perSecond: 50, waiting: 10, standbys: 4, probeEveryMs: null };
  const kept = backends.map((port) => {
    const entry = { name: port.name, type: 'scripted', options: {}, connections };
    return new KeptBackend({ entry, port, generation: 1, clock, log: silentLogger });
  });
  for (let call = 0; call < known; call++) kept[0]!.firstAudio(400);
  const harness = await CallHarness.open({
    clock,
    backends,
    health: (name) => kept.find((backend) => backend.name === name) ?? null,
    agent: { handover: { hedge: true, ...handover } },
    ...(phrases === undefined ? {} : { phrases }),
    ...more,
  });
  const late = async (): Promise<string> => {
    harness.ok(ask);
    await harness.pass(401);
    return harness.last('line.opened').line.lineId;
  };
  return { harness, backends, kept, clock, late, first: backends[0].session };
}
