import { pcm16k, pcm24k } from '../../../../src/audio/format.ts';
import { asCallError } from '../../../../src/ports/errors.ts';
import type {
  SpeechToTextCapabilities,
  SpeechToTextPort,
} from '../../../../src/ports/speech-to-text.ts';
import { readApiKey } from '../../../shared/api-key.ts';
import type { SpeechSurroundings } from '../../../shared/surroundings.ts';
import { throwIfAborted } from '../shared/hosted-port.ts';
import type { WhisperHttpOptions } from './options.ts';
import { zeroWhisperCounters, WhisperSession } from './session.ts';

export { whisperHttpOptions, type WhisperHttpOptions } from './options.ts';

const capabilities: SpeechToTextCapabilities = {
  partials: false,
  turnEvents: false,
  wordTimes: false,
  finish: 'whole',
  inputFormats: [pcm16k, pcm24k, { codec: 'pcm16', rateHz: 8000 }],
  sessionCapMs: null,
};

/** Recognises a stretch as a whole, by one request to an OpenAI-compatible server. */
export function whisperHttpStt(
  options: WhisperHttpOptions,
  secrets: SpeechSurroundings,
): SpeechToTextPort {
  const counters = zeroWhisperCounters();
  const sessions = new Set<WhisperSession>();
  return {
    type: 'whisper-http',
    capabilities,
    prepare: async (signal) => {
      throwIfAborted(signal);
      await readApiKey(options, secrets);
    },
    open: async (context, signal) => {
      try {
        throwIfAborted(signal);
        const secret = await readApiKey(options, secrets);
        throwIfAborted(signal);
        const session: WhisperSession = new WhisperSession({
          options,
          secret,
          context,
          counters,
          onClosed: () => sessions.delete(session),
        });
        sessions.add(session);
        return session;
      } catch (thrown) {
        counters.opensRefused += 1;
        throw asCallError(thrown, 'backend_refused');
      }
    },
    figures: () => ({ ...counters }),
    close: () => {
      for (const session of [...sessions]) session.close();
      return Promise.resolve();
    },
  };
}
