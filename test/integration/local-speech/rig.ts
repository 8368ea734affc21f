import { spawnSync } from 'node:child_process';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';

import type { SpeechSurroundings } from '../../../adapters/shared/surroundings.ts';
import { ChunkTimeline } from '../../../src/audio/chunk.ts';
import type { AudioFormat } from '../../../src/audio/format.ts';
import { encodeSamples } from '../../../src/audio/samples.ts';
import { silentLogger } from '../../../src/ports/log.ts';
import type {
  SpeechToTextEvent,
  SpeechToTextPort,
  SpeechToTextSession,
} from '../../../src/ports/speech-to-text.ts';
import type {
  SpeechEvent,
  TextToSpeechPort,
  Utterance,
} from '../../../src/ports/text-to-speech.ts';
import { systemClock } from '../../../src/time/clock.ts';

const models = new URL('../../../models/', import.meta.url);

export const surroundings: SpeechSurroundings = {
  clock: systemClock,
  env: {},
  readText: () => Promise.reject(new Error('no file is to be read here')),
  resolvePath: (path) => path,
  pulledModel: () => null,
};

/** Folder of a model's stand-in. */
export function standInFolder(model: string): string {
  return fileURLToPath(new URL(`${model}/stand-in`, models));
}

export const going = (): AbortSignal => new AbortController().signal;

/** Noise of a fixed seed between −1 and 1. */
export function noise(length: number, seed = 1): Float32Array {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** Events of an utterance up to its end. */
export async function spoken(utterance: Utterance): Promise<SpeechEvent[]> {
  const events: SpeechEvent[] = [];
  for await (const event of utterance.events) events.push(event);
  return events;
}

export function audioBytes(events: readonly SpeechEvent[]): Uint8Array {
  return Buffer.concat(events.flatMap((event) => (event.type === 'audio' ? [event.bytes] : [])));
}

/** One utterance of a session of its own. */
export async function speakOnce(
  port: TextToSpeechPort,
  texts: readonly string[],
  {
    voice = null,
    rateHz = 16_000,
  }: { readonly voice?: string | null; readonly rateHz?: number } = {},
): Promise<SpeechEvent[]> {
  const session = await port.open(
    { callId: 'call_1', clock: systemClock, log: silentLogger },
    going(),
  );
  const utterance = session.speak({ voice, language: null, format: { codec: 'pcm16', rateHz } });
  for (const [index, text] of texts.entries()) {
    utterance.say({ pieceId: index + 1, text, styles: [], flush: true });
  }
  utterance.end();
  const events = await spoken(utterance);
  session.close();
  return events;
}

/** A recogniser's session with what it told. */
export class Listener {
  readonly session: SpeechToTextSession;
  readonly events: SpeechToTextEvent[] = [];
  readonly ended: Promise<void>;
  readonly #timeline: ChunkTimeline;

  private constructor(session: SpeechToTextSession, format: AudioFormat) {
    this.session = session;
    this.#timeline = new ChunkTimeline(format);
    this.ended = this.#read();
  }

  static async open(port: SpeechToTextPort, format: AudioFormat): Promise<Listener> {
    const context = { callId: 'call_1', format, language: null, keyTerms: [] };
    const session = await port.open({ ...context, clock: systemClock, log: silentLogger }, going());
    return new Listener(session, format);
  }

  /** Audio in frames of 20 ms, all at once. */
  push(samples: Float32Array): void {
    const { codec, rateHz } = this.#timeline.format;
    const step = rateHz / 50;
    for (let from = 0; from < samples.length; from += step) {
      const bytes = encodeSamples(samples.subarray(from, from + step), codec);
      this.session.push(this.#timeline.append(bytes, 0));
    }
  }

  async #read(): Promise<void> {
    for await (const event of this.session.events) this.events.push(event);
  }

  of<T extends SpeechToTextEvent['type']>(type: T): (SpeechToTextEvent & { type: T })[] {
    return this.events.filter(
      (event): event is SpeechToTextEvent & { type: T } => event.type === type,
    );
  }

  async final(finishId: number): Promise<SpeechToTextEvent & { type: 'final' }> {
    for (let step = 0; step < 2000; step += 1) {
      const final = this.of('final').find((event) => event.finishId === finishId);
      if (final !== undefined) return final;
      await pause(5);
    }
    throw new Error(`no final ${finishId} in 10 s`);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => systemClock.timerAt(systemClock.nowMs() + ms, resolve));
}

/**
 * What something costs the main thread: its processor time, which other processes do not disturb,
 * and the delay of its event loop, which they do, ms.
 */
export async function mainThread(
  work: () => Promise<void>,
): Promise<{ cpuMs: number; delays: string }> {
  const monitor = monitorEventLoopDelay({ resolution: 1 });
  monitor.enable();
  const before = process.threadCpuUsage();
  await work();
  const { user, system } = process.threadCpuUsage(before);
  monitor.disable();
  // Of a timer of 1 ms, which is included.
  const delayMs = (percent: number): string => (monitor.percentile(percent) / 1e6 - 1).toFixed(2);
  return {
    cpuMs: (user + system) / 1000,
    delays: `loop delay p50 ${delayMs(50)} p99 ${delayMs(99)} ms`,
  };
}

/** Why make.py cannot be run here, or null. */
export function whyNoPython(pinned: string): string | null {
  const print = 'import onnx; print(onnx.__version__)';
  const python = spawnSync('python3', ['-c', print], { encoding: 'utf8' });
  const there = python.status === 0 && `onnx==${python.stdout.trim()}` === pinned;
  return there ? null : `python3 with ${pinned} is not installed`;
}
