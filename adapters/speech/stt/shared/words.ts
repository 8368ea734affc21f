import { CallError } from '../../../../src/ports/errors.ts';
import type { RecognisedWord } from '../../../../src/ports/speech-to-text.ts';

/** A word as vendors write it: times in seconds. */
export interface WireWord {
  readonly word: string;
  readonly punctuated_word?: string | undefined;
  readonly start?: number | undefined;
  readonly end?: number | undefined;
  readonly confidence?: number | undefined;
}

/** Words with their times in ms; `null` where one of them has none. */
export function timedWords(words: readonly WireWord[]): readonly RecognisedWord[] | null {
  const timed: RecognisedWord[] = [];
  for (const { word, punctuated_word: written, start, end, confidence } of words) {
    if (start === undefined || end === undefined) return null;
    timed.push({
      text: written ?? word,
      startMs: start * 1000,
      endMs: end * 1000,
      confidence: confidence ?? null,
    });
  }
  return timed;
}

/** A message as a JSON object. @throws CallError `backend_protocol` */
export function parseObject(message: Buffer): Readonly<Record<string, unknown>> {
  let raw: unknown;
  try {
    raw = JSON.parse(message.toString('utf8'));
  } catch {
    throw new CallError('backend_protocol', 'the upstream sent what is not JSON');
  }
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    throw new CallError('backend_protocol', 'the upstream sent JSON that is no object');
  }
  return raw as Readonly<Record<string, unknown>>;
}

/** What is said of a message that does not fit its shape. */
export function malformed(name: string, path: readonly PropertyKey[]): CallError {
  const where = path.map(String).join('.');
  return new CallError('backend_protocol', `the upstream sent a malformed ${name} (${where})`);
}
