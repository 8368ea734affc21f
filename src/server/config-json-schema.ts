import { z } from 'zod';
import { configSchema, type BackendSchemas } from './config-schema.ts';

type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * The configuration as JSON Schema (draft 7), for editors. It knows shapes and ranges; what names
 * one another in the file, and what is not in the file, only `parley check` knows.
 */
export function configJsonSchema(backends: BackendSchemas): JsonSchema {
  const file = convert(configSchema, 'config');
  const properties = groupIn(file.shape, 'properties');
  const entries = groupIn(properties, 'backends');
  const types = Object.entries(backends)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([type, schema]) => ({ type, ...convert(schema, type) }));
  const oneOf = types.map(({ type, shape }) => withType(type, shape));
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'parley.yaml',
    ...file.shape,
    properties: { ...properties, backends: { ...entries, additionalProperties: { oneOf } } },
    definitions: Object.fromEntries([file, ...types].flatMap(({ definitions }) => definitions)),
  };
}

interface Converted {
  readonly shape: JsonSchema;
  /** What it refers to, by names that no other schema has. */
  readonly definitions: readonly (readonly [string, unknown])[];
}

/** @param prefix goes before the names of its definitions, which share a place with others' */
function convert(schema: z.ZodType, prefix: string): Converted {
  const made = z.toJSONSchema(schema, { io: 'input', target: 'draft-7', unrepresentable: 'any' });
  const text = JSON.stringify({ ...made, $schema: undefined });
  const { definitions = {}, ...shape } = JSON.parse(
    text.replaceAll('"#/definitions/', `"#/definitions/${prefix}-`),
  ) as { definitions?: JsonSchema };
  const named = Object.entries(definitions).map(([name, it]) => [`${prefix}-${name}`, it] as const);
  return { shape, definitions: named };
}

/** The options of a type with `type` beside them, which alone decides which options there are. */
function withType(type: string, schema: JsonSchema): JsonSchema {
  const branches = ['oneOf', 'anyOf'].find((key) => Array.isArray(schema[key]));
  if (branches !== undefined) {
    const typed = (schema[branches] as readonly JsonSchema[]).map((one) => withType(type, one));
    return { title: type, ...schema, [branches]: typed };
  }
  const required = Array.isArray(schema['required']) ? (schema['required'] as string[]) : [];
  return {
    title: type,
    ...schema,
    type: 'object',
    properties: { type: { const: type }, ...groupIn(schema, 'properties') },
    required: ['type', ...required],
    // The reader refuses settings that it does not know, whatever the type's schema says of them.
    additionalProperties: false,
  };
}

function groupIn(schema: JsonSchema, key: string): JsonSchema {
  const value = schema[key];
  return typeof value === 'object' && value !== null ? (value as JsonSchema) : {};
}
