import { pcm16k, pcm24k, pcma8k, pcmu8k } from '../../../../src/audio/format.ts';
import type { SpeechToTextPort } from '../../../../src/ports/speech-to-text.ts';
import type { SttDialect } from '../shared/dialect.ts';
import { hostedStt, type SttSurroundings } from '../shared/hosted-port.ts';
import { decodePulse } from './decode.ts';
import type { SmallestPulseOptions } from './options.ts';

export { smallestPulseOptions, type SmallestPulseOptions } from './options.ts';

const encodings = { pcm16: 'linear16', pcmu: 'mulaw', pcma: 'alaw' } as const;

/** Smallest.ai's Pulse. */
export function smallestPulseStt(
  options: SmallestPulseOptions,
  surroundings: SttSurroundings,
): SpeechToTextPort {
  return hostedStt(pulseDialect(options), options, surroundings);
}

function pulseDialect(options: SmallestPulseOptions): SttDialect {
  const { model, endOfUtteranceMs, numbersAsDigits } = options;
  return {
    type: 'smallest-pulse',
    capabilities: {
      partials: true,
      turnEvents: false,
      wordTimes: true,
      finish: 'flush',
      inputFormats: [pcm16k, pcm24k, { codec: 'pcm16', rateHz: 8000 }, pcmu8k, pcma8k],
      sessionCapMs: null,
    },
    quietMs: 700,
    slackMs: 100,
    leastMs: 0,
    // Integrators keep it awake with silence after so long; the vendor names no limit.
    keepAliveMs: 5000,
    request: ({ format, language }, secret) => {
      const url = new URL(options.url);
      const query = {
        model,
        language: (language ?? options.language)?.split('-')[0] ?? 'multi',
        encoding: encodings[format.codec],
        sample_rate: String(format.rateHz),
        word_timestamps: 'true',
        vad_events: 'true',
        ...(endOfUtteranceMs === undefined ? {} : { eou_timeout_ms: String(endOfUtteranceMs) }),
        ...(numbersAsDigits === undefined ? {} : { itn_normalize: String(numbersAsDigits) }),
      };
      for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
      const headers = secret === null ? {} : { Authorization: `Bearer ${secret}` };
      return { url: url.href, headers };
    },
    wire: (_context, secret) => ({
      readyWhenOpen: true,
      decode: (message) => decodePulse(message, secret),
      audioText: () => null,
      flush: () => '{"type":"finalize"}',
      clear: null,
      keepAlive: { by: 'silence' },
    }),
  };
}
