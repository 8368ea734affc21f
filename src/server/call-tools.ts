import type { AgentToSwitchTo } from '../call/call-actions.ts';
import type { AgentDefinition } from '../ports/agent.ts';
import type { GateCheckPort } from '../ports/gate.ts';
import type { ToolPort, ToolSet } from '../ports/tool.ts';
import type { Toolbox, ToolLease } from './toolbox.ts';

export interface CallToolsOptions {
  readonly toolbox: Toolbox | null;
  readonly agent: AgentDefinition;
  /** Agents that the call may go over to. */
  readonly agents: readonly AgentDefinition[];
  /** Tools that an agent has besides those it declares. */
  readonly registered: (agent: AgentDefinition) => readonly ToolPort[];
  /** Who is asked about what an agent is about to say; `null`: nobody. */
  readonly gateCheck: (agent: AgentDefinition) => GateCheckPort | null;
}

/** What one call has of the toolbox: its agent's tools, and those of agents that it goes over to. */
export class CallTools {
  readonly #options: CallToolsOptions;
  /** By agent: a call that goes back and forth holds each once. */
  readonly #leases = new Map<string, ToolLease>();

  constructor(options: CallToolsOptions) {
    this.#options = options;
  }

  get toolSet(): ToolSet | null {
    return this.#lease(this.#options.agent);
  }

  otherAgent(name: string): AgentToSwitchTo | null {
    const { agents, registered, gateCheck } = this.#options;
    const agent = agents.find((each) => each.name === name || each.aliases.includes(name));
    if (agent === undefined) return null;
    return {
      agent,
      tools: registered(agent),
      toolSet: this.#lease(agent),
      gateCheck: gateCheck(agent),
    };
  }

  /** The call is over. Idempotent. */
  release(): void {
    for (const lease of this.#leases.values()) lease.release();
    this.#leases.clear();
  }

  #lease(agent: AgentDefinition): ToolSet | null {
    const known = this.#leases.get(agent.name);
    if (known !== undefined) return known.toolSet;
    const lease = this.#options.toolbox?.lease(agent);
    if (lease === undefined) return null;
    this.#leases.set(agent.name, lease);
    return lease.toolSet;
  }
}
