import { bytesPerSample, type AudioFormat } from '../../../src/audio/format.ts';
import type { BackendEvent } from '../../../src/ports/backend.ts';
import { CallError } from '../../../src/ports/errors.ts';
import type { Counters } from './counters.ts';
import type { UpstreamEvent } from './decode.ts';
import type { LiveLine, ResponseSequencer } from './response-sequencer.ts';
import { SeenCalls } from './seen-calls.ts';
import type { UpstreamMemory } from './upstream-memory.ts';

type Of<Type extends UpstreamEvent['type']> = UpstreamEvent & { readonly type: Type };

export interface AnswerIntakeOptions {
  readonly format: AudioFormat;
  readonly sequencer: ResponseSequencer;
  readonly memory: UpstreamMemory;
  readonly counters: Counters;
  readonly emit: (event: BackendEvent) => void;
}

/** What the upstream says in a response, on its way into the line that it was asked for as. */
export class AnswerIntake {
  readonly #options: AnswerIntakeOptions;
  readonly #toolCalls = new SeenCalls();

  constructor(options: AnswerIntakeOptions) {
    this.#options = options;
  }

  /** @throws CallError `backend_protocol` where the audio is not whole samples */
  audio({ responseId, itemId, bytes }: Of<'audio'>): void {
    const { counters, emit, format, memory, sequencer } = this.#options;
    if (bytes.byteLength % bytesPerSample(format.codec) !== 0) {
      throw new CallError('backend_protocol', 'the upstream sent audio that is not whole samples');
    }
    const line = sequencer.lineOf(responseId);
    if (line !== undefined) memory.lines.received(line.lineId, itemId, bytes.byteLength);
    if (line?.live === true && bytes.byteLength > 0) {
      emit({ type: 'line.audio', lineId: line.lineId, bytes });
    } else if (line?.live !== true) {
      counters.staleEvents += 1;
    }
  }

  text({ responseId, delta }: Of<'text'>): void {
    const { emit, memory } = this.#options;
    const line = this.#liveLine(responseId);
    if (line === null) return;
    emit({ type: 'line.text', lineId: line.lineId, delta, words: null });
    if (!line.outOfBand) memory.words.said(line.lineId, delta);
  }

  tool({ responseId, toolCallId, name, arguments: args }: Of<'tool'>): void {
    const { counters, emit, memory } = this.#options;
    const line = this.#liveLine(responseId);
    if (line === null || !this.#toolCalls.isNew(toolCallId)) return;
    counters.toolsCalled += 1;
    const { lineId, outOfBand } = line;
    if (!outOfBand) memory.words.called(lineId, toolCallId, name, args);
    emit({ type: 'tool.called', lineId, toolCallId, name, arguments: args });
  }

  #liveLine(responseId: string): LiveLine | null {
    const { counters, sequencer } = this.#options;
    const line = sequencer.lineOf(responseId);
    if (line?.live === true) return line;
    counters.staleEvents += 1;
    return null;
  }
}
