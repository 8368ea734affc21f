import { CallError } from '../../../../src/ports/errors.ts';
import type {
  TextToSpeechCapabilities,
  TextToSpeechPort,
  TextToSpeechSession,
} from '../../../../src/ports/text-to-speech.ts';
import { readApiKey } from '../../../shared/api-key.ts';
import { HttpClient } from '../../../shared/http-client.ts';
import { HttpRefusal } from '../../../shared/http-refusal.ts';
import type { SpeechSurroundings } from '../../../shared/surroundings.ts';
import { PieceUtterance, zeroPieceCounters } from '../shared/http-pieces.ts';
import type { OpenAiSpeechTtsOptions } from './options.ts';
import { authorise, requestPiece } from './request.ts';

export { openAiSpeechTtsOptions, type OpenAiSpeechTtsOptions } from './options.ts';

function capabilitiesOf({ rateHz, styles }: OpenAiSpeechTtsOptions): TextToSpeechCapabilities {
  return {
    inputStreaming: false,
    contexts: 4,
    cancel: 'abort',
    timing: 'none',
    spokenText: false,
    voices: 'any',
    styles: Object.fromEntries(Object.keys(styles).map((style) => [style, style])),
    outputFormats: [{ codec: 'pcm16', rateHz }],
    sessionCapMs: null,
  };
}

/** A voice that speaks a text per request. See docs/backends/language-models.md. */
export function openAiSpeechTts(
  options: OpenAiSpeechTtsOptions,
  { clock, recorder = null, ...secrets }: SpeechSurroundings,
): TextToSpeechPort {
  const counters = zeroPieceCounters();
  const sessions = new Set<TextToSpeechSession>();
  const { timeouts, requestsAhead } = options;
  const client = new HttpClient({ clock, recorder, connectTimeoutMs: timeouts.connectMs });

  const speaks = (voice: string, utterances: Set<PieceUtterance>): PieceUtterance => {
    const utterance: PieceUtterance = new PieceUtterance({
      request: async function* (piece, signal) {
        const secret = await readApiKey(options, secrets);
        yield* requestPiece(piece, { client, clock, options, voice, secret, signal });
      },
      requestsAhead,
      counters,
      onEnd: () => utterances.delete(utterance),
    });
    utterances.add(utterance);
    return utterance;
  };

  return {
    type: 'openai-speech',
    capabilities: capabilitiesOf(options),
    prepare: async (signal) => {
      throwIfAborted(signal);
      const secret = await readApiKey(options, secrets);
      if (options.probe) await probe(client, options.baseUrl, secret, signal);
    },
    open: async (_context, signal) => {
      throwIfAborted(signal);
      await readApiKey(options, secrets);
      throwIfAborted(signal);
      const utterances = new Set<PieceUtterance>();
      const lost = Promise.withResolvers<null>();
      let isClosed = false;
      const session: TextToSpeechSession = {
        speak: ({ voice }) => {
          const utterance = speaks(voice ?? options.voice, utterances);
          if (isClosed) utterance.cancel();
          return utterance;
        },
        lost: lost.promise,
        close: () => {
          isClosed = true;
          for (const utterance of [...utterances]) utterance.cancel();
          sessions.delete(session);
          lost.resolve(null);
        },
      };
      sessions.add(session);
      return session;
    },
    figures: () => ({
      ...counters,
      sessionsOpen: sessions.size,
      ...client.figures(),
      ...recorder?.figures(),
    }),
    close: () => {
      for (const session of [...sessions]) session.close();
      client.close();
      return Promise.resolve();
    },
  };
}

function throwIfAborted(signal: AbortSignal): void {
  if (!signal.aborted) return;
  throw new CallError('backend_refused', 'opening was given up', { cause: signal.reason });
}

/** Servers without a list of models are there all the same; one that turns the key down is not. */
async function probe(
  client: HttpClient,
  baseUrl: string,
  secret: string | null,
  signal: AbortSignal,
): Promise<void> {
  const url = `${baseUrl.replace(/\/+$/, '')}/models`;
  const headers = authorise(secret);
  try {
    (await client.send({ method: 'GET', url, headers, body: null, secret, signal })).release();
  } catch (thrown) {
    const isThere = thrown instanceof HttpRefusal && ![401, 403].includes(thrown.status);
    if (!isThere) throw thrown;
  }
}
