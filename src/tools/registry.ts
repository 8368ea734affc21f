import type { LedgerEntry } from '../ports/conversation.ts';
import { CallError } from '../ports/errors.ts';
import type { ToolDefinition } from '../ports/settings.ts';
import type { ToolPort } from '../ports/tool.ts';

/** The tools a model is shown, or why a client's list cannot be taken. */
export type MergedTools =
  | { readonly ok: true; readonly tools: readonly ToolDefinition[] }
  | { readonly ok: false; readonly error: CallError };

/**
 * The tools of one agent: those Parley runs itself, merged with what a client declares. A client
 * may not redefine one of Parley's tools, for it could then not be said who runs it; giving one
 * back exactly as it was shown is no redefinition, because clients echo settings.
 */
export class ToolRegistry {
  readonly #ports = new Map<string, ToolPort>();

  /** @throws RangeError when two tools have one name */
  constructor(ports: readonly ToolPort[]) {
    for (const port of ports) {
      const { name } = port.definition;
      if (this.#ports.has(name)) throw new RangeError(`two tools are named ${name}`);
      this.#ports.set(name, port);
    }
  }

  /** Parley's own tools, in the order in which they were given. */
  get ports(): readonly ToolPort[] {
    return [...this.#ports.values()];
  }

  /** The tool Parley runs under this name. */
  port(name: string): ToolPort | undefined {
    return this.#ports.get(name);
  }

  /**
   * Parley's tools first, then the client's. Merging what came out of a merge changes nothing.
   *
   * @param declared the client's list, in its order
   * @returns `invalid_value` with `param` `tools[i].name` where a name is taken
   */
  merge(declared: readonly ToolDefinition[]): MergedTools {
    const own = [...this.#ports.values()].map((port) => port.definition);
    const added = new Set<string>();
    const tools = [...own];
    for (const [index, definition] of declared.entries()) {
      const port = this.#ports.get(definition.name);
      if (port !== undefined && sameJson(port.definition, definition)) continue;
      if (port !== undefined || added.has(definition.name)) {
        const taken = port === undefined ? 'is declared twice' : 'is the name of a built-in tool';
        return {
          ok: false,
          error: new CallError('invalid_value', `${definition.name} ${taken}`, {
            param: `tools[${index}].name`,
          }),
        };
      }
      added.add(definition.name);
      tools.push(definition);
    }
    return { ok: true, tools };
  }

  /**
   * Who runs a call of this name. A name that nobody has goes to Parley, whose bridge tells the
   * model that there is no such tool; a client would wait for something it never declared.
   *
   * @param shown the tools the model was shown for this answer
   */
  runnerOf(name: string, shown: readonly ToolDefinition[]): LedgerEntry['runner'] {
    if (this.#ports.has(name)) return 'gateway';
    return shown.some((tool) => tool.name === name) ? 'client' : 'gateway';
  }
}

/** Equality of JSON values; the order of keys does not count. */
function sameJson(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const entriesOfA = Object.entries(a);
  const keysOfB = Object.keys(b);
  const inB = b as Readonly<Record<string, unknown>>;
  return (
    entriesOfA.length === keysOfB.length &&
    entriesOfA.every(([key, value]) => key in inB && sameJson(value, inB[key]))
  );
}
