import { CallError } from '../../../../src/ports/errors.ts';
import type { TextToSpeechPort } from '../../../../src/ports/text-to-speech.ts';
import type { SpeechSurroundings } from '../../../shared/surroundings.ts';
import { formatsOf } from '../shared/options.ts';
import { voicePort } from '../shared/voice-port.ts';
import type { VoiceKind } from '../shared/wire.ts';
import { AuraWire } from './aura-wire.ts';
import { FluxWire } from './flux-wire.ts';
import { deepgramRates, type DeepgramTtsOptions } from './options.ts';

export { deepgramTtsOptions } from './options.ts';

/** Deepgram's voices, Aura and Flux. See docs/backends/text-to-speech.md. */
export function deepgramTts(
  options: DeepgramTtsOptions,
  surroundings: SpeechSurroundings,
): TextToSpeechPort {
  const { language = null, model, rateHz, speed, url } = options;
  const family = model.startsWith('flux') ? 'flux' : 'aura';
  const capMs = 3_600_000;
  const kind: VoiceKind = {
    type: 'deepgram',
    capabilities: {
      inputStreaming: true,
      contexts: 1,
      cancel: family === 'flux' ? 'interrupt' : 'clear',
      timing: 'none',
      spokenText: family === 'flux',
      voices: 'any',
      styles: {},
      outputFormats: formatsOf(rateHz, deepgramRates),
      sessionCapMs: capMs,
    },
    voice: model,
    language,
    urlOf: (wanted) => {
      const path = family === 'flux' ? '/v2/speak' : '/v1/speak';
      const full = new URL(url.replace(/\/$/, '') + path);
      full.searchParams.set('model', wanted.voice);
      full.searchParams.set('encoding', 'linear16');
      full.searchParams.set('sample_rate', String(wanted.rateHz));
      if (speed !== undefined) full.searchParams.set('speed', String(speed));
      return full.href;
    },
    headersOf: (secret): Record<string, string> =>
      secret === null ? {} : { authorization: `Token ${secret}` },
    refuses: ({ voice }) => {
      if (voice.startsWith(`${family}-`)) return null;
      const message = `a voice of another family than ${family} needs a backend of its own`;
      return new CallError('unsupported_by_backend', message, { param: 'voice' });
    },
    createWire: (host) => (family === 'flux' ? new FluxWire(host) : new AuraWire(host)),
    // Pings keep a connection alive; its hour passes all the same.
    idleMs: 1_200_000,
    capMs,
    keepAliveMs: 60_000,
    keepsSpare: false,
  };
  return voicePort(kind, options, surroundings);
}
