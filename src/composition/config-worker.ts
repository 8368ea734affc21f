// The thread in which a running process reads its configuration: a large file takes longer to
// parse and check than callers may wait for their next frame.
import { env } from 'node:process';
import { parentPort } from 'node:worker_threads';
import { loadConfigFile } from '../config-file.ts';
import { backendSchemas } from './backend-types.ts';
import type { ConfigRequest } from './config-request.ts';

const port = parentPort;
if (port === null) throw new TypeError('config-worker.ts runs as a worker thread only');
port.on('message', (request: ConfigRequest) =>
  port.postMessage(loadConfigFile({ ...request, env, backendSchemas })),
);
