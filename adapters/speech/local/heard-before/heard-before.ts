import { readFile } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';

import { pcm16k, pcm24k, pcma8k, pcmu8k, sameFormat } from '../../../../src/audio/format.ts';
import { prepareResampler } from '../../../../src/audio/resampler.ts';
import { readWav } from '../../../../src/audio/wav.ts';
import { CallError } from '../../../../src/ports/errors.ts';
import type {
  SpeechToTextCapabilities,
  SpeechToTextContext,
  SpeechToTextPort,
  SpeechToTextSession,
} from '../../../../src/ports/speech-to-text.ts';
import type { Clock } from '../../../../src/time/clock.ts';
import { zeroHeardBeforeCounters } from './counters.ts';
import { soundLibrary, type KnownSound, type KnownWord, type SoundLibrary } from './library.ts';
import { HeardBeforeSession } from './session.ts';

/** A recording on disk, and what is said in it. */
export interface RecordingFile {
  readonly file: string;
  readonly text: string;
  /** Times of the words, where they are known. */
  readonly words?: readonly KnownWord[] | undefined;
}

export interface HeardBeforeOptions {
  readonly clock: Clock;
  readonly recordings: readonly RecordingFile[];
  readonly resolvePath: (path: string) => string;
}

const capabilities: SpeechToTextCapabilities = {
  partials: true,
  turnEvents: false,
  wordTimes: true,
  finish: 'flush',
  inputFormats: [pcm16k, pcm24k, pcmu8k, pcma8k, { codec: 'pcm16', rateHz: 8000 }],
  sessionCapMs: null,
};

/** Knows recordings again that it was shown, and the words in them; anything else is no speech. */
export class HeardBefore implements SpeechToTextPort {
  readonly type = 'heard-before';
  readonly capabilities = capabilities;
  readonly #options: HeardBeforeOptions;
  readonly #counters = zeroHeardBeforeCounters();
  readonly #sessions = new Set<HeardBeforeSession>();
  #loading: Promise<SoundLibrary> | null = null;
  #closed = false;

  constructor(options: HeardBeforeOptions) {
    this.#options = options;
  }

  async prepare(signal: AbortSignal): Promise<void> {
    await this.#library(signal);
  }

  async open(context: SpeechToTextContext, signal: AbortSignal): Promise<SpeechToTextSession> {
    if (!capabilities.inputFormats.some((format) => sameFormat(format, context.format))) {
      const { codec, rateHz } = context.format;
      throw new CallError(
        'unsupported_by_backend',
        `heard-before does not take ${codec} ${rateHz}`,
      );
    }
    const library = await this.#library(signal);
    const session: HeardBeforeSession = new HeardBeforeSession({
      library,
      format: context.format,
      clock: context.clock,
      counters: this.#counters,
      onClose: () => this.#sessions.delete(session),
    });
    this.#sessions.add(session);
    return session;
  }

  figures(): Readonly<Record<string, number>> {
    return { sessions: this.#sessions.size, ...this.#counters };
  }

  close(): Promise<void> {
    this.#closed = true;
    for (const session of [...this.#sessions]) session.close();
    return Promise.resolve();
  }

  async #library(signal: AbortSignal): Promise<SoundLibrary> {
    if (this.#closed) throw new CallError('model_unavailable', 'heard-before is closed');
    this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = null;
      throw error;
    });
    const library = await this.#loading;
    if (signal.aborted) {
      throw new CallError('model_unavailable', 'opening was aborted', { cause: signal.reason });
    }
    return library;
  }

  async #load(): Promise<SoundLibrary> {
    await prepareResampler();
    const sounds = await Promise.all(
      this.#options.recordings.map((recording) => this.#read(recording)),
    );
    return await soundLibrary(sounds, () => setImmediate());
  }

  async #read({ file, text, words }: RecordingFile): Promise<KnownSound> {
    try {
      const { rateHz, channels } = readWav(await readFile(this.#options.resolvePath(file)));
      return { rateHz, samples: channels[0]!, text, words: words ?? null };
    } catch (error) {
      throw new CallError('model_unavailable', `the recording ${file} cannot be read`, {
        cause: error,
      });
    }
  }
}
