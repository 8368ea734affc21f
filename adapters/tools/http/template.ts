import { ToolError } from '../../../src/ports/tool.ts';

/** What is sent for a set of arguments. */
export interface ToolRequest {
  readonly url: URL;
  /** JSON text; `null`: no body. */
  readonly body: string | null;
}

type Arguments = Readonly<Record<string, unknown>>;

/** Longest address that is sent, characters. */
const urlLimit = 8_000;

/**
 * Puts arguments into a request: `{name}` in path and query, always as one encoded value; what is not
 * named there goes into the body, or the query of a method without one.
 *
 * @throws ToolError when a named argument is missing or no plain value
 */
export function requestOf(
  { url: template, method }: { readonly url: string; readonly method: string },
  given: Arguments,
): ToolRequest {
  const used = new Set<string>();
  const filled = template.replace(placeholder, (_match, name: string) => {
    used.add(name);
    return encodeURIComponent(plainValue(name, given));
  });
  const url = new URL(filled);
  // A path of dots would climb to another one.
  if (used.size > 0 && climbs(template, given)) {
    throw new ToolError('an argument may not be "." or ".."', { refused: true });
  }
  const rest = Object.entries(given).filter(([name]) => !used.has(name));
  const bodiless = method === 'GET' || method === 'DELETE';
  if (bodiless) for (const [name, value] of rest) url.searchParams.append(name, textOf(value));
  if (url.href.length > urlLimit) {
    throw new ToolError('its arguments are too long', { refused: true });
  }
  return { url, body: bodiless ? null : JSON.stringify(Object.fromEntries(rest)) };
}

const placeholder = /\{([A-Za-z_][\w-]*)\}/g;

/** Names of the arguments that an address names, each once. */
function placeholdersOf(template: string): readonly string[] {
  return [...new Set([...template.matchAll(placeholder)].map(([, name]) => name!))];
}

function climbs(template: string, given: Arguments): boolean {
  return placeholdersOf(template).some((name) => /^\.{1,2}$/.test(textOf(given[name])));
}

function plainValue(name: string, given: Arguments): string {
  const value = Object.hasOwn(given, name) ? given[name] : undefined;
  const plain =
    typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  if (!plain || value === '') {
    throw new ToolError(`${name} is needed, as a text or a number`, { refused: true });
  }
  return String(value);
}

function textOf(value: unknown): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
