import { afterAll } from 'vitest';
import { openAiLiveBackend, openAiLiveOptions } from '../../adapters/backends/openai-live/index.ts';
import { eventLimit } from '../../adapters/backends/openai-live/session.ts';
import type { BackendPort } from '../../src/ports/backend.ts';
import { ManualClock } from '../../src/time/manual-clock.ts';
import { startLiveStandIn, type LiveStandIn } from '../upstream/live/server.ts';
import { passTime } from '../upstream/pass-time.ts';
import { backendContract, type BackendRig } from './backend-contract.ts';

const servers: LiveStandIn[] = [];

function backendAt(url: string): BackendPort {
  const options = openAiLiveOptions.parse({ apiKeyEnv: 'STAND_IN_KEY', url });
  return openAiLiveBackend('live', options, {
    env: { STAND_IN_KEY: 'sk-contract' },
    readText: (path) => Promise.reject(new Error(`no file is to be read here: ${path}`)),
  });
}

const setUp = async (): Promise<BackendRig> => {
  const clock = new ManualClock();
  const server = await startLiveStandIn({ clock, apiKey: 'sk-contract' });
  servers.push(server);
  return { backend: backendAt(server.url), clock, pass: passTime(clock) };
};

afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()));
});

backendContract('openai-live', {
  capabilities: backendAt('ws://127.0.0.1:1/v1/live/sessions').capabilities,
  eventLimit: eventLimit + 1,
  setUp,
});
