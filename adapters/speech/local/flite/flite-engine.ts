import { readFile } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';

import { readWav } from '../../../../src/audio/wav.ts';
import type { VoiceEngine } from '../shared/voice-thread.ts';
import { fliteRateHz, fliteVoices } from './voices.ts';
import { runForFile } from './memory-wasi.ts';

/** What the thread is started with. */
export interface FliteStart {
  /** Path of flite.wasm. */
  readonly wasm: string;
  readonly voice: string;
  /** Speed: 1 as recorded, 2 twice as fast. */
  readonly pace: number;
}

/** Sentences are spoken one by one, so that the first is soon heard and the rest can be stopped. */
const sentenceEnd = /(?<=[.!?])\s+/u;

/** flite 2.3 compiled to WebAssembly: a command-line program, one run of it for each sentence. */
export async function loadFlite({ wasm, voice, pace }: FliteStart): Promise<VoiceEngine> {
  const module = await WebAssembly.compile(await readFile(wasm));
  return {
    rateHz: fliteRateHz,
    voices: fliteVoices,
    async speak(text, wanted, take) {
      for (const sentence of text.split(sentenceEnd)) {
        if (!/[\p{L}\p{N}]/u.test(sentence)) continue;
        const file = runForFile(module, [
          'flite',
          '-voice',
          wanted ?? voice,
          '--setf',
          `duration_stretch=${1 / pace}`,
          '-o',
          'speech.wav',
          '-t',
          sentence,
        ]);
        const { rateHz, channels } = readWav(file);
        if (!take(channels[0]!, rateHz)) return;
        // A run blocks the thread: between two of them it hears of a stop.
        await setImmediate();
      }
    },
  };
}
