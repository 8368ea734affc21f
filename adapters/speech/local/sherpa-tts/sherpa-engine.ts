import type { VoiceEngine } from '../shared/voice-thread.ts';
import type { VoiceModel } from './voice-files.ts';

/** What the thread is started with. */
export interface SherpaVoiceStart {
  readonly model: VoiceModel;
  readonly threads: number;
  readonly speaker: number;
  /** Speed: 1 as trained, 2 twice as fast. */
  readonly pace: number;
}

/** sherpa-onnx's OfflineTts. A generation runs in the background and asks after each sentence. */
export async function loadSherpaVoice(start: SherpaVoiceStart): Promise<VoiceEngine> {
  // Loaded here: it brings a native library of 27 MB that only this thread needs.
  const { default: sherpa } = await import('sherpa-onnx-node');
  const { model, threads, speaker, pace } = start;
  const tts = await sherpa.OfflineTts.createAsync({
    model: { ...model.config, numThreads: threads, provider: 'cpu', debug: false },
    // One sentence at a time: the first is heard while the next is made, and a stop is soon heeded.
    maxNumSentences: 1,
  });
  const speakers = Math.max(1, tts.numSpeakers);
  if (speaker >= speakers) {
    throw new Error(`the model has ${speakers} speakers, there is no ${speaker}`);
  }
  return {
    rateHz: tts.sampleRate,
    voices: Array.from({ length: speakers }, (_, index) => `${index}`),
    async speak(text, voice, take) {
      if (!/[\p{L}\p{N}]/u.test(text)) return;
      const told = { parts: 0 };
      const whole = await tts.generateAsync({
        text,
        sid: voice === null ? speaker : Number(voice),
        speed: pace,
        enableExternalBuffer: false,
        onProgress: ({ samples }) => {
          told.parts += 1;
          // The memory is the engine's own again after the call.
          return take(samples.slice(), tts.sampleRate);
        },
      });
      // Models that make everything at once report no progress.
      if (told.parts === 0) take(whole.samples, tts.sampleRate);
    },
  };
}
