import { AudibleOnset } from '../audio/level.ts';
import { bytesPerSample, msToSamples, samplesToMs, type AudioFormat } from '../audio/format.ts';
import { streamStep, type StreamAction, type StreamState } from './stream-lines.ts';
import type { StreamFrame } from '../ports/backend.ts';

/** The last sound of a line may go on for this long after its last word, ms. */
const afterWordsMs = 300;

/** Follows a frame-synchronous backend's stream and says where its lines are. */
export class StreamSpeech {
  #format: AudioFormat | null = null;
  #state: StreamState = { kind: 'silent' };
  /** End of the last audible frame, and of the words that are known, samples of the stream. */
  #voicedToSample = 0;
  #toldToSample: number | null = null;

  connect(format: AudioFormat): void {
    this.#format = format;
    this.#state = { kind: 'silent' };
    this.#voicedToSample = 0;
    this.#toldToSample = null;
  }

  /** The model is in the middle of something that is let through. */
  get speaking(): boolean {
    return this.#state.kind === 'speaking';
  }

  /** Length of a frame; 0 before `connect`. */
  samples({ bytes }: StreamFrame): number {
    return this.#format === null ? 0 : bytes.byteLength / bytesPerSample(this.#format.codec);
  }

  /** The same, ms. */
  lengthMs(frame: StreamFrame): number {
    return this.#format === null ? 0 : samplesToMs(this.samples(frame), this.#format.rateHz);
  }

  /** What the frame means, in order; nothing before `connect`. @param talkedOver the caller speaks */
  take(frame: StreamFrame, talkedOver = false): readonly StreamAction[] {
    const format = this.#format;
    if (format === null) return [];
    const onset = new AudibleOnset(format.rateHz, 0, format.codec);
    const audible = onset.push(frame.bytes) !== null || onset.finish() !== null;
    if (audible) this.#voicedToSample = frame.startSample + this.samples(frame);
    this.#toldToSample = frame.placed?.toldToSample ?? this.#toldToSample;
    const frameMs = this.lengthMs(frame);
    const wordsOwed = this.#owesWords(format);
    const heard = { audible, frameMs, talkedOver, wordsOwed };
    const { state, actions } = streamStep(this.#state, frame, heard);
    this.#state = state;
    return actions;
  }

  /** The line was stopped from here: the model may talk on, nobody hears it. */
  gate(): void {
    if (this.#state.kind === 'speaking') this.#state = { kind: 'gated', silenceMs: 0 };
  }

  #owesWords({ rateHz }: AudioFormat): boolean {
    if (this.#toldToSample === null) return false;
    return this.#toldToSample + msToSamples(afterWordsMs, rateHz) < this.#voicedToSample;
  }
}
