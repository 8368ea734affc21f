// The thread that keeps finished calls: databases and webhooks are slow, and callers do not wait.
import { parentPort, workerData } from 'node:worker_threads';
import type { LogEntry } from '../../src/ports/events.ts';
import { systemClock } from '../../src/time/clock.ts';
import type { StoreReply, StoreRequest, StoreStart } from './messages.ts';
import { StoreHouse } from './store-house.ts';

const port = parentPort;
if (port === null) throw new TypeError('worker.ts runs as a worker thread only');
const say = (reply: StoreReply): void => port.postMessage(reply);
const figuresEveryMs = 1_000;

const house = new StoreHouse({
  ...(workerData as StoreStart),
  clock: systemClock,
  chance: Math.random,
  onStored: (callId) => {
    say({ type: 'stored', callId });
    tellFigures();
  },
  onLost: (callId) => say({ type: 'lost', callId }),
  onTrouble: (reason) => say({ type: 'trouble', reason }),
  onDelivery: (trouble) => say({ type: 'delivery', trouble }),
});
house.open();
const logs = new Map<string, LogEntry[]>();
let told = '';
const figuresTimer = setInterval(tellFigures, figuresEveryMs);
figuresTimer.unref();

function tellFigures(): void {
  const { figures } = house;
  const text = JSON.stringify(figures);
  if (text === told) return;
  told = text;
  say({ type: 'figures', figures });
}

port.on('message', (request: StoreRequest) => void take(request));

async function take(request: StoreRequest): Promise<void> {
  switch (request.type) {
    case 'events': {
      const log = logs.get(request.callId) ?? [];
      logs.set(request.callId, log);
      log.push(...request.events);
      return;
    }
    case 'put': {
      const { record, deliveries } = request;
      const events = logs.get(record.callId) ?? [];
      logs.delete(record.callId);
      house.put({ record: { ...record, events }, deliveries });
      return;
    }
    case 'tell':
      house.tell(request.deliveries);
      return;
    case 'get': {
      const { askId } = request;
      await answer(askId, async () => {
        say({ type: 'got', askId, call: await house.get(request.callId) });
      });
      return;
    }
    case 'list': {
      const { askId } = request;
      await answer(askId, async () => {
        say({ type: 'listed', askId, calls: await house.list(request.query) });
      });
      return;
    }
    case 'close':
      await house.close();
      tellFigures();
      clearInterval(figuresTimer);
      say({ type: 'closed' });
      port?.close();
  }
}

async function answer(askId: number, ask: () => Promise<void>): Promise<void> {
  try {
    await ask();
  } catch {
    say({ type: 'refused', askId, reason: 'the database cannot be asked' });
  }
}
