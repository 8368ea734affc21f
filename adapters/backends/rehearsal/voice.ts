import { encodePcm16 } from '../../../src/audio/pcm16.ts';
import type { WordTime } from '../../../src/ports/conversation.ts';
import { samplesToMs } from '../../../src/audio/format.ts';
import { seededRandom, textHash, type Random } from './chance.ts';
import { speechRateHz, wordsOf, type Speech } from './speech.ts';
import { Resonator } from './resonator.ts';

/**
 * A voice made of arithmetic: pulses of a pitch through three resonances a vowel, bursts of noise
 * for consonants, about three and a half syllables a second at −20 dBFS. It sounds like somebody
 * speaking next door and says nothing that could be understood; every word has a sound of its own.
 */
export class Voice {
  /** Longest a rendered word is kept for reuse: as many words as this. */
  readonly #limit: number;
  readonly #rendered = new Map<string, Uint8Array>();

  /** @param limit rendered words kept, the least recently used go first; about 20 KB each */
  constructor(limit = 512) {
    this.#limit = limit;
  }

  /** Words kept now. */
  get kept(): number {
    return this.#rendered.size;
  }

  /**
   * What `text` sounds like. Words are rendered when they are read, so this itself costs little.
   *
   * @param name any voice name; it decides the pitch
   */
  speak(text: string, name: string): Speech {
    const pitchHz = 105 + (textHash(name) % 110);
    const spoken: { readonly word: Word; readonly startSample: number }[] = [];
    const times: WordTime[] = [];
    let samples = 0;
    wordsOf(text).forEach((written, index) => {
      const word = planWord(written, index, pitchHz);
      spoken.push({ word, startSample: samples });
      const endSample = samples + word.samples;
      times.push({
        text: written,
        startMs: samplesToMs(samples, speechRateHz),
        endMs: samplesToMs(endSample, speechRateHz),
      });
      samples = endSample + pauseSamples(written);
    });
    const end = times.at(-1)?.endMs ?? 0;
    return {
      words: times,
      // No pause after the last word: a line ends with its last sound.
      samples: Math.round((end * speechRateHz) / 1000),
      read: (fromSample, toSample) => {
        const bytes = new Uint8Array((toSample - fromSample) * 2);
        for (const { word, startSample } of spoken) {
          const first = Math.max(fromSample, startSample);
          const last = Math.min(toSample, startSample + word.samples);
          if (first >= last) continue;
          const sound = this.#render(word);
          const part = sound.subarray((first - startSample) * 2, (last - startSample) * 2);
          bytes.set(part, (first - fromSample) * 2);
        }
        return bytes;
      },
    };
  }

  #render(word: Word): Uint8Array {
    const key = `${word.pitchHz} ${word.written}`;
    const kept = this.#rendered.get(key);
    const sound = kept ?? encodePcm16(renderWord(word));
    this.#rendered.delete(key);
    this.#rendered.set(key, sound);
    if (this.#rendered.size > this.#limit) {
      const oldest = this.#rendered.keys().next();
      if (oldest.done !== true) this.#rendered.delete(oldest.value);
    }
    return sound;
  }
}

interface Sound {
  readonly letter: string;
  readonly kind: 'vowel' | 'hiss' | 'hum';
  readonly samples: number;
}

interface Word {
  readonly written: string;
  readonly pitchHz: number;
  readonly sounds: readonly Sound[];
  readonly samples: number;
}

const levelRms = 0.1; // −20 dBFS
const vowelSamples = 4800; // 200 ms
const consonantSamples = 1320; // 55 ms
const edgeSamples = 240; // 10 ms

/** Resonances of the six vowel letters, Hz. */
const formants: Readonly<Record<string, readonly [number, number, number]>> = {
  a: [750, 1200, 2500],
  e: [520, 1900, 2550],
  i: [300, 2250, 3000],
  o: [480, 850, 2450],
  u: [320, 700, 2300],
  y: [380, 1600, 2300],
};
const hums = 'bdgjlmnrvwz';

function planWord(written: string, index: number, pitchHz: number): Word {
  const sounds = planSounds(written);
  return {
    written,
    // The same word sounds a little different at its next places, so that repeats can be told.
    pitchHz: Math.round(pitchHz * 2 ** (((index * 5) % 11) / 24 - 0.2)),
    sounds,
    samples: sounds.reduce((sum, sound) => sum + sound.samples, 0),
  };
}

