import { pcm24k, pcma8k, pcmu8k, type AudioFormat } from '../../../../src/audio/format.ts';
import type { SpeechToTextContext } from '../../../../src/ports/speech-to-text.ts';
import type { SttDialect, SttWire } from '../shared/dialect.ts';
import { TranscriptionDecoder } from './decode.ts';
import type { OpenAiTranscriptionOptions } from './options.ts';

/** Models that write while they hear. */
const liveModels = /^gpt-(?:realtime-whisper|live-transcribe)/;
/** Models that take a list of words; others take a sentence, or nothing. */
const keywordModels = /^gpt-(?:live-)?transcribe/;
const promptless = 'gpt-realtime-whisper';

/** A session lasts an hour. */
const sessionCapMs = 3_600_000;
/** Less cannot be committed, ms. */
const leastMs = 100;

/** The Realtime protocol of a session that only transcribes. */
export function transcriptionDialect(options: OpenAiTranscriptionOptions): SttDialect {
  const { live = liveModels.test(options.model) } = options;
  return {
    type: 'openai-transcription',
    capabilities: {
      partials: live,
      turnEvents: false,
      wordTimes: false,
      finish: live ? 'flush' : 'whole',
      inputFormats: [pcm24k, pcmu8k, pcma8k],
      sessionCapMs,
    },
    // Each commit is answered, be it with an error.
    quietMs: null,
    slackMs: 0,
    leastMs,
    keepAliveMs: sessionCapMs,
    request: (_context, secret) => {
      const url = new URL(options.url);
      url.searchParams.set('intent', 'transcription');
      const headers = secret === null ? {} : { Authorization: `Bearer ${secret}` };
      return { url: url.href, headers };
    },
    wire: (context, secret) => transcriptionWire(options, context, secret),
  };
}

function transcriptionWire(
  options: OpenAiTranscriptionOptions,
  context: SpeechToTextContext,
  secret: string | null,
): SttWire {
  const decoder = new TranscriptionDecoder(sessionUpdate(options, context), secret);
  return {
    readyWhenOpen: false,
    decode: (message) => decoder.decode(message),
    audioText: (bytes) => {
      const audio = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      return `{"type":"input_audio_buffer.append","audio":"${audio.toString('base64')}"}`;
    },
    flush: () => '{"type":"input_audio_buffer.commit"}',
    clear: '{"type":"input_audio_buffer.clear"}',
    keepAlive: null,
  };
}

function sessionUpdate(options: OpenAiTranscriptionOptions, context: SpeechToTextContext): string {
  const { model, noiseReduction } = options;
  const language = (context.language ?? options.language)?.split('-')[0];
  const terms = [...options.keyTerms, ...context.keyTerms];
  return JSON.stringify({
    type: 'session.update',
    session: {
      type: 'transcription',
      audio: {
        input: {
          format: wireFormat(context.format),
          transcription: { model, language, ...hintsOf(model, terms) },
          noise_reduction: noiseReduction === undefined ? null : { type: noiseReduction },
          // The engine decides about turns and commits them.
          turn_detection: null,
        },
      },
    },
  });
}

function hintsOf(model: string, terms: readonly string[]): object {
  if (terms.length === 0 || model.startsWith(promptless)) return {};
  return keywordModels.test(model)
    ? { keywords: terms }
    : { prompt: `Words that may be said: ${terms.join(', ')}.` };
}

function wireFormat({ codec, rateHz }: AudioFormat): object {
  return codec === 'pcm16' ? { type: 'audio/pcm', rate: rateHz } : { type: `audio/${codec}` };
}
