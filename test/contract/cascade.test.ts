import { eventLimit } from '../../adapters/backends/cascade/session.ts';
import { cascadeRig } from '../unit/cascade/cascade-rig.ts';
import { backendContract } from './backend-contract.ts';

const voices = {
  'a voice without word times': { timing: 'none' },
  'a voice that tells when its words are said': { timing: 'word' },
} as const;

for (const [title, voice] of Object.entries(voices)) {
  backendContract(`cascade, ${title}`, {
    capabilities: cascadeRig({ voice }).backend.capabilities,
    eventLimit: eventLimit + 1,
    setUp: () => Promise.resolve(cascadeRig({ voice })),
  });
}
