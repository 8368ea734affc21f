/**
 * A voice for stand-ins: every word is one tone, whose height tells which word it is and whose length
 * grows with the word's, so that a test can hear which words came, in which order, whole or cut.
 */

const toneCount = 59;
const lowestHz = 400;
const stepHz = 50;
const amplitude = 0.3 * 0x7fff;
const wordMs = 40;
const letterMs = 10;
/** Silence behind every word, ms. */
const gapMs = 30;
/** Zeros of this length part two tones, ms; a tone of 400 Hz crosses zero every 1.25 ms. */
const partingMs = 10;

/** The words of a text as tones, PCM16 mono. */
export function speakTones(text: string, rateHz: number): Uint8Array {
  const words = wordsOf(text);
  const lengths = words.map((word) => samplesOf(wordMs + letterMs * word.length, rateHz));
  const gap = samplesOf(gapMs, rateHz);
  const total = lengths.reduce((sum, length) => sum + length + gap, 0);
  const bytes = Buffer.alloc(total * 2);
  let at = 0;
  for (const [place, word] of words.entries()) {
    const step = (2 * Math.PI * (lowestHz + stepHz * toneOf(word))) / rateHz;
    for (let sample = 0; sample < lengths[place]!; sample += 1) {
      bytes.writeInt16LE(Math.round(amplitude * Math.sin(step * sample)), (at + sample) * 2);
    }
    at += lengths[place]! + gap;
  }
  return bytes;
}

/** What `tonesIn` hears where this text was spoken. */
export function tonesOf(text: string): readonly string[] {
  return wordsOf(text).map((word) => `tone ${toneOf(word)}`);
}

/** The tones in PCM16 audio, in order. Silence between them may be of any length. */
export function tonesIn(pcm16: Uint8Array, rateHz: number): readonly string[] {
  const view = new DataView(pcm16.buffer, pcm16.byteOffset, pcm16.byteLength);
  const parting = samplesOf(partingMs, rateHz);
  const heard: string[] = [];
  let tone: number[] = [];
  let zeros = 0;
  const end = (): void => {
    const sounding = tone.slice(0, tone.length - zeros);
    if (sounding.length > 0) heard.push(nameOf(sounding, rateHz));
    tone = [];
  };
  for (let at = 0; at + 1 < pcm16.byteLength; at += 2) {
    const sample = view.getInt16(at, true);
    zeros = sample === 0 ? zeros + 1 : 0;
    if (tone.length > 0 || sample !== 0) tone.push(sample);
    if (zeros === parting) end();
  }
  end();
  return heard;
}

/** How a contract suite hears a voice of tones. */
export const toneEar = { expected: tonesOf, heard: tonesIn } as const;

function wordsOf(text: string): string[] {
  return text
    .split(/\s+/u)
    .map((word) => word.toLowerCase().replace(/[^\p{L}\p{N}]/gu, ''))
    .filter((word) => word !== '');
}

function toneOf(word: string): number {
  let hash = 7;
  for (const character of word) hash = (hash * 31 + character.codePointAt(0)!) % 1_000_003;
  return hash % toneCount;
}

/** From the zero crossings between the first and the last one. */
function nameOf(samples: readonly number[], rateHz: number): string {
  let first = 0;
  let last = 0;
  let crossings = 0;
  for (let at = 1; at < samples.length; at += 1) {
    const before = samples[at - 1]!;
    const after = samples[at]!;
    if (before < 0 === after < 0) continue;
    const place = at - after / (after - before);
    if (crossings === 0) first = place;
    last = place;
    crossings += 1;
  }
  if (crossings < 4) return 'click';
  const hz = ((crossings - 1) * rateHz) / (2 * (last - first));
  return `tone ${Math.round((hz - lowestHz) / stepHz)}`;
}

function samplesOf(ms: number, rateHz: number): number {
  return Math.round((ms * rateHz) / 1000);
}
