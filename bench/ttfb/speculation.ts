import { percentile, rounded } from '../lib/distribution.ts';
import { cascadeDelaysMs, leadMs } from './cascade-agent.ts';
import type { SpokenTurn } from './spoken-turn.ts';

/** What beginning before the decision brought, in one run. Times are ms. */
export interface SpeculationGain {
  /** Median first audio of the waiting agent less that of the speculating one. */
  readonly gainMs: number;
  /** Endpointing less the start of the speculation: median of the turns that adopted one. */
  readonly leadMs: number;
  /** Share of turns whose answer had not begun before. */
  readonly discardRate: number;
  /** 0.8 × the lesser of the model's delay and the lead × what was not discarded. */
  readonly goalMs: number;
}

/** A lead below this is the decision's own, ms. */
const leastLeadMs = 5;
/** What of the possible a gain has to be. */
const goalShare = 0.8;

/** `null` where either was not measured. */
export function speculationGain(
  waiting: readonly SpokenTurn[],
  speculating: readonly SpokenTurn[],
): SpeculationGain | null {
  if (waiting.length === 0 || speculating.length === 0) return null;
  const leads = speculating.map(leadMs).filter((ms) => ms >= leastLeadMs);
  const discardRate = 1 - leads.length / speculating.length;
  const lead = leads.length === 0 ? 0 : median(leads);
  const possibleMs = Math.min(cascadeDelaysMs.firstToken, lead) * (1 - discardRate);
  const firstAudioMs = (turns: readonly SpokenTurn[]): number =>
    median(turns.map((turn) => turn.firstAudioMs));
  return {
    gainMs: rounded(firstAudioMs(waiting) - firstAudioMs(speculating)),
    leadMs: rounded(lead),
    discardRate: rounded(discardRate),
    goalMs: rounded(goalShare * possibleMs),
  };
}

function median(samples: readonly number[]): number {
  return percentile(Float64Array.from(samples).sort(), 0.5);
}
