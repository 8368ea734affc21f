import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import {
  CallToolResultSchema,
  ErrorCode,
  McpError,
  ToolListChangedNotificationSchema,
  type Tool,
} from '@modelcontextprotocol/sdk/types.js';
import type { Logger } from '../../../src/ports/log.ts';
import {
  ToolError,
  type McpToolDeclaration,
  type ToolInvocation,
  type ToolPort,
  type ToolSet,
} from '../../../src/ports/tool.ts';
import type { Clock, Timer } from '../../../src/time/clock.ts';
import { openTransport, type TransportSurroundings } from './transport.ts';
import { resultText } from './result-text.ts';
import { shownTools } from './shown-tools.ts';

export interface McpSurroundings extends TransportSurroundings {
  readonly clock: Clock;
  readonly log: Logger;
  /** 0 ≤ x < 1, for the pauses between attempts to connect. */
  readonly chance: () => number;
}

/** Longest handshake, ms. */
const handshakeMs = 15_000;
/** Longest listing of tools, ms. */
const listMs = 10_000;
/** Tools of one server (a count); further ones are not shown. */
const toolLimit = 128;
const firstPauseMs = 500;
const longestPauseMs = 30_000;

/**
 * The tools of one MCP server, for all calls. Connects by itself, again after every loss, and follows
 * the server's list of tools; while there is no connection the tools stay shown and refuse in words.
 */
export class McpSource implements ToolSet {
  readonly #declaration: McpToolDeclaration;
  readonly #surroundings: McpSurroundings;
  readonly #listeners = new Set<() => void>();
  readonly #first = Promise.withResolvers<undefined>();
  #tools: readonly ToolPort[] = [];
  #client: Client | null = null;
  #timer: Timer | null = null;
  #failures = 0;
  #closed = false;
  #listing = false;
  #listAgain = false;
  /** Connections that are being closed. */
  readonly #closing = new Set<Promise<void>>();
  readonly #counts = { connections: 0, losses: 0, failures: 0, lists: 0, skippedTools: 0 };

  constructor(declaration: McpToolDeclaration, surroundings: McpSurroundings) {
    this.#declaration = declaration;
    this.#surroundings = surroundings;
    void this.#connect();
  }

  get tools(): readonly ToolPort[] {
    return this.#tools;
  }

  /** Resolves when the first attempt to connect has succeeded or failed. */
  get settled(): Promise<undefined> {
    return this.#first.promise;
  }

  get connected(): boolean {
    return this.#client !== null;
  }

  listen(onChange: () => void): () => void {
    this.#listeners.add(onChange);
    return () => this.#listeners.delete(onChange);
  }

