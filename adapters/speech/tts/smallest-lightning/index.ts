import type { TextToSpeechPort } from '../../../../src/ports/text-to-speech.ts';
import type { SpeechSurroundings } from '../../../shared/surroundings.ts';
import { formatsOf } from '../shared/options.ts';
import { voicePort } from '../shared/voice-port.ts';
import type { VoiceKind } from '../shared/wire.ts';
import { lightningRates, type LightningTtsOptions } from './options.ts';
import { LightningWire } from './wire.ts';

export { smallestLightningTtsOptions } from './options.ts';

/** How long the server is asked to wait for the next request, s. */
const timeoutSeconds = 300;

/** Smallest.ai's Lightning voices over their WebSocket. See docs/backends/text-to-speech.md. */
export function smallestLightningTts(
  options: LightningTtsOptions,
  surroundings: SpeechSurroundings,
): TextToSpeechPort {
  const { language = null, rateHz, url, voice, wordTimes } = options;
  const kind: VoiceKind = {
    type: 'smallest-lightning',
    capabilities: {
      inputStreaming: true,
      contexts: 1,
      cancel: 'reconnect',
      timing: wordTimes ? 'word' : 'none',
      spokenText: false,
      voices: 'any',
      styles: {},
      outputFormats: formatsOf(rateHz, lightningRates),
      sessionCapMs: null,
    },
    voice,
    language,
    urlOf: () => `${url}?timeout=${timeoutSeconds}`,
    headersOf: (secret): Record<string, string> =>
      secret === null ? {} : { authorization: `Bearer ${secret}` },
    createWire: (host) => new LightningWire(host, options),
    idleMs: timeoutSeconds * 800,
    capMs: null,
    keepAliveMs: 60_000,
    keepsSpare: true,
  };
  return voicePort(kind, options, surroundings);
}
