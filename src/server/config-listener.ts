import type { ListenerDeclaration } from '../ports/agent.ts';
import type { AgentEntry, BackendSchemas } from './config-schema.ts';
import { readSpeechPart } from './config-speech-part.ts';
import type { ConfigProblem, PositionedYaml } from './problems.ts';

/** The recogniser beside an agent's backends. */
export function readListener(
  yaml: PositionedYaml,
  path: readonly string[],
  entry: AgentEntry['listener'],
  schemas: BackendSchemas,
  problems: ConfigProblem[],
): ListenerDeclaration | null {
  if (entry === undefined) return null;
  const { agent, ...asked } = entry;
  const from = { part: 'stt', schemas, absent: 'This program has no recognisers.' } as const;
  const part = readSpeechPart(yaml, path, asked, from, problems);
  return part === null ? null : { ...part, agent };
}
