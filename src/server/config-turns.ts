import { defaultManner, type AgentDefinition, type TurnManner } from '../ports/agent.ts';
import { profileSilenceMs, type TurnsEntry } from './config-schema.ts';

/** The wire's word for a profile. */
const eagernessOf = { fast: 'high', balanced: 'auto', patient: 'low' } as const;

/**
 * The turn detection a call of an agent starts with: a profile judges ends of turns; single values
 * of the silence timer make it one.
 */
export function configuredDetection(turns: TurnsEntry): AgentDefinition['turns']['detection'] {
  const { threshold, prefixPaddingMs, silenceDurationMs, idleTimeoutMs } = turns;
  const { createResponse, interruptResponse, profile = 'balanced' } = turns;
  const timer = [threshold, prefixPaddingMs, silenceDurationMs, idleTimeoutMs];
  if (timer.every((value) => value === undefined)) {
    const eagerness = eagernessOf[profile];
    return { kind: 'semantic_vad', eagerness, createResponse, interruptResponse };
  }
  return {
    kind: 'server_vad',
    threshold: threshold ?? 0.5,
    prefixPaddingMs: prefixPaddingMs ?? 300,
    silenceDurationMs: silenceDurationMs ?? profileSilenceMs[profile],
    createResponse,
    interruptResponse,
    idleTimeoutMs: idleTimeoutMs ?? null,
  };
}

/** How an agent takes turns, beyond what the wire can set. */
export function configuredManner({ fillers, minResponseDelayMs, echo }: TurnsEntry): TurnManner {
  return {
    fillers: fillers ?? defaultManner.fillers,
    minResponseDelayMs: minResponseDelayMs ?? defaultManner.minResponseDelayMs,
    echo: echo ?? defaultManner.echo,
  };
}
