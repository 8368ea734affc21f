import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  decodeAudio,
  encodeAudio,
} from '../../../adapters/clients/openai-realtime/audio-payload.ts';
import { CallError } from '../../../src/ports/errors.ts';

const pcmu = { codec: 'pcmu', rateHz: 8000 } as const;
const proper = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

it('any bytes survive base64 both ways', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 4096 }), (bytes) => {
      expect(decodeAudio(encodeAudio(bytes), pcmu)).toEqual(new Uint8Array(bytes));
    }),
  );
});

it('takes proper base64 and nothing else', () => {
  const letter = fc.constantFrom(...Array.from('AZaz09+/=-_ \n*é'));
  fc.assert(
    fc.property(fc.string({ unit: letter, maxLength: 16 }), (text) => {
      let taken = true;
      try {
        decodeAudio(text, pcmu);
      } catch (thrown) {
        if (!(thrown instanceof CallError)) throw thrown;
        taken = false;
      }
      expect(taken).toBe(proper.test(text));
    }),
    { numRuns: 2000 },
  );
});
