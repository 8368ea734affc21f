import type { Tool } from '@modelcontextprotocol/sdk/types.js';
import type { ToolDefinition } from '../../../src/ports/settings.ts';

/** Longest description that a model is shown, characters. */
const descriptionChars = 2_048;
/** Largest schema that a model is shown, characters of JSON. */
const schemaChars = 32_768;
/** Longest name, characters: what every vendor takes. */
const nameChars = 64;

export interface ShownTool {
  /** Name at the server. */
  readonly wireName: string;
  readonly definition: ToolDefinition;
}

/** The tools of a server's list as a model is shown them, no name twice. */
export function shownTools(
  listed: readonly Tool[],
  { only, prefix }: { readonly only: readonly string[] | null; readonly prefix: string },
): { readonly shown: readonly ShownTool[]; readonly skipped: number } {
  const taken = new Set<string>();
  const shown: ShownTool[] = [];
  const wanted = listed.filter(({ name }) => only === null || only.includes(name));
  for (const { name: wireName, description, inputSchema } of wanted) {
    if (JSON.stringify(inputSchema).length > schemaChars) continue;
    const name = freeName(prefix + wireName, taken);
    taken.add(name);
    const parameters = inputSchema as Readonly<Record<string, unknown>>;
    shown.push({
      wireName,
      definition: {
        name,
        description: description?.slice(0, descriptionChars) ?? null,
        parameters,
      },
    });
  }
  return { shown, skipped: wanted.length - shown.length };
}

/** A name that every vendor takes and nobody has: a number tells equal ones apart. */
function freeName(wanted: string, taken: ReadonlySet<string>): string {
  const clean = wanted.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, nameChars);
  let name = clean;
  for (let count = 2; taken.has(name); count += 1) {
    const ending = `_${count}`;
    name = clean.slice(0, nameChars - ending.length) + ending;
  }
  return name;
}