  figures(): Readonly<Record<string, number>> {
    const connected = this.#client === null ? 0 : 1;
    return { ...this.#counts, connected, tools: this.#tools.length };
  }

  /** Ends the connection, and the process where it is one. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    this.#listeners.clear();
    this.#first.resolve(undefined);
    this.#letGo();
    await Promise.all(this.#closing);
  }

  async #connect(): Promise<void> {
    const client = new Client({ name: 'parley', version: '1' });
    try {
      const transport = openTransport(this.#declaration.server, this.#surroundings);
      client.onclose = () => this.#lost(client);
      client.setNotificationHandler(ToolListChangedNotificationSchema, () => this.#list(client));
      await client.connect(transport, { timeout: handshakeMs });
      if (this.#isClosed()) {
        this.#end(client);
        return;
      }
      this.#client = client;
      this.#counts.connections += 1;
      await this.#list(client);
    } catch (thrown) {
      this.#failed(client, thrown);
    } finally {
      this.#first.resolve(undefined);
    }
  }

  // TypeScript takes a field that was checked before an await for unchanged.
  #isClosed(): boolean {
    return this.#closed;
  }

  #failed(client: Client, thrown: unknown): void {
    client.onclose = () => undefined;
    this.#end(client);
    this.#counts.failures += 1;
    // Messages of servers and of the system may hold addresses and credentials.
    const { log } = this.#surroundings;
    log.warn('mcp.not_connected', { error: thrown instanceof Error ? thrown.name : 'unknown' });
    this.#again();
  }

  #lost(client: Client): void {
    if (this.#client !== client) return;
    this.#client = null;
    this.#counts.losses += 1;
    this.#surroundings.log.warn('mcp.lost', {});
    this.#again();
  }

  #again(): void {
    if (this.#closed) return;
    const { clock, chance } = this.#surroundings;
    const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** this.#failures);
    this.#failures += 1;
    this.#timer?.cancel();
    this.#timer = clock.timerAt(clock.nowMs() + pauseMs * (0.75 + chance() / 2), () => {
      void this.#connect();
    });
  }

  #letGo(): void {
    const client = this.#client;
    this.#client = null;
    if (client !== null) this.#end(client);
  }

  #end(client: Client): void {
    const ended = client.close().catch(() => undefined);
    this.#closing.add(ended);
    void ended.then(() => this.#closing.delete(ended));
  }

  /** Reads the server's list; changes that come meanwhile are read afterwards. */
  async #list(client: Client): Promise<void> {
    if (this.#listing) {
      this.#listAgain = true;
      return;
    }
    this.#listing = true;
    try {
      do {
        this.#listAgain = false;
        const listed = await listTools(client);
        if (this.#client === client) this.#show(client, listed);
      } while (this.#wantsAgain(client));
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown.name : 'unknown';
      this.#surroundings.log.warn('mcp.not_listed', { error });
      // A list that cannot be read is no list: another connection may give one.
      this.#drop(client);
    } finally {
      this.#listing = false;
    }
  }

  #wantsAgain(client: Client): boolean {
    return this.#listAgain && this.#client === client;
  }

  #show(client: Client, listed: readonly Tool[]): void {
    const { only, prefix, deadlineMs, manner } = this.#declaration;
    const { shown, skipped } = shownTools(listed, { only, prefix });
    this.#counts.lists += 1;
    // Only now is it of any use: one that connects and lists nothing is not asked again at once.
    this.#failures = 0;
    this.#counts.skippedTools += skipped;
    if (skipped > 0) this.#surroundings.log.warn('mcp.tools_skipped', { skipped });
    this.#tools = shown.map(({ wireName, definition }) => ({
      definition,
      deadlineMs,
      manner,
      run: (invocation, signal) => this.#run(client, wireName, invocation, signal),
    }));
    for (const listener of this.#listeners) listener();
  }

  async #run(
    listedBy: Client,
    name: string,
    { arguments: text }: ToolInvocation,
    signal: AbortSignal,
  ): Promise<string> {
    // The connection that listed it may be gone, and another one there.
    const client = this.#client ?? listedBy;
    if (this.#client === null) {
      throw new ToolError('its server is not connected at the moment', {
        retryable: true,
        refused: true,
      });
    }
    const params = { name, arguments: JSON.parse(text || '{}') as Record<string, unknown> };
    let result;
    try {
      result = await client.callTool(params, CallToolResultSchema, {
        signal,
        timeout: this.#declaration.deadlineMs,
      });
    } catch (thrown) {
      if (signal.aborted) throw signal.reason;
      throw this.#asToolError(client, thrown);
    }
    return resultText(CallToolResultSchema.parse(result));
  }

  #asToolError(client: Client, thrown: unknown): ToolError {
    if (thrown instanceof ToolError) return thrown;
    if (thrown instanceof McpError && thrown.code !== codes.connectionClosed) {
      const refused = thrown.code === codes.invalidParams;
      const why = refused ? 'its server takes no such arguments' : 'its server refused';
      return new ToolError(why, { refused, cause: thrown });
    }
    // A session that the server has forgotten, or a server that is gone.
    this.#drop(client);
    return new ToolError('the connection to its server was lost', {
      retryable: true,
      cause: thrown,
    });
  }

  /** Gives a connection up and looks for another one. */
  #drop(client: Client): void {
    if (this.#client !== client) return;
    client.onclose = () => undefined;
    this.#lost(client);
    this.#end(client);
  }
}

/** The protocol's codes as the plain numbers that errors carry. */
const codes: Readonly<Record<'connectionClosed' | 'invalidParams', number>> = {
  connectionClosed: ErrorCode.ConnectionClosed,
  invalidParams: ErrorCode.InvalidParams,
};

async function listTools(client: Client): Promise<readonly Tool[]> {
  const tools: Tool[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.listTools(cursor === undefined ? {} : { cursor }, {
      timeout: listMs,
    });
    tools.push(...page.tools);
    cursor = page.nextCursor;
  } while (cursor !== undefined && tools.length < toolLimit);
  return tools.slice(0, toolLimit);
}
