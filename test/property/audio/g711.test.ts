import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { decodeG711, encodeG711 } from '../../../src/audio/g711.ts';
import { decodeSamples, encodeSamples } from '../../../src/audio/samples.ts';

const codec = fc.constantFrom('pcmu' as const, 'pcma' as const);
const samples = fc.int16Array({ maxLength: 300 });

test.prop([samples, codec])('G.711 once more changes nothing', (original, law) => {
  const once = decodeG711(encodeG711(original, law), law);
  expect([...decodeG711(encodeG711(once, law), law)]).toEqual([...once]);
});

test.prop([samples, codec, fc.nat(300)])(
  'G.711 has no memory: a part has the bytes that it has in the whole',
  (original, law, at) => {
    const whole = encodeG711(original, law);
    expect([...encodeG711(original.subarray(at), law)]).toEqual([...whole.subarray(at)]);
  },
);

test.prop([fc.uint8Array({ maxLength: 300 }), codec])(
  'G.711 survives being numbers, but for the sign of zero',
  (bytes, law) => {
    const again = encodeSamples(decodeSamples(bytes, law), law);
    const expected = bytes.map((byte) => (law === 'pcmu' && byte === 0x7f ? 0xff : byte));
    expect([...again]).toEqual([...expected]);
  },
);
