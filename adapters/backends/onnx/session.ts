import type { BackendCommand, BackendEvent, BackendSession } from '../../../src/ports/backend.ts';
import { CallError } from '../../../src/ports/errors.ts';
import { BoundedQueue } from '../../../src/streams/bounded-queue.ts';
import type { IdSource } from '../../../src/time/ids.ts';
import type { ModelRow, ModelWorker } from '../../inference/model-worker.ts';
import { FrameDecoder } from './decode.ts';

/** Events that may wait for the core: about 40 s of 80 ms frames. */
const eventLimit = 512;

export interface OnnxSessionOptions {
  readonly ids: IdSource;
  readonly outputRateHz: number;
}

/**
 * One call's row in a model: audio goes in, a frame of speech comes out for every frame heard.
 * The model decides by itself when to speak and when to stop, so most commands have no meaning
 * here; the capabilities keep the core from sending them.
 * @throws CallError when there is no row to be had
 */
export function openOnnxSession(
  worker: ModelWorker,
  { ids, outputRateHz }: OnnxSessionOptions,
): BackendSession {
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
  const decoder = new FrameDecoder(outputRateHz);
  /** Tool calls that the model waits for. */
  const asked = new Set<string>();
  const row: ModelRow = worker.openRow({
    frame: (frame) => {
      tell({ type: 'stream.frame', frame: decoder.frame(frame) });
      const { call } = frame.output;
      if (call === null) return;
      const toolCallId = ids.next('call');
      asked.add(toolCallId);
      const argumentsText = JSON.stringify(call.arguments);
      const { name } = call;
      // It has no lines: the core gives the call to the one it speaks in, or opens one for it.
      const lineId = ids.next('line');
      tell({ type: 'tool.called', lineId, toolCallId, name, arguments: argumentsText });
      tell({ type: 'line.done', lineId, outcome: { status: 'completed' }, usage: null });
    },
    dropped: (samples) => tell({ type: 'dropped', what: 'input', samples }),
    failed: end,
  });
  const answerTool = ({ item, failed }: BackendCommand & { type: 'item.add' }): void => {
    if (item.kind !== 'tool_output' || !asked.delete(item.toolCallId)) return;
    row.toolResult(failed === true || tellsError(item.output) ? 'failed' : 'answered');
  };
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
        case 'caller.floor':
        case 'server_tool.approve':
        case 'commit':
        case 'clear':
        case 'cancel':
        case 'truncate':
        case 'item.delete':
          break;
        case 'item.add':
          answerTool(command);
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

/** Whether a tool says in JSON that it failed: an object with an `error`. */
function tellsError(output: string): boolean {
  try {
    const value: unknown = JSON.parse(output);
    return typeof value === 'object' && value !== null && 'error' in value;
  } catch {
    return false;
  }
}
