import {
  openAiRealtimeBackend,
  openAiRealtimeOptions,
} from '../../adapters/backends/openai-realtime/index.ts';
import { eventLimit } from '../../adapters/backends/openai-realtime/session.ts';
import type { DialectName } from '../../adapters/backends/openai-realtime/dialects.ts';
import type { BackendPort } from '../../src/ports/backend.ts';
import { ManualClock } from '../../src/time/manual-clock.ts';
import { afterAll } from 'vitest';
import type { SkinName } from '../upstream/dialect-skins.ts';
import { startStandIn, type StandIn } from '../upstream/openai-realtime-server.ts';
import { passTime } from '../upstream/pass-time.ts';
import { backendContract, type BackendRig } from './backend-contract.ts';

const servers: StandIn[] = [];

function backendAt(url: string, dialect: DialectName): BackendPort {
  const options = openAiRealtimeOptions.parse({
    model: 'gpt-realtime-2.1',
    apiKeyEnv: 'STAND_IN_KEY',
    url,
    dialect,
  });
  return openAiRealtimeBackend('hosted', options, {
    env: { STAND_IN_KEY: 'sk-contract' },
    readText: (path) => Promise.reject(new Error(`no file is to be read here: ${path}`)),
  });
}

afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()));
});

/** The stand-in of each dialect; those that differ only in address and key are not run again. */
const skins: Partial<Record<DialectName, SkinName>> = {
  openai: 'ga',
  'azure-openai': 'ga',
  xai: 'xai',
  'azure-voice-live': 'voice-live',
  speaches: 'speaches',
  localai: 'local',
};

for (const [dialect, skin] of Object.entries(skins) as [DialectName, SkinName][]) {
  const setUp = async (): Promise<BackendRig> => {
    const clock = new ManualClock();
    const server = await startStandIn({ clock, apiKey: 'sk-contract', skin });
    servers.push(server);
    return { backend: backendAt(server.url, dialect), clock, pass: passTime(clock) };
  };
  const { capabilities } = backendAt('ws://127.0.0.1:1/v1/realtime', dialect);
  backendContract(`openai-realtime, ${dialect}`, {
    capabilities,
    eventLimit: eventLimit + 1,
    setUp,
  });
}
