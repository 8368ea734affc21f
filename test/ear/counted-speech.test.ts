import { describe, expect, it } from 'vitest';
import { countedSpeech, countWords, hearNumbers } from './counted-speech.ts';
import { seededRandom } from './seeded-random.ts';

const rateHz = 24_000;
const speech = countedSpeech({ firstNumber: 500, words: 40, rateHz });
const wordSamples = speech.samples.length / 40;

describe('counted speech', () => {
  it('says every number so that it is heard once and whole', () => {
    for (let firstNumber = 0; firstNumber < 1024; firstNumber += 64) {
      const { samples, numbers } = countedSpeech({ firstNumber, words: 64, rateHz });
      const heard = hearNumbers(samples, rateHz);
      expect(heard.map((word) => word.number)).toEqual(numbers);
      expect(heard.filter((word) => word.damaged)).toEqual([]);
    }
  });

  it('is heard at any sample offset, a third as loud and under noise', () => {
    const random = seededRandom(3);
    const moved = new Float32Array(speech.samples.length + 4321);
    moved.set(speech.samples, 1234);
    const noisy = moved.map((sample) => sample / 3 + (random() - 0.5) * 0.01);
    const count = countWords(speech.numbers, hearNumbers(noisy, rateHz));
    expect(count).toEqual({ lost: [], repeated: [], unsaid: [], damaged: [] });
  });

  it('misses a word that was cut out', () => {
    const at = 7 * wordSamples;
    const cut = new Float32Array(speech.samples.length - wordSamples);
    cut.set(speech.samples.subarray(0, at));
    cut.set(speech.samples.subarray(at + wordSamples), at);
    expect(countWords(speech.numbers, hearNumbers(cut, rateHz)).lost).toEqual([507]);
  });

  it('counts a word that came twice', () => {
    const at = 9 * wordSamples;
    const twice = new Float32Array(speech.samples.length + wordSamples);
    twice.set(speech.samples.subarray(0, at));
    twice.set(speech.samples.subarray(at - wordSamples), at);
    expect(countWords(speech.numbers, hearNumbers(twice, rateHz)).repeated).toEqual([508]);
  });

  it('calls a word damaged that lost 40 ms of a tone', () => {
    const at = 11 * wordSamples + 480;
    const cut = new Float32Array(speech.samples.length - 960);
    cut.set(speech.samples.subarray(0, at));
    cut.set(speech.samples.subarray(at + 960), at);
    expect(countWords(speech.numbers, hearNumbers(cut, rateHz)).damaged).toEqual([511]);
  });

  it('refuses a number it has no word for', () => {
    expect(() => countedSpeech({ firstNumber: 1020, words: 5, rateHz })).toThrow(RangeError);
  });
});
