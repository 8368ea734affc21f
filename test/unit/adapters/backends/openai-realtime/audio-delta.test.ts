import fc from 'fast-check';
import { Base64Bytes } from '../../../../../src/audio/base64-bytes.ts';
import { describe, expect, it } from 'vitest';
import { scanAudioDelta } from '../../../../../adapters/backends/openai-realtime/audio-delta.ts';
import { dialects } from '../../../../../adapters/backends/openai-realtime/dialects.ts';

const { openai } = dialects;
const scan = (text: string): unknown => scanAudioDelta(Buffer.from(text), openai);
const audio = { type: 'response.output_audio.delta', response_id: 'r1', item_id: 'i1' };

describe('scan of an audio delta', () => {
  it('finds the same bytes as a parser, wherever the keys stand', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 3000 }),
        fc.shuffledSubarray(['event_id', 'response_id', 'item_id', 'output_index', 'delta'], {
          minLength: 5,
        }),
        (bytes, order) => {
          const values: Record<string, unknown> = {
            event_id: 'event_9',
            response_id: 'resp_1',
            item_id: 'item_1',
            output_index: 0,
            delta: Buffer.from(bytes).toString('base64'),
          };
          const event = {
            type: audio.type,
            ...Object.fromEntries(order.map((k) => [k, values[k]])),
          };
          expect(scan(JSON.stringify(event))).toEqual({
            responseId: 'resp_1',
            itemId: 'item_1',
            bytes: Base64Bytes.decode(Buffer.from(bytes).toString('base64')),
          });
        },
      ),
      { numRuns: 100 },
    );
  });

  it('goes by the name that the dialect has for it', () => {
    const beta = JSON.stringify({ ...audio, type: 'response.audio.delta', delta: 'AAEC' });
    expect(scan(beta)).toBeNull();
    const found = scanAudioDelta(Buffer.from(beta), dialects['azure-voice-live']);
    expect([...(found?.bytes ?? [])]).toEqual([0, 1, 2]);
  });

  it('gives bytes that nobody else writes to', () => {
    const message = Buffer.from(JSON.stringify({ ...audio, delta: 'AAEC' }));
    const first = scanAudioDelta(message, openai)?.bytes;
    message.fill(0x20);
    scanAudioDelta(Buffer.from(JSON.stringify({ ...audio, delta: 'CQkJ' })), openai)?.bytes.fill(7);
    expect([...(first ?? [])]).toEqual([0, 1, 2]);
  });

  it.each([
    [
      'another event',
      JSON.stringify({ ...audio, type: 'response.output_text.delta', delta: 'AA==' }),
    ],
    [
      'an event that only quotes the name',
      JSON.stringify({ type: 'x', text: `"type":"${audio.type}"` }),
    ],
    ['no ids', JSON.stringify({ type: audio.type, delta: 'AA==' })],
    ['no audio', JSON.stringify(audio)],
    ['audio of another type', JSON.stringify({ ...audio, delta: 3 })],
    ['escaped base64', `{"type":"${audio.type}","response_id":"r","item_id":"i","delta":"AA\\/A"}`],
    [
      'spaces around the colon',
      `{"type": "${audio.type}","response_id":"r","item_id":"i","delta":"AAAA"}`,
    ],
    [
      'a message cut short',
      `{"type":"${audio.type}","response_id":"r","item_id":"i","delta":"AAAA`,
    ],
  ])('leaves %s to the parser', (_what, text) => {
    expect(scan(text)).toBeNull();
  });
});
