import { describe, expect, it } from 'vitest';
import { pcm24k } from '../../../src/audio/format.ts';
import { silence, speech } from '../../support/call-harness.ts';
import { StreamSpeech } from '../../../src/call/stream-speech.ts';
import type { StreamFrame } from '../../../src/ports/backend.ts';

const frame = (bytes: Uint8Array, mark: StreamFrame['mark'] = null): StreamFrame => ({
  startSample: 0,
  bytes,
  heardInputSample: 0,
  text: null,
  mark,
});

describe('speech in a stream', () => {
  it('means nothing before the format is known', () => {
    expect(new StreamSpeech().take(frame(speech(80)))).toEqual([]);
  });

  it('hears an audible frame, also when its only sound is shorter than a window', () => {
    const stream = new StreamSpeech();
    stream.connect(pcm24k);
    expect(stream.take(frame(silence(80)))).toEqual([]);
    const late = new Uint8Array([...silence(80), ...speech(5)]);
    expect(stream.take(frame(late))).toEqual(['open', 'audio']);
  });

  it('measures silence in the frames it gets', () => {
    const stream = new StreamSpeech();
    stream.connect(pcm24k);
    stream.take(frame(speech(20)));
    expect(stream.take(frame(silence(799)))).toEqual(['audio']);
    expect(stream.take(frame(silence(1)))).toEqual(['audio', 'complete']);
  });

  it('lets nothing through once it is gated while the agent speaks', () => {
    const stream = new StreamSpeech();
    stream.connect(pcm24k);
    stream.take(frame(speech(80)));
    stream.gate();
    expect(stream.take(frame(speech(80)))).toEqual([]);
    expect(stream.take(frame(silence(800)))).toEqual([]);
    expect(stream.take(frame(speech(80)))).toEqual(['open', 'audio']);
  });

  it('does not gate silence', () => {
    const stream = new StreamSpeech();
    stream.connect(pcm24k);
    stream.gate();
    expect(stream.take(frame(speech(80)))).toEqual(['open', 'audio']);
  });
});
