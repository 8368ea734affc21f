import {
  getDefaultEnvironment,
  StdioClientTransport,
} from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { McpToolDeclaration } from '../../../src/ports/tool.ts';
import type { ResolveName } from '../../shared/guarded-http.ts';
import { guardedFetch } from './guarded-fetch.ts';

export interface TransportSurroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder in which processes run. */
  readonly folder: string;
  /** The system's resolver where nothing else is given. */
  readonly resolve?: ResolveName;
}

/** Longest message of a process, bytes. */
const messageLimitBytes = 8 * 1024 * 1024;

/** A transport to a server, not started. */
export function openTransport(
  server: McpToolDeclaration['server'],
  { env, folder, resolve }: TransportSurroundings,
): Transport {
  if (server.type === 'http') {
    return new StreamableHTTPClientTransport(new URL(server.url), {
      fetch: guardedFetch({ server, env, resolve }),
    });
  }
  const passed = server.passEnv.flatMap((name) => {
    const value = env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const transport = new StdioClientTransport({
    command: server.command,
    args: [...server.args],
    env: { ...getDefaultEnvironment(), ...server.env, ...Object.fromEntries(passed) },
    cwd: folder,
    stderr: 'pipe',
    maxBufferSize: messageLimitBytes,
  });
  // What nobody reads would in time stop the process; it may hold anything, so it is not logged.
  transport.stderr?.on('data', () => undefined);
  return transport;
}
