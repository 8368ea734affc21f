// Finishes calls as fast as they are stored, and says which are, until it is killed.
import { argv, stdout } from 'node:process';
import type { DatabaseOptions } from '../../../adapters/store/database.ts';
import { StoreThread } from '../../../adapters/store/store-thread.ts';
import { silentLogger } from '../../../src/ports/log.ts';
import { systemClock } from '../../../src/time/clock.ts';
import { finishedCall } from '../../support/finished-call.ts';

const [, , database = '', run = ''] = argv;
let next = 0;
const store = new StoreThread({
  database: JSON.parse(database) as DatabaseOptions,
  ...{ endpoints: [], retentionDays: null, maxCalls: null },
  ...{ clock: systemClock, log: silentLogger },
  onStored: (callId) => {
    stdout.write(`${callId}\n`);
    put();
  },
});
function put(): void {
  store.put(finishedCall(`call_${run}_${next}`, { minute: next }), []);
  next += 1;
}
for (let i = 0; i < 20; i += 1) put();
setInterval(() => undefined, 1_000);
