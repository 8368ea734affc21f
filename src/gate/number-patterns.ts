import type { DigitGroup, NumberPattern } from './numbers.ts';

/** Payment cards: beginnings that issuers have, and how long their numbers are. */
const issuers: readonly { readonly starts: RegExp; readonly lengths: readonly number[] }[] = [
  { starts: /^4/, lengths: [13, 16, 19] },
  { starts: /^5[1-5]/, lengths: [16] },
  { starts: /^2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)/, lengths: [16] },
  { starts: /^3[47]/, lengths: [15] },
  { starts: /^3(?:0[0-5]|[68])/, lengths: [14] },
  { starts: /^35/, lengths: [16] },
  { starts: /^(?:6011|64[4-9]|65)/, lengths: [16, 19] },
  { starts: /^(?:62|50|5[6-8]|6304|67)/, lengths: [16, 17, 18, 19] },
];
/** The same for fewer digits than a beginning has. */
const issuerBegins = /^(?:[2-6]$|4|5|2[2-7]|3[0-9]|6[0-9])/;

function luhn(digits: string): boolean {
  let sum = 0;
  for (let at = 0; at < digits.length; at += 1) {
    const digit = Number(digits[digits.length - 1 - at]);
    const doubled = at % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

export const cardPattern: NumberPattern = {
  mostDigits: 19,
  fits: (groups) => {
    const digits = digitsOf(groups);
    return (
      issuers.some(
        ({ starts, lengths }) => lengths.includes(digits.length) && starts.test(digits),
      ) &&
      luhn(digits) &&
      !/^(\d)\1+$/.test(digits)
    );
  },
  mayGrow: (digits) => digits.length <= 19 && (digits === '' || issuerBegins.test(digits)),
};

export const ssnPattern: NumberPattern = {
  mostDigits: 9,
  fits: (groups, { whole, ended }) => {
    const digits = digitsOf(groups);
    if (digits.length !== 9 || !/^(?!000|666|9)\d{3}(?!00)\d{2}(?!0000)\d{4}$/.test(digits)) {
      return false;
    }
    if (groups.every(({ spoken }) => spoken)) return whole && ended;
    return (
      shapeOf(groups) === '3-2-4' && jointsOf(groups).every((joint) => /^[-–‑ .]$/.test(joint))
    );
  },
  mayGrow: (digits) => digits.length <= 9 && !digits.startsWith('9') && !digits.startsWith('000'),
};

/** International, with a plus or 00; national, with a 0; North American, without either. */
export const phonePattern: NumberPattern = {
  mostDigits: 15,
  fits: (groups, { whole, ended }) => {
    const digits = digitsOf(groups);
    const [first] = groups;
    if (first === undefined) return false;
    if (first.plus) return digits.length >= 8;
    const spoken = groups.every((group) => group.spoken);
    if (digits.startsWith('00')) return whole && digits.length >= 11 && !looksLikeTime(groups);
    if (digits.startsWith('0')) return whole && isNational(groups, digits, spoken);
    if (!/^1?[2-9]\d{2}[2-9]\d{6}$/.test(digits)) return false;
    return spoken ? whole && ended : northAmerican.has(shapeOf(groups)) && !looksLikeTime(groups);
  },
  mayGrow: (digits, [first]) =>
    first?.plus === true || digits.startsWith('0')
      ? digits.length <= 15
      : digits.length <= 11 && !digits.startsWith('10'),
};

const northAmerican = new Set(['10', '3-3-4', '3-7', '1-3-3-4', '1-3-7', '11']);

function isNational(groups: readonly DigitGroup[], digits: string, spoken: boolean): boolean {
  if (digits.length < 9 || digits.length > 12 || looksLikeTime(groups)) return false;
  if (spoken) return true;
  const first = groups[0]?.digits.length ?? 0;
  // Two digits first is how dates begin too: then the rest has to go on in one way.
  return first >= 3 ? !hasSlash(groups) || groups.length === 2 : isPairs(groups);
}

function isPairs(groups: readonly DigitGroup[]): boolean {
  const joints = new Set(jointsOf(groups));
  return shapeOf(groups) === '2-2-2-2-2' && joints.size === 1;
}

function looksLikeTime(groups: readonly DigitGroup[]): boolean {
  return jointsOf(groups).some((joint) => joint.includes(':'));
}

function hasSlash(groups: readonly DigitGroup[]): boolean {
  return jointsOf(groups).some((joint) => joint.includes('/'));
}

function digitsOf(groups: readonly DigitGroup[]): string {
  return groups.map(({ digits }) => digits).join('');
}

function shapeOf(groups: readonly DigitGroup[]): string {
  return groups.map(({ digits }) => digits.length).join('-');
}

function jointsOf(groups: readonly DigitGroup[]): readonly string[] {
  return groups.slice(1).map(({ joint }) => joint);
}
