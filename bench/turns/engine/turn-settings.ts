import {
  defaultTurnOptions,
  turnProfiles,
  type TurnOptions,
  type TurnProfile,
  type TurnProfileName,
} from '../../../src/turn/options.ts';
import type { Eagerness } from '../../../src/ports/settings.ts';

const eagernessOf = { fast: 'high', balanced: 'medium', patient: 'low' } as const satisfies Record<
  TurnProfileName,
  Eagerness
>;

/** What hears the caller besides the detector. */
export interface Senses {
  readonly partials: boolean;
  readonly endOfTurn: boolean;
}

/** A profile as calls get it, under the gateway's authority. */
export function profileTurns(name: TurnProfileName, senses: Senses): TurnOptions {
  return {
    ...defaultTurnOptions,
    authority: 'gateway',
    detection: {
      kind: 'semantic_vad',
      eagerness: eagernessOf[name],
      createResponse: true,
      interruptResponse: true,
    },
    senses,
  };
}

/** A fixed timer: what `server_vad` asks for. */
export function fixedTurns(silenceDurationMs: number): TurnOptions {
  return {
    ...defaultTurnOptions,
    authority: 'gateway',
    detection: {
      kind: 'server_vad',
      threshold: 0.5,
      prefixPaddingMs: 300,
      silenceDurationMs,
      idleTimeoutMs: null,
      createResponse: true,
      interruptResponse: true,
    },
  };
}

/** The balanced profile's way with this caller's pauses, with all its waits times `factor`. */
export function dynamicTurns(factor: number): TurnOptions {
  const { usualMs, leastMs, mostMs, timeoutMs, pauseGain } = turnProfiles.balanced;
  return withBalanced(
    {
      usualMs: usualMs * factor,
      leastMs: leastMs * factor,
      mostMs: mostMs * factor,
      timeoutMs: timeoutMs * factor,
      pauseGain: pauseGain * factor,
    },
    { partials: false, endOfTurn: false },
  );
}

/**
 * The balanced profile's way with end-of-turn scores. @param shift moves the whole bar, in logits.
 * @param timeoutMs of silence that ends a turn whatever the score
 */
export function scoredTurns(shift: number, timeoutMs: number): TurnOptions {
  const bar = turnProfiles.balanced.bar.map(({ silenceMs, score }) => ({
    silenceMs,
    score: 1 / (1 + Math.exp(-Math.log(score / (1 - score)) - shift)),
  }));
  return withBalanced({ bar, timeoutMs }, { partials: false, endOfTurn: true });
}

function withBalanced(changed: Partial<TurnProfile>, senses: Senses): TurnOptions {
  const balanced = { ...turnProfiles.balanced, ...changed };
  return { ...profileTurns('balanced', senses), profiles: { ...turnProfiles, balanced } };
}
