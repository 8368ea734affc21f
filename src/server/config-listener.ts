import { z } from 'zod';
import type { ListenerDeclaration } from '../ports/agent.ts';
import type { AgentEntry, BackendSchemas } from './config-schema.ts';
import type { ConfigProblem, PositionedYaml } from './problems.ts';
import { schemaProblems } from './schema-problems.ts';

/**
 * The recogniser beside an agent's backends, read as a cascade reads its own: the types and their
 * options are the same.
 */
export function readListener(
  yaml: PositionedYaml,
  path: readonly string[],
  entry: AgentEntry['listener'],
  schemas: BackendSchemas,
  problems: ConfigProblem[],
): ListenerDeclaration | null {
  if (entry === undefined) return null;
  const schema = listenerSchema(schemas);
  if (schema === null) {
    problems.push(yaml.problem([...path], 'This program has no recognisers.'));
    return null;
  }
  const { agent, ...asked } = entry;
  const parsed = schema.safeParse(asked, { reportInput: true });
  if (!parsed.success) {
    problems.push(...schemaProblems(yaml, schema, parsed.error, [...path]));
    return null;
  }
  const { type, ...options } = parsed.data as { readonly type: string };
  return { type, options, agent };
}

function listenerSchema(schemas: BackendSchemas): z.ZodType | null {
  const cascade = schemas['cascade'];
  return cascade instanceof z.ZodObject
    ? ((cascade.shape['stt'] ?? null) as z.ZodType | null)
    : null;
}
