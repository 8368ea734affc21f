// The thread that writes recordings: disks, FLAC and buckets are slow, and callers do not wait.
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../src/time/clock.ts';
import { RecordingHouse } from './house.ts';
import type { FileWrite, RecordingsReply, RecordingsRequest, RecordingsStart } from './messages.ts';

const port = parentPort;
if (port === null) throw new TypeError('worker.ts runs as a worker thread only');
const say = (reply: RecordingsReply): void => port.postMessage(reply);
const house = new RecordingHouse({ ...(workerData as RecordingsStart), clock: systemClock });
const opened = house.open().then(
  () => null,
  (thrown: unknown) => (thrown instanceof Error ? thrown.message : 'unknown failure'),
);
void opened.then((problem) => say({ type: 'ready', problem }));
const tellFigures = (): void => {
  const figures = Object.fromEntries(Object.entries(house.figures));
  say({ type: 'figures', figures });
};

port.on('message', (request: RecordingsRequest) => {
  void opened.then((problem) => (problem === null ? take(request) : refuse(request, problem)));
});

async function take(request: RecordingsRequest): Promise<void> {
  switch (request.type) {
    case 'begin': {
      const { callId, place } = request;
      const reason = house.begin(callId, place);
      if (reason !== null) say({ type: 'failed', callId, reason });
      return;
    }
    case 'write':
      await Promise.all(request.writes.map(write));
      return;
    case 'finish': {
      const { callId, plan } = request;
      const reason = await house.finish(callId, plan);
      if (reason === null) say({ type: 'finished', callId });
      else say({ type: 'failed', callId, reason });
      tellFigures();
      return;
    }
    case 'discard':
      await house.discard(request.callId);
      return;
    case 'close':
      await house.close();
      tellFigures();
      say({ type: 'closed' });
      port?.close();
  }
}

async function write({ callId, file, bytes }: FileWrite): Promise<void> {
  const reason = await house.write(callId, file, bytes);
  say({ type: 'written', bytes: bytes.byteLength });
  if (reason !== null) say({ type: 'failed', callId, reason });
}

function refuse(request: RecordingsRequest, reason: string): void {
  if (request.type === 'begin') say({ type: 'failed', callId: request.callId, reason });
  if (request.type === 'write') {
    const bytes = request.writes.reduce((sum, each) => sum + each.bytes.byteLength, 0);
    say({ type: 'written', bytes });
  }
  if (request.type === 'close') {
    say({ type: 'closed' });
    port?.close();
  }
}
