import type { OnlineRecognizer, OnlineStream } from 'sherpa-onnx-node';

import { systemClock } from '../../../../src/time/clock.ts';
import type { FinalText, PartialText, RecogniserReply, RecogniserRequest } from './link.ts';
import { sentenceCase, wordsOf } from './words.ts';

export const rateHz = 16_000;

interface Stretch {
  readonly stream: OnlineStream;
  /** Position of its first sample on the session's audio, ms. */
  readonly originMs: number;
  text: string;
}

type Steps = RecogniserRequest & { readonly type: 'steps' };

/** The thread's work, without the thread: a stretch of audio for each stream that has one. */
export class StretchBook {
  readonly #recognizer: OnlineRecognizer;
  readonly #tail: Float32Array;
  readonly #stretches = new Map<number, Stretch>();
  #runs = 0;
  #largestBatch = 0;

  constructor(recognizer: OnlineRecognizer, tailMs: number) {
    this.#recognizer = recognizer;
    this.#tail = new Float32Array((tailMs * rateHz) / 1000);
  }

  /** Streams with a stretch under way. */
  get stretches(): number {
    return this.#stretches.size;
  }

  /** Works a request off. Blocks its thread: never call it on the main thread. */
  take({ steps, pcm }: Steps): RecogniserReply {
    const fromMs = systemClock.nowMs();
    this.#runs = 0;
    this.#largestBatch = 0;
    const finals: FinalText[] = [];
    const heard = new Set<number>();
    let at = 0;
    for (const step of steps) {
      switch (step.type) {
        case 'audio': {
          const samples = pcm.subarray(at, at + step.samples);
          at += step.samples;
          this.#stretch(step.streamId, step.atMs).stream.acceptWaveform({
            samples,
            sampleRate: rateHz,
          });
          heard.add(step.streamId);
          break;
        }
        case 'finish':
          finals.push(this.#finish(step.streamId, step.finishId));
          break;
        case 'clear':
        case 'close':
          this.#stretches.delete(step.streamId);
          break;
      }
    }
    this.#decode([...heard].flatMap((id) => this.#stretches.get(id) ?? []));
    const partials = [...heard].flatMap((id) => this.#changed(id));
    const decodeMs = systemClock.nowMs() - fromMs;
    return { partials, finals, decodeMs, runs: this.#runs, largestBatch: this.#largestBatch };
  }

  #stretch(streamId: number, atMs: number): Stretch {
    const known = this.#stretches.get(streamId);
    if (known !== undefined) return known;
    const stretch = { stream: this.#recognizer.createStream(), originMs: atMs, text: '' };
    this.#stretches.set(streamId, stretch);
    return stretch;
  }

  #finish(streamId: number, finishId: number): FinalText {
    const stretch = this.#stretches.get(streamId);
    if (stretch === undefined) return { streamId, finishId, text: '', words: [] };
    this.#stretches.delete(streamId);
    stretch.stream.acceptWaveform({ samples: this.#tail, sampleRate: rateHz });
    stretch.stream.inputFinished();
    this.#decode([stretch]);
    const result = this.#recognizer.getResult(stretch.stream);
    const words = wordsOf(result, stretch.originMs);
    return { streamId, finishId, text: sentenceCase(result.text.trim()), words };
  }

  /** Everything that is ready, a step of all streams in one run. */
  #decode(stretches: readonly Stretch[]): void {
    let ready = stretches;
    for (;;) {
      ready = ready.filter(({ stream }) => this.#recognizer.isReady(stream));
      if (ready.length === 0) return;
      this.#recognizer.decodeStreams(ready.map(({ stream }) => stream));
      this.#runs += ready.length;
      this.#largestBatch = Math.max(this.#largestBatch, ready.length);
    }
  }

  #changed(streamId: number): PartialText[] {
    const stretch = this.#stretches.get(streamId);
    if (stretch === undefined) return [];
    const text = sentenceCase(this.#recognizer.getResult(stretch.stream).text.trim());
    if (text === stretch.text) return [];
    stretch.text = text;
    return [{ streamId, text }];
  }
}
