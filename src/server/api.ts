import type { AgentDefinition } from '../ports/agent.ts';
import { agentsInScope, type AgentScope } from '../routing/agents.ts';
import { backendsOf } from '../routing/route.ts';
import { isOperator } from './api-operator.ts';
import type { Backends } from './backend-set.ts';
import { pricesOf } from './config-spend.ts';
import { leavingBackends, type InForce } from './in-force.ts';
import type { KeptBackend } from './kept-backend.ts';

/** The wire's eagerness as the configuration's profile. */
const profileOf = { high: 'fast', auto: 'balanced', medium: 'balanced', low: 'patient' } as const;

/**
 * What `/api/agents` shows to a scope: no instructions, and of keys nothing but their ids' rules. `may` is
 * what the one who asks may do with running calls.
 */
export function shownAgents(
  { directory, backends, generation, config }: InForce,
  scope: AgentScope,
): unknown {
  const agents = agentsInScope(directory, scope).map((agent) => {
    const { detection } = agent.turns;
    return {
      name: agent.name,
      default: agent.name === directory.defaultAgent,
      aliases: agent.aliases,
      backends: agent.backends,
      rules: (agent.rules ?? []).map(({ name, when, arms }) => ({ name, when, arms })),
      capabilities: Object.fromEntries(
        backendsOf(agent).map((name) => [name, capabilitiesOf(backends.find(name))]),
      ),
      voice: agent.voice,
      turns: {
        ...agent.turns,
        profile: detection.kind === 'semantic_vad' ? profileOf[detection.eagerness] : null,
      },
      tools: agent.tools,
      allow: shownAllowance(agent),
      gate: shownGate(agent, (name) => capabilitiesOf(backends.find(name))),
      playoutLeadMs: agent.playoutLeadMs,
    };
  });
  const operates = isOperator(scope);
  const may = { handOver: operates, breakBackend: operates && config.server.faultInjection };
  return { generation, agents, may };
}

/** What `/api/backends` shows to a scope; those that only calls hold are `leaving`. */
export function shownBackends(now: InForce, all: Backends['all'], scope: AgentScope): unknown {
  const usable = new Set(agentsInScope(now.directory, scope).flatMap(backendsOf));
  const leaving = new Set(leavingBackends(now, all));
  const shown = [...now.backends.all, ...leaving]
    .filter(({ name }) => scope.includes('*') || usable.has(name))
    .map((backend) => ({
      name: backend.name,
      type: backend.entry.type,
      state: backend.state,
      health: backend.health,
      reason: backend.failure,
      leaving: leaving.has(backend),
      generation: backend.generation,
      calls: { held: backend.calls, answering: backend.answering },
      hosted: isHosted(backend.entry.options),
      prices: pricesOf(now.config.spend, backend.name),
      capabilities: capabilitiesOf(backend),
      figures: backend.figures(),
    }));
  return { generation: now.generation, backends: shown };
}

/** Whether somebody is paid, as far as the options tell: a key is named in them, or in those of a part. */
function isHosted(options: unknown): boolean {
  if (typeof options !== 'object' || options === null) return false;
  return Object.entries(options).some(([name, value]: [string, unknown]) =>
    name === 'apiKeyEnv' || name === 'apiKeyFile' ? value !== undefined : isHosted(value),
  );
}

/** Known for sure only of one that is ready. */
function capabilitiesOf(
  backend: KeptBackend | undefined,
): KeptBackend['port']['capabilities'] | null {
  return backend?.state === 'ready' ? backend.port.capabilities : null;
}

/**
 * Backends whose words nobody tells: there the agent's gate sees nothing. Those that are not ready are
 * not judged. `null`: the agent has no gate.
 */
function shownGate(
  agent: AgentDefinition,
  capabilitiesOf: (backend: string) => KeptBackend['port']['capabilities'] | null,
): { readonly blind: readonly string[] } | null {
  if (agent.gate === undefined) return null;
  const heard = agent.listener?.agent === true;
  const blind = backendsOf(agent).filter((name) => {
    const capabilities = capabilitiesOf(name);
    return capabilities?.transcripts.agent === false && !heard;
  });
  return { blind };
}

/** In the configuration's words; everything, unless it is said. */
function shownAllowance({ allow }: AgentDefinition): Readonly<Record<string, unknown>> {
  if (allow === undefined) return { instructions: true, voice: true, tools: true, turns: true };
  const { instructionChars, voices, tools, turns } = allow;
  return {
    instructions: instructionChars === 0 ? false : instructionChars,
    voice: voices === 'any' ? true : voices === 'none' ? false : voices,
    tools: tools === 0 ? false : tools,
    turns,
  };
}
