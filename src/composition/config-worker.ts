// The thread in which a running process reads its configuration: a large file takes longer to
// parse and check than callers may wait for their next frame.
import { constants, setPriority } from 'node:os';
import { env, platform } from 'node:process';
import { parentPort } from 'node:worker_threads';
import type { ConfigRequest } from './config-request.ts';

const port = parentPort;
if (port === null) throw new TypeError('config-worker.ts runs as a worker thread only');

// What it needs takes about a second to load, on a core that callers may be waiting for: nobody waits
// for a configuration. On Linux a thread has a priority of its own; elsewhere it would be the process's.
if (platform === 'linux') setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
const { loadConfigFile } = await import('../config-file.ts');
const { backendSchemas } = await import('./backend-types.ts');

port.on('message', (request: ConfigRequest) =>
  port.postMessage(loadConfigFile({ ...request, env, backendSchemas })),
);
