import type { TextToSpeechPort } from '../../../../src/ports/text-to-speech.ts';
import type { SpeechSurroundings } from '../../../shared/surroundings.ts';
import { formatsOf } from '../shared/options.ts';
import { voicePort } from '../shared/voice-port.ts';
import type { VoiceKind } from '../shared/wire.ts';
import { cartesiaRates, type CartesiaTtsOptions } from './options.ts';
import { CartesiaWire, contextLimit } from './wire.ts';

export { cartesiaTtsOptions } from './options.ts';

/** Cartesia's voices over its WebSocket. See docs/backends/text-to-speech.md. */
export function cartesiaTts(
  options: CartesiaTtsOptions,
  surroundings: SpeechSurroundings,
): TextToSpeechPort {
  const { language = null, rateHz, styles, url, version, voice } = options;
  const kind: VoiceKind = {
    type: 'cartesia',
    capabilities: {
      inputStreaming: true,
      contexts: contextLimit,
      cancel: 'context',
      timing: 'word',
      spokenText: false,
      voices: 'any',
      styles,
      outputFormats: formatsOf(rateHz, cartesiaRates),
      sessionCapMs: null,
    },
    voice,
    language,
    urlOf: () => url,
    headersOf: (secret) => ({
      'cartesia-version': version,
      ...(secret === null ? {} : { authorization: `Bearer ${secret}` }),
    }),
    createWire: (host) => new CartesiaWire(host, options),
    // The vendor closes after five minutes.
    idleMs: 240_000,
    capMs: null,
    keepAliveMs: 60_000,
    keepsSpare: false,
  };
  return voicePort(kind, options, surroundings);
}
