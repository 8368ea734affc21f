import { env } from 'node:process';
import { httpTool } from '../../adapters/tools/http/index.ts';
import { McpSource } from '../../adapters/tools/mcp/index.ts';
import type { AgentDefinition } from '../ports/agent.ts';
import type { Logger } from '../ports/log.ts';
import type { McpToolDeclaration, ToolDeclaration, ToolPort } from '../ports/tool.ts';
import type { Toolbox, ToolLease } from '../server/toolbox.ts';
import type { Clock } from '../time/clock.ts';
import { builtInTool } from '../tools/built-in.ts';
import { checkedTool } from '../tools/checked-tool.ts';
import { RunLimit } from '../tools/run-limit.ts';

export interface ToolboxOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Folder in which processes of MCP servers run. */
  readonly folder: string;
  /** Tools that the program brings, for agents that name them. */
  readonly registered?: readonly ToolPort[];
}

/** An MCP server and how many need it. */
interface Held {
  readonly source: McpSource;
  readonly limit: RunLimit;
  /** Agents of the configuration in force have it. */
  declared: boolean;
  /** Calls that use it (a count). */
  leases: number;
  /** Its tools as they are shown, checked; made anew with each list. */
  shown: { readonly of: readonly ToolPort[]; readonly tools: readonly ToolPort[] };
}

/**
 * Makes tools of declarations. The same MCP server of several agents is one connection, which lives
 * as long as the configuration or a call has it.
 */
export function createToolbox(options: ToolboxOptions): Toolbox {
  return new ComposedToolbox(options);
}

class ComposedToolbox implements Toolbox {
  readonly #options: ToolboxOptions;
  readonly #held = new Map<string, Held>();
  /** Limits count over all calls, so they outlive them. */
  readonly #fixed = new Map<string, { readonly tool: ToolPort; readonly limit: RunLimit }>();
  /** What was counted by those that are gone. */
  readonly #before: Record<string, number> = {};
  readonly #closing = new Set<Promise<void>>();

  constructor(options: ToolboxOptions) {
    this.#options = options;
  }

  async configure(agents: readonly AgentDefinition[]): Promise<void> {
    const declarations = agents.flatMap(({ declaredTools = [] }) => declaredTools);
    const wanted = new Set(declarations.map((each) => JSON.stringify(each)));
    for (const [key, { limit }] of this.#fixed) {
      if (wanted.has(key)) continue;
      this.#fixed.delete(key);
      addTo(this.#before, { refusedRuns: limit.refused });
    }
    for (const [key, held] of this.#held) {
      held.declared = wanted.has(key);
      this.#closeUnused(key, held);
    }
    const servers = declarations.filter((each) => each.kind === 'mcp');
    for (const declaration of servers) this.#server(declaration).declared = true;
    await Promise.all([...this.#held.values()].map(({ source }) => source.settled));
  }

  lease({ declaredTools = [] }: AgentDefinition): ToolLease {
    const keys = declaredTools.filter((each) => each.kind === 'mcp');
    const servers = keys.map((each) => this.#server(each));
    for (const held of servers) held.leases += 1;
    let released = false;
    const tools = (): readonly ToolPort[] => declaredTools.flatMap((each) => this.#toolsOf(each));
    return {
      toolSet: {
        get tools() {
          return tools();
        },
        listen: (onChange) => {
          const stops = servers.map(({ source }) => source.listen(onChange));
          return () => {
            for (const stop of stops) stop();
          };
        },
      },
      release: () => {
        if (released) return;
        released = true;
        for (const held of servers) held.leases -= 1;
        for (const [key, held] of this.#held) this.#closeUnused(key, held);
      },
    };
  }

  figures(): Readonly<Record<string, number>> {
    const sums: Record<string, number> = { ...this.#before, servers: this.#held.size };
    for (const { limit } of this.#fixed.values()) addTo(sums, { refusedRuns: limit.refused });
    for (const { source, limit } of this.#held.values()) {
      addTo(sums, { ...source.figures(), refusedRuns: limit.refused });
    }
    return sums;
  }

  async close(): Promise<void> {
    for (const [key, held] of this.#held) this.#end(key, held);
    await Promise.all(this.#closing);
  }

  #toolsOf(declaration: ToolDeclaration): readonly ToolPort[] {
    switch (declaration.kind) {
      case 'mcp':
        return this.#shown(this.#server(declaration));
      case 'http':
      case 'builtin': {
        const key = JSON.stringify(declaration);
        const known = this.#fixed.get(key);
        if (known !== undefined) return [known.tool];
        const limit = new RunLimit(declaration.maxConcurrent);
        const tool =
          declaration.kind === 'http' ? httpTool(declaration, { env }) : builtInTool(declaration);
        const made = limit.around(checkedTool(tool));
        this.#fixed.set(key, { tool: made, limit });
        return [made];
      }
      case 'registered': {
        const { registered = [] } = this.#options;
        const tool = registered.find(({ definition }) => definition.name === declaration.name);
        return tool === undefined ? [] : [checkedTool(tool)];
      }
    }
  }

  #server(declaration: McpToolDeclaration): Held {
    const key = JSON.stringify(declaration);
    const known = this.#held.get(key);
    if (known !== undefined) return known;
    const { clock, log, folder } = this.#options;
    const source = new McpSource(declaration, { clock, log, folder, env, chance: Math.random });
    const limit = new RunLimit(declaration.maxConcurrent);
    const held: Held = {
      source,
      limit,
      declared: false,
      leases: 0,
      shown: { of: [], tools: [] },
    };
    this.#held.set(key, held);
    return held;
  }

  #shown(held: Held): readonly ToolPort[] {
    const { tools } = held.source;
    if (held.shown.of !== tools) {
      held.shown = {
        of: tools,
        tools: tools.flatMap((tool) => this.#checked(tool, held.limit)),
      };
    }
    return held.shown.tools;
  }

  /** A tool whose schema cannot be checked is not shown. */
  #checked(tool: ToolPort, limit: RunLimit): readonly ToolPort[] {
    try {
      return [limit.around(checkedTool(tool))];
    } catch {
      this.#options.log.warn('tool.schema_unusable', { name: tool.definition.name });
      return [];
    }
  }

  #closeUnused(key: string, held: Held): void {
    if (!held.declared && held.leases === 0) this.#end(key, held);
  }

  #end(key: string, { source, limit }: Held): void {
    this.#held.delete(key);
    const { connections = 0, losses = 0, failures = 0, skippedTools = 0 } = source.figures();
    const refusedRuns = limit.refused;
    addTo(this.#before, { connections, losses, failures, skippedTools, refusedRuns });
    const closed = source.close();
    this.#closing.add(closed);
    void closed.finally(() => this.#closing.delete(closed));
  }
}

function addTo(sums: Record<string, number>, figures: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(figures)) sums[name] = (sums[name] ?? 0) + value;
}
