import type { AgentDefinition } from '../ports/agent.ts';
import { CallError } from '../ports/errors.ts';

/** Which agents somebody may talk to: names, or `*` for all of them. */
export type AgentScope = readonly string[];

/** The scope of someone who may talk to everyone. */
export const everyAgent: AgentScope = ['*'];

/** The agents there are, and the one that answers when nobody is asked for. */
export interface AgentDirectory {
  readonly agents: readonly AgentDefinition[];
  /** Name of one of `agents`. */
  readonly defaultAgent: string;
}

/** Who answers, or why nobody does. `allowed` lists what this scope may ask for. */
export type AgentChoice =
  | { readonly ok: true; readonly agent: AgentDefinition }
  | { readonly ok: false; readonly error: CallError; readonly allowed: readonly string[] };

const shownNameLength = 64;

/** Whether the scope covers the agent of that name. */
export function inScope(scope: AgentScope, agentName: string): boolean {
  return scope.includes('*') || scope.includes(agentName);
}

/** The agents that a scope covers, in the order of the configuration. */
export function agentsInScope(
  directory: AgentDirectory,
  scope: AgentScope,
): readonly AgentDefinition[] {
  return directory.agents.filter((agent) => inScope(scope, agent.name));
}

/**
 * Finds the agent for the name a client asks by: a name wins over an alias, and `null` (or an
 * empty name) asks for the default. An agent that exists outside the scope is forbidden rather
 * than unknown: whoever holds a key may learn that much.
 */
export function resolveAgent(
  directory: AgentDirectory,
  wanted: string | null,
  scope: AgentScope,
): AgentChoice {
  const name = wanted === null || wanted === '' ? directory.defaultAgent : wanted;
  const agent =
    directory.agents.find((candidate) => candidate.name === name) ??
    directory.agents.find((candidate) => candidate.aliases.includes(name));
  const allowed = agentsInScope(directory, scope).map((candidate) => candidate.name);
  if (agent === undefined) {
    const shown = JSON.stringify(name.slice(0, shownNameLength));
    const message = `No agent is called ${shown}. This key may use: ${listed(allowed)}.`;
    return {
      ok: false,
      error: new CallError('agent_not_found', message, { param: 'model' }),
      allowed,
    };
  }
  if (!inScope(scope, agent.name)) {
    const message = `This key may not use the agent ${JSON.stringify(agent.name)}. It may use: ${listed(allowed)}.`;
    return {
      ok: false,
      error: new CallError('agent_forbidden', message, { param: 'model' }),
      allowed,
    };
  }
  return { ok: true, agent };
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.join(', ');
}
