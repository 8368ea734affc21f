import { CallError } from '../../src/ports/errors.ts';

/** Deepest nesting of objects and arrays in a message (a count). */
const depthLimit = 64;
/** Most characters of a message outside its strings: numbers, names of fields aside. */
const bareLimitCharacters = 256 * 1024;
/** Most strings in a message (a count), names of fields among them. */
const stringLimit = 64 * 1024;

const quote = 0x22;
const backslash = 0x5c;

/**
 * Looks at a message before it is parsed: what is nested too deeply or made of too many parts costs
 * far more memory and time as objects than as text. Strings are skipped in one step, so a message
 * of audio costs next to nothing.
 *
 * @throws CallError `invalid_event`
 */
export function checkShape(text: string): void {
  let depth = 0;
  let bare = 0;
  let strings = 0;
  for (let place = 0; place < text.length; place += 1) {
    const character = text.charCodeAt(place);
    if (character === quote) {
      strings += 1;
      place = endOfString(text, place);
    } else {
      bare += 1;
      // [ and {, ] and }: they differ in one bit.
      if ((character | 0x20) === 0x7b) depth += 1;
      else if ((character | 0x20) === 0x7d) depth -= 1;
    }
    if (depth > depthLimit) throw tooMuch(`is nested more than ${depthLimit} deep`);
    if (bare > bareLimitCharacters || strings > stringLimit) throw tooMuch('has too many parts');
  }
}

/** Position of the closing quote, or past the end where there is none. */
function endOfString(text: string, openingQuote: number): number {
  let end = text.indexOf('"', openingQuote + 1);
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end === -1 ? text.length : end;
}

function isEscaped(text: string, place: number): boolean {
  let slashes = 0;
  while (text.charCodeAt(place - 1 - slashes) === backslash) slashes += 1;
  return slashes % 2 === 1;
}

function tooMuch(what: string): CallError {
  return new CallError('invalid_event', `The message ${what}.`);
}
