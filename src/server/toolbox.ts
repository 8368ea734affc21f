import type { AgentDefinition } from '../ports/agent.ts';
import type { ToolSet } from '../ports/tool.ts';

/** An agent's tools for as long as a call needs them. */
export interface ToolLease {
  readonly toolSet: ToolSet;
  /** Idempotent. */
  release(): void;
}

/** Makes the tools that agents declare, and owns what they are connected to. */
export interface Toolbox {
  /**
   * Connects to the servers that these agents have and lets go of those that nobody has any more.
   * Resolves when each has been reached, or not, for the first time.
   */
  configure(agents: readonly AgentDefinition[]): Promise<void>;
  lease(agent: AgentDefinition): ToolLease;
  figures(): Readonly<Record<string, number>>;
  close(): Promise<void>;
}
