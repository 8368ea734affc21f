import { afterAll } from 'vitest';
import { geminiLiveBackend, geminiLiveOptions } from '../../adapters/backends/gemini-live/index.ts';
import { eventLimit } from '../../adapters/backends/gemini-live/session.ts';
import type { BackendPort } from '../../src/ports/backend.ts';
import { ManualClock } from '../../src/time/manual-clock.ts';
import { startGeminiStandIn } from '../upstream/gemini/server.ts';
import { passTime } from '../upstream/pass-time.ts';
import { backendContract, type BackendRig } from './backend-contract.ts';

type StandIn = Awaited<ReturnType<typeof startGeminiStandIn>>;

const servers: StandIn[] = [];

function backendAt(url: string, model: string): BackendPort {
  const options = geminiLiveOptions.parse({ model, apiKeyEnv: 'STAND_IN_KEY', url });
  return geminiLiveBackend('hosted', options, {
    env: { STAND_IN_KEY: 'contract-key' },
    readText: (path) => Promise.reject(new Error(`no file is to be read here: ${path}`)),
    chance: () => 0.5,
  });
}

afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()));
});

for (const model of [
  'gemini-3.8-live',
  'gemini-3.1-flash-live-preview',
  'gemini-2.5-flash-native-audio-preview-12-2025',
]) {
  const setUp = async (): Promise<BackendRig> => {
    const clock = new ManualClock();
    const server = await startGeminiStandIn({ clock, apiKey: 'contract-key' });
    servers.push(server);
    const origin = server.origin.replace(/^http/, 'ws');
    return { backend: backendAt(origin, model), clock, pass: passTime(clock) };
  };
  const { capabilities } = backendAt('ws://127.0.0.1:1', model);
  backendContract(`gemini-live, ${model}`, {
    capabilities,
    eventLimit: eventLimit + 1,
    setUp,
  });
}
