import { describe, expect, it } from 'vitest';
import { audioLengthBytes, decodeAudio } from '../../../adapters/shared/audio-payload.ts';
import { pcm24k } from '../../../src/audio/format.ts';

const pcmu = { codec: 'pcmu', rateHz: 8000 } as const;

describe('audio of an append', () => {
  it.each([
    ['', []],
    ['AQI=', [1, 2]],
    ['AQIDBA==', [1, 2, 3, 4]],
    ['AQIDBAUG', [1, 2, 3, 4, 5, 6]],
  ])('reads %j', (text, bytes) => {
    expect([...decodeAudio(text, pcm24k)]).toEqual(bytes);
  });

  it.each([
    ['without padding', 'AQI'],
    ['with a space', 'AQI DBA='],
    ['with a line break', 'AQID\nBA='],
    ['of the URL alphabet', 'AQ-_'],
    ['padded in the middle', 'AA==AAAA'],
    ['of nothing but padding', '===='],
    ['with a foreign character', 'AQ*='],
  ])('refuses base64 %s', (_, text) => {
    expect(() => decodeAudio(text, pcm24k)).toThrow(
      expect.objectContaining({ code: 'invalid_audio', param: 'audio' }),
    );
  });

  it('refuses half a sample of PCM and takes the same bytes as G.711', () => {
    expect(() => decodeAudio('AQID', pcm24k)).toThrow(
      expect.objectContaining({ code: 'invalid_audio' }),
    );
    expect([...decodeAudio('AQID', pcmu)]).toEqual([1, 2, 3]);
  });

  it('takes 15 MiB and not a sample more', () => {
    const limit = 15 * 1024 * 1024;
    const text = (bytes: number): string => Buffer.alloc(bytes).toString('base64');
    expect(decodeAudio(text(limit), pcm24k)).toHaveLength(limit);
    expect(() => decodeAudio(text(limit + 2), pcm24k)).toThrow(
      expect.objectContaining({ code: 'message_too_large' }),
    );
  });

  it('gives every append bytes that no other writes to', () => {
    const first = decodeAudio('AQI=', pcm24k);
    decodeAudio('CQk=', pcm24k).fill(7);
    expect([...first]).toEqual([1, 2]);
  });

  it('knows the length of audio inside a message', () => {
    for (const [text, lengthBytes] of [
      ['AQI=', 2],
      ['AQIDBA==', 4],
      ['AQIDBAUG', 6],
    ] as const) {
      const message = Buffer.from(`{"audio":"${text}"}`);
      expect(audioLengthBytes(message, 10, 10 + text.length)).toBe(lengthBytes);
    }
  });
});
