import { existsSync } from 'node:fs';

import type { EndOfTurnPort } from '../../../src/ports/end-of-turn.ts';
import type { Logger } from '../../../src/ports/log.ts';
import type { Clock } from '../../../src/time/clock.ts';
import { SmartTurnDetector } from './smart-turn-detector.ts';
import type { TurnWeights } from './weights.ts';

export interface InstalledSmartTurnOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Where the weights are when they were pulled. */
  readonly weights: TurnWeights;
}

export interface InstalledSmartTurn {
  /** To be prepared by its owner; null without weights. */
  readonly detector: EndOfTurnPort | null;
  /** Why there is none, and what that means, for people; null when there is one. */
  readonly warning: string | null;
}

/** The detector when its weights were pulled; otherwise none, which the log says once. */
export function installedSmartTurn({
  clock,
  log,
  weights,
}: InstalledSmartTurnOptions): InstalledSmartTurn {
  if (existsSync(weights.path)) {
    return { detector: new SmartTurnDetector({ clock, weights }), warning: null };
  }
  const warning =
    'There is no end-of-turn detector: turns end by silence alone. ' +
    'npx parley models pull smart-turn fetches one.';
  log.warn('end_of_turn.absent', { warning });
  return { detector: null, warning };
}
