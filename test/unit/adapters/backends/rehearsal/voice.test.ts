import { describe, expect, it } from 'vitest';
import { decodePcm16 } from '../../../../../src/audio/pcm16.ts';
import type { Speech } from '../../../../../adapters/backends/rehearsal/speech.ts';
import { Voice } from '../../../../../adapters/backends/rehearsal/voice.ts';

function sound(speech: Speech): Float32Array {
  return decodePcm16(speech.read(0, speech.samples));
}

function levelDbfs(samples: Float32Array): number {
  const energy = samples.reduce((sum, value) => sum + value * value, 0);
  return 10 * Math.log10(energy / samples.length);
}

/** The sound of one word of a speech. */
function word(speech: Speech, index: number): Float32Array {
  const { startMs, endMs } = speech.words[index]!;
  return sound(speech).subarray(startMs * 24, endMs * 24);
}

/** Greatest normalised correlation of two sounds at any lag up to 20 ms. */
function likeness(a: Float32Array, b: Float32Array): number {
  const norm = (x: Float32Array): number => Math.sqrt(x.reduce((sum, v) => sum + v * v, 0));
  let best = 0;
  for (let lag = -480; lag <= 480; lag += 4) {
    let dot = 0;
    for (let i = 0; i < a.length; i += 1) dot += a[i]! * (b[i + lag] ?? 0);
    best = Math.max(best, Math.abs(dot));
  }
  return best / (norm(a) * norm(b));
}

describe('synthetic voice', () => {
  const text = 'Good evening, this is a rehearsal. I answer by script.';

  it('is audible at about −20 dBFS, from its first 10 ms on, and never clips', () => {
    const samples = sound(new Voice().speak(text, 'alloy'));
    expect(levelDbfs(samples)).toBeGreaterThan(-24);
    expect(levelDbfs(samples)).toBeLessThan(-18);
    expect(levelDbfs(samples.subarray(0, 240))).toBeGreaterThan(-50);
    expect(Math.max(...samples)).toBeLessThan(0.9);
  });

  it('says about three and a half syllables a second', () => {
    // 40 syllables of consonant and vowel.
    const speech = new Voice().speak('banana '.repeat(13).trim() + ' ba', 'alloy');
    const perSecond = 40 / (speech.samples / 24_000);
    expect(perSecond).toBeGreaterThan(3);
    expect(perSecond).toBeLessThan(4.2);
  });

  it('gives the words of the text with times at which they really sound', () => {
    const speech = new Voice().speak(text, 'alloy');
    expect(speech.words.map((each) => each.text).join(' ')).toBe(text);
    const samples = sound(speech);
    let endMs = 0;
    for (const [index, each] of speech.words.entries()) {
      if (index > 0) {
        const pause = samples.subarray(endMs * 24, each.startMs * 24);
        expect(pause.length).toBeGreaterThan(0);
        expect(pause.every((value) => value === 0)).toBe(true);
      }
      expect(levelDbfs(word(speech, index))).toBeGreaterThan(-30);
      endMs = each.endMs;
    }
    expect(speech.samples).toBe(Math.round(endMs * 24));
  });

  it('sounds the same every time, read whole or in pieces', () => {
    const whole = sound(new Voice().speak(text, 'alloy'));
    const again = new Voice().speak(text, 'alloy');
    const pieces = Array.from({ length: Math.ceil(again.samples / 777) }, (_, index) =>
      again.read(index * 777, Math.min((index + 1) * 777, again.samples)),
    );
    expect(decodePcm16(Buffer.concat(pieces))).toEqual(whole);
  });

  it('has another sound for another word, another place and another name', () => {
    const speech = new Voice().speak('garden garden bottle', 'alloy');
    expect(likeness(word(speech, 0), word(speech, 0))).toBeCloseTo(1, 5);
    expect(likeness(word(speech, 0), word(speech, 1))).toBeLessThan(0.8);
    expect(likeness(word(speech, 0), word(speech, 2))).toBeLessThan(0.8);
    const other = new Voice().speak('garden', 'marin');
    expect(likeness(word(speech, 0), word(other, 0))).toBeLessThan(0.8);
  });

  it('finds a sound for whatever is written', () => {
    const speech = new Voice().speak('42 привет 你好 — 🙂 hmm', 'alloy');
    expect(speech.words).toHaveLength(6);
    speech.words.forEach((_, index) => {
      expect(levelDbfs(word(speech, index))).toBeGreaterThan(-30);
    });
  });

  it('says nothing for no words', () => {
    expect(new Voice().speak('  ', 'alloy')).toMatchObject({ words: [], samples: 0 });
  });

  it('keeps no more rendered words than its limit', () => {
    const voice = new Voice(3);
    sound(voice.speak('one two three four five', 'alloy'));
    expect(voice.kept).toBe(3);
  });
});
