import { AudibleOnset } from '../audio/level.ts';
import { bytesPerSample, samplesToMs, type AudioFormat } from '../audio/format.ts';
import { streamStep, type StreamAction, type StreamState } from './stream-lines.ts';
import type { StreamFrame } from '../ports/backend.ts';

/** Follows a frame-synchronous backend's stream and says where its lines are. */
export class StreamSpeech {
  #format: AudioFormat | null = null;
  #state: StreamState = { kind: 'silent' };

  connect(format: AudioFormat): void {
    this.#format = format;
    this.#state = { kind: 'silent' };
  }

  /** What the frame means, in order; nothing before `connect`. */
  take(frame: StreamFrame): readonly StreamAction[] {
    const format = this.#format;
    if (format === null) return [];
    const onset = new AudibleOnset(format.rateHz, 0, format.codec);
    const audible = onset.push(frame.bytes) !== null || onset.finish() !== null;
    const samples = frame.bytes.byteLength / bytesPerSample(format.codec);
    const frameMs = samplesToMs(samples, format.rateHz);
    const { state, actions } = streamStep(this.#state, frame, { audible, frameMs });
    this.#state = state;
    return actions;
  }

  /** The line was stopped from here: the model may talk on, nobody hears it. */
  gate(): void {
    if (this.#state.kind === 'speaking') this.#state = { kind: 'gated', silenceMs: 0 };
  }
}
