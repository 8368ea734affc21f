import type { SpeechToTextPort } from '../../../../src/ports/speech-to-text.ts';
import { hostedStt, type SttSurroundings } from '../shared/hosted-port.ts';
import { fluxDialect } from './flux.ts';
import { novaDialect } from './nova.ts';
import { isFlux, type DeepgramSttOptions } from './options.ts';

export { deepgramSttOptions, type DeepgramSttOptions } from './options.ts';

/** Deepgram's recognisers: Flux, which judges turns, and the Nova family. */
export function deepgramStt(
  options: DeepgramSttOptions,
  surroundings: SttSurroundings,
): SpeechToTextPort {
  const dialect = isFlux(options.model) ? fluxDialect(options) : novaDialect(options);
  return hostedStt(dialect, options, surroundings);
}
