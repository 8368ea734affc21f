import { parentPort } from 'node:worker_threads';

import { encodePcm16 } from '../../../../src/audio/pcm16.ts';
import {
  createResampler,
  prepareResampler,
  type Resampler,
} from '../../../../src/audio/resampler.ts';
import { systemClock } from '../../../../src/time/clock.ts';
import type { EngineReply } from './engine-thread.ts';
import type { VoiceReady, VoiceReply, VoiceRequest } from './voice-link.ts';

/** Takes samples of one job; false says that no more of them are wanted. */
export type TakeSamples = (samples: Float32Array, rateHz: number) => boolean;

/** A synthesiser inside its thread. */
export interface VoiceEngine extends VoiceReady {
  /** @throws Error whose message may be shown to operators: it holds no text that is spoken */
  speak(text: string, voice: string | null, take: TakeSamples): Promise<void> | void;
}

type SpeakRequest = VoiceRequest & { readonly type: 'speak' };

/** Runs a synthesiser as this thread: loads it, warms it up, and works off one job at a time. */
export function serveVoice(load: () => Promise<VoiceEngine>): void {
  const port = parentPort;
  if (port === null) throw new TypeError('a voice runs as a worker thread only');
  const tell = (message: EngineReply<VoiceReady, VoiceReply>, transfer: ArrayBuffer[] = []): void =>
    port.postMessage(message, transfer);
  const reply = (message: VoiceReply, transfer: ArrayBuffer[] = []): void =>
    tell({ type: 'reply', reply: message }, transfer);
  const fail = (error: unknown): void => {
    tell({ type: 'failed', message: error instanceof Error ? error.message : 'unknown failure' });
    port.close();
  };

  const loading = load().then(async (engine) => {
    await prepareResampler();
    // A first run compiles and allocates: not on a caller's time.
    await engine.speak('Hello.', null, () => true);
    tell({ type: 'ready', ready: { rateHz: engine.rateHz, voices: engine.voices } });
    return engine;
  });
  /** Jobs that were stopped before or while they ran; each leaves with its job. */
  const stopped = new Set<number>();
  let lastJobId = 0;
  let work: Promise<void> = loading.then(() => undefined);
  work.catch(fail);
  port.on('message', (message: VoiceRequest) => {
    if (message.type === 'stop') {
      if (message.jobId > lastJobId) stopped.add(message.jobId);
      return;
    }
    work = work.then(async () => {
      if (message.type === 'end') {
        port.close();
        return;
      }
      await speak(await loading, message, () => stopped.has(message.jobId), reply);
      lastJobId = message.jobId;
      stopped.delete(message.jobId);
    });
    work.catch(fail);
  });
}

async function speak(
  engine: VoiceEngine,
  { jobId, text, voice, rateHz }: SpeakRequest,
  isStopped: () => boolean,
  reply: (message: VoiceReply, transfer?: ArrayBuffer[]) => void,
): Promise<void> {
  const fromMs = systemClock.nowMs();
  let resampler: Resampler | null = null;
  let samplesOut = 0;
  const send = (samples: Float32Array): void => {
    if (samples.length === 0) return;
    samplesOut += samples.length;
    const bytes = encodePcm16(samples);
    reply({ type: 'audio', jobId, bytes }, [bytes.buffer]);
  };
  try {
    if (!isStopped()) {
      await engine.speak(text, voice, (samples, fromHz) => {
        if (isStopped()) return false;
        resampler ??= createResampler({ fromHz, toHz: rateHz });
        send(resampler.process(samples));
        return true;
      });
    }
    if (!isStopped()) send(flushed(resampler));
    const synthesisMs = systemClock.nowMs() - fromMs;
    reply({ type: 'done', jobId, synthesisMs, audioMs: (samplesOut * 1000) / rateHz });
  } catch (error) {
    const message = error instanceof Error ? error.message : 'unknown failure';
    reply({ type: 'refused', jobId, message });
  } finally {
    closeAny(resampler);
  }
}

// The compiler does not see that the callback above sets the resampler.
function flushed(resampler: Resampler | null): Float32Array {
  return resampler === null ? new Float32Array(0) : resampler.flush();
}

function closeAny(resampler: Resampler | null): void {
  resampler?.close();
}
