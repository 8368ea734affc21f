import { defaultManner, type AgentDefinition, type TurnManner } from '../ports/agent.ts';
import { defaultTurnOptions, type TurnOptions } from '../turn/options.ts';
import type { BackendCapabilities, TurnAuthority } from '../ports/backend.ts';
import type { CallSettings } from '../ports/settings.ts';

/** What the turn rules are set to in a call, from everything that has a say in it. */
export function turnOptions(from: {
  readonly agent: AgentDefinition;
  readonly echo: TurnManner['echo'];
  readonly settings: CallSettings;
  readonly capabilities: BackendCapabilities;
  readonly authority: TurnAuthority;
  /** There is an end-of-turn model. */
  readonly endOfTurn: boolean;
}): TurnOptions {
  const { agent, echo, settings, capabilities, authority, endOfTurn } = from;
  const { fillers, minResponseDelayMs } = { ...defaultManner, ...agent.turns.manner };
  return {
    ...defaultTurnOptions,
    authority,
    detection: settings.turnDetection,
    senses: { partials: capabilities.transcripts.partials === true, endOfTurn },
    speculation: capabilities.speculation === true,
    // Declared tools say themselves whether they want any.
    fillers: fillers || (agent.declaredTools ?? []).length > 0,
    minResponseDelayMs,
    halfDuplex: echo === 'half-duplex',
  };
}
