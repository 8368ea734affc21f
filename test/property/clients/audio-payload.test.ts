import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeAudio } from '../../../adapters/shared/audio-payload.ts';
import { Base64Bytes } from '../../../src/audio/base64-bytes.ts';
import { CallError } from '../../../src/ports/errors.ts';

const pcmu = { codec: 'pcmu', rateHz: 8000 } as const;
const proper = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

it('any bytes survive base64 both ways', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 4096 }), (bytes) => {
      expect(Buffer.from(decodeAudio(Base64Bytes.encode(bytes), pcmu))).toEqual(Buffer.from(bytes));
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
