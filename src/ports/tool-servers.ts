/**
 * An MCP server whose tools the backend runs by itself. What it is reached with stays in here: only
 * what may be shown is part of the object for JSON, logs and copies.
 */
export class ToolServer {
  /** How tool calls name it. */
  readonly label: string;
  /** The definition as far as it may be shown to anyone, in the words of the wire it came on. */
  readonly shown: Readonly<Record<string, unknown>>;
  readonly #definition: Readonly<Record<string, unknown>>;

  /** @param definition all of it, keys and tokens included */
  constructor(
    label: string,
    shown: Readonly<Record<string, unknown>>,
    definition: Readonly<Record<string, unknown>>,
  ) {
    this.label = label;
    this.shown = shown;
    this.#definition = definition;
  }

  /** All of it, for the one connection that it is meant for. Never to be logged. */
  definition(): Readonly<Record<string, unknown>> {
    return this.#definition;
  }
}

/** A tool of a server as the backend found it there. */
export interface ServerTool {
  readonly name: string;
  readonly description: string | null;
  /** A JSON Schema object, passed on untouched. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** Why a call brought nothing: the server's word, its HTTP status, or the protocol's. */
export interface ServerToolError {
  readonly kind: 'tool' | 'http' | 'protocol';
  readonly code: number | null;
  readonly message: string;
}

/**
 * What a backend tells of tools that it runs by itself. Ids are the backend's own and differ from
 * all others. Only what was announced may end, and once.
 */
export type ServerToolEvent =
  | { readonly what: 'listing'; readonly listId: string; readonly server: string }
  | {
      readonly what: 'listed';
      readonly listId: string;
      readonly server: string;
      /** `null`: it could not be asked. */
      readonly tools: readonly ServerTool[] | null;
    }
  /** The tool runs. */
  | {
      readonly what: 'called';
      readonly callId: string;
      /** Line in which the model asked for it; `null` where that one is over. */
      readonly lineId: string | null;
      readonly server: string;
      readonly name: string;
      readonly arguments: string;
      /** Approval that it had to have. */
      readonly approvalId: string | null;
    }
  | {
      readonly what: 'answered';
      readonly callId: string;
      /** `null` where it failed, or nothing was said. */
      readonly output: string | null;
      readonly error: ServerToolError | null;
    }
  /** The tool runs when the client has approved of it. */
  | {
      readonly what: 'approval';
      readonly approvalId: string;
      readonly lineId: string | null;
      readonly server: string;
      readonly name: string;
      readonly arguments: string;
    };

/** What the client says to a request for its approval. */
export interface ToolApproval {
  readonly approvalId: string;
  readonly approve: boolean;
  readonly reason: string | null;
}
