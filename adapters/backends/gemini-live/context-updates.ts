import type { ClientMessage, WireSetup } from '../../../protocol/gemini-live/client-messages.ts';

/** What has to happen for new settings to be in force. */
export type SettingsChange =
  | { readonly kind: 'none' }
  /** The open connection is told. */
  | { readonly kind: 'told'; readonly message: ClientMessage }
  /** Another connection has to be set up. */
  | { readonly kind: 'reconnect' };

/**
 * From the setup of the open connection to the one that is wanted.
 *
 * @param updates instructions and tools can be told to an open connection
 */
export function settingsChange(
  inForce: WireSetup,
  wanted: WireSetup,
  updates: boolean,
): SettingsChange {
  if (sameJson(inForce, wanted)) return { kind: 'none' };
  const { systemInstruction, tools } = wanted;
  const rest = (setup: WireSetup): object => {
    const others: Partial<Record<keyof WireSetup, unknown>> = { ...setup };
    delete others.systemInstruction;
    delete others.tools;
    return others;
  };
  if (!updates || !sameJson(rest(inForce), rest(wanted))) return { kind: 'reconnect' };
  const newWords = !sameJson(inForce.systemInstruction ?? null, systemInstruction ?? null);
  const newTools = !sameJson(inForce.tools ?? null, tools ?? null);
  return {
    kind: 'told',
    message: {
      contextUpdate: {
        ...(newWords ? { systemInstruction: systemInstruction ?? { parts: [{ text: '' }] } } : {}),
        ...(newTools ? { tools: { tools: tools ?? [] } } : {}),
      },
    },
  };
}

function sameJson(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