function planSounds(written: string): readonly Sound[] {
  const letters = Array.from(written.toLowerCase().normalize('NFD')).flatMap(letterOf);
  const sounds: Sound[] = [];
  for (const letter of letters.slice(0, 24)) {
    const isVowel = letter in formants;
    // Letters of one kind in a row are one sound: "ee", "th", "ght".
    if (sounds.length > 0 && (sounds.at(-1)?.kind === 'vowel') === isVowel) continue;
    const kind = isVowel ? 'vowel' : hums.includes(letter) ? 'hum' : 'hiss';
    sounds.push({ letter, kind, samples: isVowel ? vowelSamples : consonantSamples });
  }
  if (sounds.some((sound) => sound.kind === 'vowel')) return sounds;
  return [...sounds, { letter: 'y', kind: 'vowel', samples: vowelSamples }];
}

/** Digits and foreign letters become a syllable of their own; marks become nothing. */
function letterOf(character: string): readonly string[] {
  if (/[a-z]/u.test(character)) return [character];
  if (!/[\p{L}\p{N}]/u.test(character)) return [];
  const code = character.codePointAt(0) ?? 0;
  return ['tkspfm'.charAt(code % 6), 'aeiouy'.charAt(Math.floor(code / 6) % 6)];
}

function pauseSamples(written: string): number {
  if (/[.?!]["')\]]*$/u.test(written)) return 6000;
  return /[,;:]$/u.test(written) ? 3600 : 960;
}

function renderWord(word: Word): Float32Array {
  const random = seededRandom(textHash(word.written));
  const samples = new Float32Array(word.samples);
  let start = 0;
  for (const sound of word.sounds) {
    const target = samples.subarray(start, start + sound.samples);
    switch (sound.kind) {
      case 'vowel':
        renderVowel(target, sound.letter, word.pitchHz, random);
        break;
      case 'hiss':
        renderHiss(target, sound.letter, random);
        break;
      case 'hum':
        renderHum(target, sound.letter, word.pitchHz, random);
    }
    shape(target);
    start += sound.samples;
  }
  return samples;
}

function renderVowel(target: Float32Array, letter: string, pitchHz: number, random: Random): void {
  const [first, second, third] = formants[letter] ?? formants['a']!;
  // A few per cent of its own for each word, so that equal vowels differ between words.
  const own = 0.94 + 0.12 * random();
  const tract = [
    new Resonator(first * own, 80, speechRateHz),
    new Resonator(second * own, 100, speechRateHz),
    new Resonator(third * own, 130, speechRateHz),
  ];
  const glide = 0.9 + 0.2 * random();
  pulses(target, pitchHz, glide, (pulse) => {
    let value = pulse + 0.02 * (random() - 0.5);
    for (const resonator of tract) value = resonator.next(value);
    return value;
  });
  toLevel(target, levelRms * 1.1);
}

function renderHum(target: Float32Array, letter: string, pitchHz: number, random: Random): void {
  const low = new Resonator(220 + 12 * hums.indexOf(letter), 90, speechRateHz);
  pulses(target, pitchHz, 1, (pulse) => low.next(pulse + 0.05 * (random() - 0.5)));
  toLevel(target, levelRms * 0.7);
}

function renderHiss(target: Float32Array, letter: string, random: Random): void {
  const band = new Resonator(1800 + ((letter.charCodeAt(0) * 977) % 5000), 900, speechRateHz);
  for (let i = 0; i < target.length; i += 1) target[i] = band.next(random() - 0.5);
  toLevel(target, levelRms * 0.5);
}

/** A train of falling ramps whose pitch moves to `glide` times itself, through `filter`. */
function pulses(
  target: Float32Array,
  pitchHz: number,
  glide: number,
  filter: (pulse: number) => number,
): void {
  let phase = 0;
  for (let i = 0; i < target.length; i += 1) {
    target[i] = filter(phase < 0.4 ? 1 - phase * 5 : 0);
    phase += (pitchHz * (1 + ((glide - 1) * i) / target.length)) / speechRateHz;
    if (phase >= 1) phase -= 1;
  }
}

/** Rounds the edges, so that sounds join without a click. */
function shape(target: Float32Array): void {
  const last = target.length - 1;
  for (let i = 0; i < edgeSamples; i += 1) {
    const gain = 0.5 - 0.5 * Math.cos((Math.PI * (i + 1)) / (edgeSamples + 1));
    target[i] = target[i]! * gain;
    target[last - i] = target[last - i]! * gain;
  }
}

function toLevel(target: Float32Array, rms: number): void {
  let energy = 0;
  for (const value of target) energy += value * value;
  if (energy === 0) return;
  const gain = rms / Math.sqrt(energy / target.length);
  for (let i = 0; i < target.length; i += 1) target[i] = target[i]! * gain;
}
