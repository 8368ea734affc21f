import { isDeepStrictEqual } from 'node:util';
import type { AgentDefinition } from '../ports/agent.ts';
import type { NewItem } from '../ports/client.ts';
import { CallError } from '../ports/errors.ts';
import type { CallSettings, LineOverrides } from '../ports/settings.ts';

/**
 * Why a client may not have settings that it wishes for, or `null`: only what differs from what is
 * in force counts as a wish, so that a client may send everything back that it was shown.
 */
export function settingsRefusal(
  agent: AgentDefinition,
  current: CallSettings,
  wanted: Partial<CallSettings> | LineOverrides,
): CallError | null {
  const { allow } = agent;
  if (allow === undefined) return null;
  const { instructions, voice, tools, toolChoice } = wanted;
  const servers = 'toolServers' in wanted ? (wanted.toolServers ?? []) : [];
  if (instructions !== undefined && instructions !== current.instructions) {
    const what = textRefusal(instructions, allow.instructionChars, 'instructions');
    if (what !== null) return refusal(agent, 'instructions', what);
  }
  if (voice !== undefined && voice !== current.voice && voice !== agent.voice) {
    const { voices } = allow;
    if (voices === 'none') return refusal(agent, 'voice', 'lets clients choose no voice');
    if (voices !== 'any' && (voice === null || !voices.includes(voice))) {
      return refusal(
        agent,
        'voice',
        `lets clients choose among these voices: ${voices.join(', ')}`,
      );
    }
  }
  // A server brings as many as it likes.
  if (servers.length > 0 && allow.tools === 0 && servers !== current.toolServers) {
    return refusal(agent, 'tools', 'lets clients bring no tools');
  }
  if (
    tools !== undefined &&
    tools.length > allow.tools &&
    !isDeepStrictEqual(tools, current.tools)
  ) {
    const most = allow.tools === 0 ? 'no tools' : `at most ${allow.tools} tools`;
    return refusal(agent, 'tools', `lets clients bring ${most}`);
  }
  if (allow.tools === 0 && differs(toolChoice, current.toolChoice)) {
    return refusal(agent, 'toolChoice', 'lets clients have no say in its tools');
  }
  const detection = 'turnDetection' in wanted ? wanted.turnDetection : undefined;
  if (!allow.turns && differs(detection, current.turnDetection)) {
    return refusal(agent, 'turnDetection', 'lets no client change how turns are taken');
  }
  return null;
}

/**
 * Why an item may not come into the context, or `null`. Instructions in a system message are
 * instructions all the same.
 *
 * @param param where the item stands in the request
 */
export function contextRefusal(
  agent: AgentDefinition,
  item: NewItem,
  param: string,
): CallError | null {
  if (agent.allow === undefined || item.kind !== 'message' || item.role !== 'system') return null;
  const text = item.content.map((part) => part.text).join('');
  const what = textRefusal(text, agent.allow.instructionChars, 'system messages');
  return what === null ? null : refusal(agent, param, what);
}

function textRefusal(text: string, mostChars: number, what: string): string | null {
  if (mostChars === 0) return `lets clients give no ${what}`;
  return text.length > mostChars
    ? `lets clients give ${what} of at most ${mostChars} characters`
    : null;
}

function differs(wanted: unknown, current: unknown): boolean {
  return wanted !== undefined && !isDeepStrictEqual(wanted, current);
}

function refusal({ name }: AgentDefinition, param: string, what: string): CallError {
  return new CallError('override_forbidden', `The agent ${name} ${what}.`, { param });
}
