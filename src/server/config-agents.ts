import type { AgentDefinition, ListenerDeclaration, VoiceDeclaration } from '../ports/agent.ts';
import type { ToolDeclaration } from '../ports/tool.ts';
import { readListener } from './config-listener.ts';
import { stockModelNames } from './builtin.ts';
import { allowanceOf } from './config-allow.ts';
import { checkRoutes, routesOf, type RouteNames } from './config-routes.ts';
import { gateOf, textRuleOf } from './config-gate.ts';
import { handoverOf } from './config-handover.ts';
import { recordingOf } from './config-keeping.ts';
import { agentLimitsOf } from './config-spend.ts';
import { configuredDetection, configuredManner } from './config-turns.ts';
import type { AgentEntry, BackendSchemas } from './config-schema.ts';
import { readSpeechPart } from './config-speech-part.ts';
import { readTools } from './config-tools.ts';
import { backendsOf } from '../routing/route.ts';
import { suggestion } from './suggestion.ts';
import type { ConfigProblem, PositionedYaml } from './problems.ts';

/**
 * The agents of a configuration, then the built-in ones it does not replace. The built-in default
 * agent answers to the model names of stock clients as long as it is the default one and no
 * configured agent claims them.
 *
 * @param names backends and keys there are
 */
export function assembleAgents(
  yaml: PositionedYaml,
  entries: Readonly<Record<string, AgentEntry>>,
  names: RouteNames,
  builtin: readonly AgentDefinition[],
  defaultAgent: string,
  schemas: BackendSchemas,
  problems: ConfigProblem[],
): readonly AgentDefinition[] {
  const configured = Object.entries(entries).map(([name, entry]) =>
    agentOf(name, entry, {
      tools: readTools(yaml, ['agents', name, 'tools'], entry.tools, problems),
      listener: readListener(yaml, ['agents', name, 'listener'], entry.listener, schemas, problems),
      voice: readVoice(yaml, name, entry, schemas, problems),
    }),
  );
  for (const [name, entry] of Object.entries(entries)) {
    checkRoutes(yaml, ['agents', name, 'backends'], entry.backends, names, problems);
    checkCheaper(yaml, name, entry, problems);
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

function agentOf(
  name: string,
  entry: AgentEntry,
  read: {
    readonly tools: readonly ToolDeclaration[];
    readonly listener: ListenerDeclaration | null;
    /** Of its handover's sentences. */
    readonly voice: VoiceDeclaration | null;
  },
): AgentDefinition {
  const { turns } = entry;
  return {
    name,
    instructions: entry.instructions,
    voice: entry.voice,
    ...routesOf(entry.backends),
    aliases: entry.aliases,
    turns: {
      authority: turns.authority,
      detection: configuredDetection(turns),
      manner: configuredManner(turns),
    },
    tools: [],
    ...(read.tools.length === 0 ? {} : { declaredTools: read.tools }),
    ...(read.listener === null ? {} : { listener: read.listener }),
    playoutLeadMs: entry.playoutLeadMs,
    ...(entry.allow === undefined ? {} : { allow: allowanceOf(entry.allow) }),
    ...(entry.gate === undefined ? {} : { gate: gateOf(entry.gate) }),
    ...(entry.redact === undefined ? {} : { redact: entry.redact.map(textRuleOf) }),
    ...(entry.recording === undefined ? {} : { recording: recordingOf(entry.recording) }),
    ...(entry.limits === undefined ? {} : { limits: agentLimitsOf(entry.limits) }),
    ...(entry.handover === undefined ? {} : { handover: handoverOf(entry.handover, read.voice) }),
  };
}

/** The voice that says what no backend does. */
function readVoice(
  yaml: PositionedYaml,
  agent: string,
  { handover }: AgentEntry,
  schemas: BackendSchemas,
  problems: ConfigProblem[],
): VoiceDeclaration | null {
  if (handover?.voice === undefined) return null;
  const path = ['agents', agent, 'handover', 'voice'];
  const from = { part: 'tts', schemas, absent: 'This program has no voices.' } as const;
  return readSpeechPart(yaml, path, handover.voice, from, problems);
}

/** A call has the backends of its agent, and no others. */
function checkCheaper(
  yaml: PositionedYaml,
  agent: string,
  { backends, limits }: AgentEntry,
  problems: ConfigProblem[],
): void {
  const cheaper = limits?.cheaper;
  const own = backendsOf(routesOf(backends));
  if (cheaper === undefined || own.includes(cheaper)) return;
  const message = `${JSON.stringify(cheaper)} is none of the agent’s backends.${suggestion(cheaper, own)}`;
  problems.push(yaml.problem(['agents', agent, 'limits', 'cheaper'], message));
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
