import { ManualClock } from '../../src/time/manual-clock.ts';
import {
  rehearsalBackend,
  rehearsalOptionsSchema,
} from '../../adapters/backends/rehearsal/index.ts';
import { eventLimit } from '../../adapters/backends/rehearsal/session.ts';
import { backendContract, type BackendRig } from './backend-contract.ts';

function setUp(): Promise<BackendRig> {
  const clock = new ManualClock();
  const backend = rehearsalBackend('rehearsal', rehearsalOptionsSchema.parse({}), {
    readFile: (path) => Promise.reject(new Error(`no file is to be read here: ${path}`)),
  });
  const pass = async (ms: number): Promise<void> => {
    for (let passedMs = 0; passedMs < ms; passedMs += 10) {
      clock.advance(Math.min(10, ms - passedMs));
      for (let turn = 0; turn < 4; turn += 1) await Promise.resolve();
    }
  };
  return Promise.resolve({ backend, clock, pass });
}

const { backend } = await setUp();

backendContract('rehearsal', {
  capabilities: backend.capabilities,
  eventLimit: eventLimit + 1,
  setUp,
});
