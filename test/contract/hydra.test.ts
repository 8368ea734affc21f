import { afterAll } from 'vitest';
import { hydraBackend, hydraOptions } from '../../adapters/backends/hydra/index.ts';
import { eventLimit } from '../../adapters/backends/hydra/session.ts';
import type { BackendPort } from '../../src/ports/backend.ts';
import { ManualClock } from '../../src/time/manual-clock.ts';
import { startHydraStandIn, type HydraStandIn } from '../upstream/hydra/server.ts';
import { passTime } from '../upstream/pass-time.ts';
import { backendContract, type BackendRig } from './backend-contract.ts';

const servers: HydraStandIn[] = [];

function backendAt(url: string): BackendPort {
  return hydraBackend('hydra', hydraOptions.parse({ apiKeyEnv: 'STAND_IN_KEY', url }), {
    env: { STAND_IN_KEY: 'contract-key' },
    readText: (path) => Promise.reject(new Error(`no file is to be read here: ${path}`)),
  });
}

const setUp = async (): Promise<BackendRig> => {
  const clock = new ManualClock();
  const server = await startHydraStandIn({ clock, apiKey: 'contract-key' });
  servers.push(server);
  return { backend: backendAt(server.url), clock, pass: passTime(clock) };
};

afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()));
});

backendContract('hydra', {
  capabilities: backendAt('ws://127.0.0.1:1/waves/v1/s2s').capabilities,
  eventLimit: eventLimit + 1,
  setUp,
});
