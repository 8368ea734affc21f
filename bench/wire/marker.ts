/**
 * Send times inside 16-bit PCM, kept so low that speech stays speech (at most 15 of 32,768, about
 * −67 dBFS): the lowest four bits of the first samples of a frame carry a pattern, the time and a
 * check. Text around it never has to be parsed: base64 is read and written where it lies.
 */

/** Samples that carry a marker. */
const markedSamples = 15;
/** Their bytes. */
export const markedBytes = markedSamples * 2;
/** The same bytes in base64: 30 bytes are 40 characters without padding. */
const markedChars = 40;

const pattern = [0xa, 0x5, 0xc] as const;
const timeNibbles = 11;
/** Times wrap after this, µs: 203 days. */
const wrapUs = 2 ** 44;
/** A frame is not under way for longer, µs: what says so is no marker. */
const plausibleUs = 60e6;

const alphabet = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
const values = ((): Uint8Array => {
  const table = new Uint8Array(256).fill(0xff);
  for (const [value, character] of alphabet.entries()) table[character] = value;
  return table;
})();
const scratch = new Uint8Array(markedBytes);

/** Writes a time into the first samples. @throws RangeError when there are too few */
export function stampPcm(pcm: Uint8Array, sentAtUs: number): void {
  if (pcm.byteLength < markedBytes) throw new RangeError(`a marker takes ${markedBytes} bytes`);
  let low = Math.floor(sentAtUs) % 2 ** 24;
  let high = Math.floor(Math.floor(sentAtUs) / 2 ** 24) % 2 ** 20;
  let check = 0;
  for (let index = 0; index < pattern.length; index += 1) put(pcm, index, pattern[index]!);
  for (let index = 0; index < timeNibbles; index += 1) {
    const nibble = index < 6 ? low & 0xf : high & 0xf;
    if (index < 6) low >>>= 4;
    else high >>>= 4;
    check ^= nibble;
    put(pcm, pattern.length + index, nibble);
  }
  put(pcm, markedSamples - 1, check);
}

/** How long ago the first samples say they were sent, µs; `null` where they carry no marker. */
export function ageOfPcm(pcm: Uint8Array, nowUs: number): number | null {
  if (pcm.byteLength < markedBytes) return null;
  for (let index = 0; index < pattern.length; index += 1) {
    if ((pcm[index * 2]! & 0xf) !== pattern[index]) return null;
  }
  let check = 0;
  let sentAtUs = 0;
  let weight = 1;
  for (let index = 0; index < timeNibbles; index += 1) {
    const nibble = pcm[(pattern.length + index) * 2]! & 0xf;
    check ^= nibble;
    sentAtUs += nibble * weight;
    weight *= 16;
  }
  if ((pcm[(markedSamples - 1) * 2]! & 0xf) !== check) return null;
  const ageUs = (((nowUs - sentAtUs) % wrapUs) + wrapUs) % wrapUs;
  // Both clocks are one, but two threads may read it in the other order by a microsecond.
  if (ageUs > wrapUs - 10) return 0;
  return ageUs <= plausibleUs ? ageUs : null;
}

/**
 * Stamps audio that lies in a message as base64.
 *
 * @param message written to in place
 * @param at where the base64 begins
 * @param head the audio's first {@link markedBytes} bytes
 * @param mask the message's WebSocket mask and where its payload begins, where it is masked
 */
export function stampBase64(
  message: Uint8Array,
  at: number,
  { head, sentAtUs, mask }: StampOptions,
): void {
  scratch.set(head.subarray(0, markedBytes));
  stampPcm(scratch, sentAtUs);
  for (let index = 0, out = at; index < markedBytes; index += 3, out += 4) {
    const bits = (scratch[index]! << 16) | (scratch[index + 1]! << 8) | scratch[index + 2]!;
    message[out] = alphabet[bits >>> 18]!;
    message[out + 1] = alphabet[(bits >>> 12) & 63]!;
    message[out + 2] = alphabet[(bits >>> 6) & 63]!;
    message[out + 3] = alphabet[bits & 63]!;
  }
  if (mask === null) return;
  for (let index = at; index < at + markedChars; index += 1) {
    message[index] = message[index]! ^ mask.key[(index - mask.payloadStart) & 3]!;
  }
}

export interface StampOptions {
  readonly head: Uint8Array;
  readonly sentAtUs: number;
  readonly mask: { readonly key: Uint8Array; readonly payloadStart: number } | null;
}

/** The same as {@link ageOfPcm} for base64 that begins at `at` of an unmasked message. */
export function ageOfBase64(message: Uint8Array, at: number, nowUs: number): number | null {
  if (at + markedChars > message.byteLength) return null;
  for (let index = 0, from = at; index < markedBytes; index += 3, from += 4) {
    const a = values[message[from]!]!;
    const b = values[message[from + 1]!]!;
    const c = values[message[from + 2]!]!;
    const d = values[message[from + 3]!]!;
    if ((a | b | c | d) > 63) return null;
    scratch[index] = (a << 2) | (b >> 4);
    scratch[index + 1] = ((b << 4) | (c >> 2)) & 0xff;
    scratch[index + 2] = ((c << 6) | d) & 0xff;
  }
  return ageOfPcm(scratch, nowUs);
}

function put(pcm: Uint8Array, sample: number, nibble: number): void {
  pcm[sample * 2] = (pcm[sample * 2]! & 0xf0) | nibble;
}
