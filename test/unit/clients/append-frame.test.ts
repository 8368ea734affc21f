import { fc, it } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { MessageReader } from '../../../adapters/clients/openai-realtime/append-frame.ts';
import { decode } from '../../../adapters/clients/openai-realtime/decode.ts';
import { Base64Bytes } from '../../../src/audio/base64-bytes.ts';
import { pcm24k } from '../../../src/audio/format.ts';

const context = { inputFormat: pcm24k, outputFormat: pcm24k, backend: 'test' };
const audio = (bytes: number[]): string => Buffer.from(bytes).toString('base64');

/** What a reader that has seen `first` makes of `second`. */
function second(first: string, text: string): unknown {
  const reader = new MessageReader(() => null);
  reader.read(Buffer.from(first), context);
  return reader.read(Buffer.from(text), context);
}

describe('message reader', () => {
  it('reads audio in a frame that it knows', () => {
    const frame = (bytes: number[]): string =>
      JSON.stringify({ type: 'input_audio_buffer.append', audio: audio(bytes) });
    expect(second(frame([1, 2]), frame([3, 4, 5, 6]))).toEqual({
      kind: 'audio',
      bytes: Base64Bytes.decode(audio([3, 4, 5, 6])),
      eventId: null,
    });
  });

  it('says of broken audio in a known frame what the parser says', () => {
    const good = `{"audio":"${audio([1, 2])}","type":"input_audio_buffer.append"}`;
    for (const bad of ['AAA', 'A*AA', 'AAAA', 'A"AA', 'AA\\u0041A', '']) {
      const text = `{"audio":"${bad}","type":"input_audio_buffer.append"}`;
      expect(second(good, text)).toEqual(decode(text, context));
    }
  });

  it('never takes the id of one event for that of another', () => {
    const named = (id: string): string =>
      JSON.stringify({ event_id: id, type: 'input_audio_buffer.append', audio: audio([1, 2]) });
    expect(second(named('one'), named('two'))).toMatchObject({ kind: 'audio', eventId: 'two' });
  });

  it.prop(
    [
      fc.array(
        fc.tuple(
          fc.constantFrom('"', '}', '{', ',', '\\', 'A', '=', ' ', '"audio":"', '"event_id":"x",'),
          fc.nat({ max: 90 }),
        ),
        { maxLength: 4 },
      ),
      fc.uint8Array({ maxLength: 12 }),
      fc.boolean(),
    ],
    { seed: 20261120, numRuns: 500 },
  )('means what the parser means, whatever is changed in a known frame', (edits, bytes, nested) => {
    const payload = Buffer.from(bytes).toString('base64');
    const good = nested
      ? `{"x":{"audio":"${audio([9, 9])}"},"type":"input_audio_buffer.append","audio":"${audio([1, 2])}"}`
      : `{"type":"input_audio_buffer.append","audio":"${audio([1, 2])}"}`;
    let text = good.replace(audio([1, 2]), payload);
    for (const [inserted, at] of edits) text = text.slice(0, at) + inserted + text.slice(at);
    expect(second(good, text)).toEqual(decode(text, context));
  });
});
