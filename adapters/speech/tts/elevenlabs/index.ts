import type { TextToSpeechPort } from '../../../../src/ports/text-to-speech.ts';
import type { SpeechSurroundings } from '../../../shared/surroundings.ts';
import { formatsOf } from '../shared/options.ts';
import { voicePort } from '../shared/voice-port.ts';
import type { VoiceKind } from '../shared/wire.ts';
import { elevenLabsRates, type ElevenLabsTtsOptions } from './options.ts';
import { contextLimit, ElevenLabsWire } from './wire.ts';

export { elevenLabsTtsOptions } from './options.ts';

/** The longest that the vendor lets a connection or context wait, s. */
const inactivityTimeoutSeconds = 180;

/** ElevenLabs' voices over the multi-context WebSocket. See docs/backends/text-to-speech.md. */
export function elevenLabsTts(
  options: ElevenLabsTtsOptions,
  surroundings: SpeechSurroundings,
): TextToSpeechPort {
  const { language = null, model, rateHz, styles, url, voice } = options;
  const kind: VoiceKind = {
    type: 'elevenlabs',
    capabilities: {
      inputStreaming: true,
      contexts: contextLimit,
      cancel: 'context',
      timing: 'character',
      spokenText: false,
      voices: 'any',
      styles,
      outputFormats: formatsOf(rateHz, elevenLabsRates),
      sessionCapMs: null,
    },
    voice,
    language,
    urlOf: (wanted) => {
      const base = url.replace(/\/$/, '');
      const path = `/v1/text-to-speech/${encodeURIComponent(wanted.voice)}/multi-stream-input`;
      const full = new URL(base + path);
      full.searchParams.set('model_id', model);
      full.searchParams.set('output_format', `pcm_${wanted.rateHz}`);
      full.searchParams.set('inactivity_timeout', String(inactivityTimeoutSeconds));
      // Pieces are clauses: nothing is gained by collecting several.
      full.searchParams.set('auto_mode', 'true');
      full.searchParams.set('sync_alignment', 'true');
      if (wanted.language !== null) {
        full.searchParams.set('language_code', wanted.language.split('-')[0]!);
      }
      return full.href;
    },
    headersOf: (secret): Record<string, string> =>
      secret === null ? {} : { 'xi-api-key': secret },
    createWire: (host) => new ElevenLabsWire(host, options),
    idleMs: inactivityTimeoutSeconds * 800,
    capMs: null,
    keepAliveMs: 15_000,
    keepsSpare: false,
  };
  return voicePort(kind, options, surroundings);
}
