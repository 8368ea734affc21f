import type { AgentDefinition } from '../ports/agent.ts';
import { stockModelNames } from './builtin.ts';
import { configuredDetection, configuredManner } from './config-turns.ts';
import type { AgentEntry } from './config-schema.ts';
import type { ConfigProblem, PositionedYaml } from './problems.ts';
import { suggestion } from './suggestion.ts';

/**
 * The agents of a configuration, then the built-in ones it does not replace. The built-in default
 * agent answers to the model names of stock clients as long as it is the default one and no
 * configured agent claims them.
 *
 * @param backendNames backends there are
 */
export function assembleAgents(
  yaml: PositionedYaml,
  entries: Readonly<Record<string, AgentEntry>>,
  backendNames: readonly string[],
  builtin: readonly AgentDefinition[],
  defaultAgent: string,
  problems: ConfigProblem[],
): readonly AgentDefinition[] {
  const configured = Object.entries(entries).map(([name, entry]) => agentOf(name, entry));
  for (const [name, entry] of Object.entries(entries)) {
    checkBackends(yaml, name, entry, backendNames, problems);
    checkTools(yaml, name, entry, problems);
  }
  checkAliases(yaml, configured, problems);
  const claimed = new Set(configured.flatMap(({ name, aliases }) => [name, ...aliases]));
  const kept = builtin
    .filter(({ name }) => !Object.hasOwn(entries, name))
    .map((agent) => ({
      ...agent,
      aliases:
        agent.name === defaultAgent
          ? [...agent.aliases, ...stockModelNames].filter((alias) => !claimed.has(alias))
          : agent.aliases,
    }));
  return [...configured, ...kept];
}

function agentOf(name: string, entry: AgentEntry): AgentDefinition {
  const { turns } = entry;
  return {
    name,
    instructions: entry.instructions,
    voice: entry.voice,
    backends: entry.backends,
    aliases: entry.aliases,
    turns: {
      authority: turns.authority,
      detection: configuredDetection(turns),
      manner: configuredManner(turns),
    },
    tools: [],
    playoutLeadMs: entry.playoutLeadMs,
  };
}

function checkBackends(
  yaml: PositionedYaml,
  name: string,
  entry: AgentEntry,
  known: readonly string[],
  problems: ConfigProblem[],
): void {
  for (const [place, backend] of entry.backends.entries()) {
    const path = ['agents', name, 'backends', place];
    if (!known.includes(backend)) {
      const near = suggestion(backend, known) || ` There are: ${known.join(', ')}.`;
      problems.push(yaml.problem(path, `No backend is called ${JSON.stringify(backend)}.${near}`));
    } else if (entry.backends.indexOf(backend) !== place) {
      problems.push(yaml.problem(path, `${JSON.stringify(backend)} is listed twice.`));
    }
  }
}

function checkTools(
  yaml: PositionedYaml,
  name: string,
  entry: AgentEntry,
  problems: ConfigProblem[],
): void {
  if (entry.tools.length === 0) return;
  const message =
    'Tools that Parley calls itself are not supported yet. Leave the list out; clients can still ' +
    'bring tools of their own.';
  problems.push(yaml.problem(['agents', name, 'tools'], message));
}

function checkAliases(
  yaml: PositionedYaml,
  agents: readonly AgentDefinition[],
  problems: ConfigProblem[],
): void {
  const owner = new Map(agents.map(({ name }) => [name, name]));
  for (const { name, aliases } of agents) {
    for (const [place, alias] of aliases.entries()) {
      const taken = owner.get(alias);
      if (taken === undefined) owner.set(alias, name);
      else {
        const message = `${JSON.stringify(alias)} already leads to the agent ${taken}.`;
        problems.push(yaml.problem(['agents', name, 'aliases', place], message));
      }
    }
  }
}
