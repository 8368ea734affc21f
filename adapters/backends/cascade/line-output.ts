import { bytesPerSample, samplesToMs, type AudioFormat } from '../../../src/audio/format.ts';
import type { BackendEvent } from '../../../src/ports/backend.ts';
import type { AnswerOutput } from './answer.ts';
import type { History } from './history.ts';

type LineOutput = Exclude<AnswerOutput, { readonly type: 'done' }>;

/** What an answer brings, as an event of its line. */
export function lineEvent(lineId: string, output: LineOutput): BackendEvent {
  switch (output.type) {
    case 'text':
      return { type: 'line.text', lineId, delta: output.delta, words: output.words };
    case 'ahead':
      return { type: 'line.ahead', lineId, delta: output.delta };
    case 'audio':
      return { type: 'line.audio', lineId, bytes: output.bytes };
    case 'tool': {
      const { toolCallId, name, arguments: argumentsText } = output.call;
      return { type: 'tool.called', lineId, toolCallId, name, arguments: argumentsText };
    }
    case 'stage':
      return { type: 'line.stage', lineId, stage: output.stage, clockMs: output.atMs };
  }
}

/** What went out of a line of the conversation becomes part of it. */
export function remember(
  history: History,
  lineId: string,
  output: LineOutput,
  { codec, rateHz }: AudioFormat,
): void {
  switch (output.type) {
    case 'text':
      history.said(lineId, output.delta);
      return;
    case 'audio':
      history.sounded(lineId, samplesToMs(output.bytes.byteLength / bytesPerSample(codec), rateHz));
      return;
    case 'tool':
      history.addCall(lineId, output.call);
      return;
    case 'ahead':
    case 'stage':
  }
}
