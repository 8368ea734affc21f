import type { BackendEvent, BackendSession } from '../../../src/ports/backend.ts';
import { CallError } from '../../../src/ports/errors.ts';
import { BoundedQueue } from '../../../src/streams/bounded-queue.ts';
import type { ModelRow, ModelWorker } from '../../inference/model-worker.ts';

/** Events that may wait for the core: about 40 s of 80 ms frames. */
const eventLimit = 512;

/**
 * One call's row in a model: audio goes in, a frame of speech comes out for every frame heard.
 * The model decides by itself when to speak and when to stop, so most commands have no meaning
 * here; the capabilities keep the core from sending them.
 * @throws CallError when there is no row to be had
 */
export function openOnnxSession(worker: ModelWorker): BackendSession {
  const events = new BoundedQueue<BackendEvent>({ limit: eventLimit, overflow: 'fail' });
  const end = (error: CallError): void => {
    const failure: BackendEvent = { type: 'failed', error };
    // Where nobody reads, what waits is stale, and the fault has to get through.
    if (events.push(failure) === 'failed') {
      events.drain();
      events.push(failure);
    }
    events.close();
  };
  const tell = (event: BackendEvent): void => {
    if (events.push(event) !== 'failed') return;
    row.close();
    end(new CallError('queue_overflow', `${eventLimit} frames of the model were not read`));
  };
  const row: ModelRow = worker.openRow({
    frame: (frame) => tell({ type: 'stream.frame', frame }),
    dropped: (samples) => tell({ type: 'dropped', what: 'input', samples }),
    failed: end,
  });
  return {
    events,
    send: (command) => {
      if (events.closed) return 'closed';
      switch (command.type) {
        case 'audio':
          row.push(command.chunk.bytes, command.chunk.startSample);
          break;
        case 'respond': {
          const error = new CallError('unsupported_by_backend', 'this model answers by itself');
          const { lineId } = command;
          tell({ type: 'line.done', lineId, outcome: { status: 'failed', error }, usage: null });
          break;
        }
        case 'configure':
        case 'speculate':
        case 'speculation.drop':
        case 'commit':
        case 'clear':
        case 'cancel':
        case 'truncate':
        case 'item.add':
        case 'item.delete':
          break;
      }
      return 'ok';
    },
    close: () => {
      row.close();
      events.close();
    },
  };
}
