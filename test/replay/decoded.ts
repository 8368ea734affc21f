import { decode as decodeGemini } from '../../adapters/backends/gemini-live/decode.ts';
import { decode as decodeLive } from '../../adapters/backends/openai-live/decode.ts';
import { decode as decodeHydra } from '../../adapters/backends/hydra/decode.ts';
import { decode as decodeOpenAi } from '../../adapters/backends/openai-realtime/decode.ts';
import { dialects } from '../../adapters/backends/openai-realtime/dialects.ts';
import type { WireEntry } from '../../adapters/shared/wire-record.ts';
import { framesOf } from './recording.ts';
import { shown } from './shown.ts';

const decoders: Readonly<Record<string, (message: Buffer) => unknown>> = {
  'gemini-live': (message) => decodeGemini(message, null),
  'openai-live': (message) => decodeLive(message, null),
  hydra: (message) => decodeHydra(message, null),
  // Whatever the dialect: names of the beta protocol mean nothing else in any of them.
  'openai-realtime': (message) =>
    decodeOpenAi(message, { dialect: dialects['azure-voice-live'], secret: null }),
};

/**
 * What the adapter of a recording understands of each message of the upstream; where it understands
 * nothing, the error it would end the session with.
 *
 * @throws RangeError where the recording is of a backend without a wire
 */
export function decoded(entries: readonly WireEntry[]): unknown[] {
  const [first] = entries;
  const type = first?.kind === 'open' && 'type' in first ? first.type : '';
  const decode = decoders[type];
  if (decode === undefined) throw new RangeError(`no recordings of ${type} are known`);
  return framesOf(entries).flatMap(({ direction, bytes }) => {
    if (direction === 'up') return [];
    try {
      return [shown(decode(bytes))].flat();
    } catch (thrown) {
      return [{ thrown: shown(thrown) }];
    }
  });
}
