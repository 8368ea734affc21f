import { z } from 'zod';
import type { BackendSchemas } from './config-schema.ts';
import type { ConfigProblem, PositionedYaml } from './problems.ts';
import { schemaProblems } from './schema-problems.ts';

/** A recogniser or a voice as configured: its type's own schema has read the options. */
export interface SpeechPart {
  readonly type: string;
  readonly options: unknown;
}

/**
 * A recogniser or a voice beside an agent's backends, read as a cascade reads its own: the types and
 * their options are the same.
 *
 * @param entry as written, with its `type`
 * @param absent said where this program has none
 */
export function readSpeechPart(
  yaml: PositionedYaml,
  path: readonly string[],
  entry: Readonly<Record<string, unknown>>,
  from: {
    readonly part: 'stt' | 'tts';
    readonly schemas: BackendSchemas;
    readonly absent: string;
  },
  problems: ConfigProblem[],
): SpeechPart | null {
  const cascade = from.schemas['cascade'];
  const shape = cascade instanceof z.ZodObject ? (cascade.shape as Record<string, z.ZodType>) : {};
  const schema = shape[from.part];
  if (schema === undefined) {
    problems.push(yaml.problem([...path], from.absent));
    return null;
  }
  const parsed = schema.safeParse(entry, { reportInput: true });
  if (!parsed.success) {
    problems.push(...schemaProblems(yaml, schema, parsed.error, [...path]));
    return null;
  }
  const { type, ...options } = parsed.data as { readonly type: string };
  return { type, options };
}
