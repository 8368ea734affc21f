import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { backendSchemas } from '../../src/composition/backend-types.ts';
import { configJsonSchema } from '../../src/server/config-json-schema.ts';

/** Where the schema of parley.yaml is kept. */
export const schemaPath = fileURLToPath(new URL('../../docs/parley.schema.json', import.meta.url));

/** The schema of parley.yaml as it is to be in the documents. */
export async function schemaText(): Promise<string> {
  const style = await resolveConfig(schemaPath);
  const text = JSON.stringify(configJsonSchema(backendSchemas));
  return await format(text, { ...style, parser: 'json' });
}
