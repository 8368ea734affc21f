import { unasked, type LineRequest } from './line-request.ts';
import type { BackendCapabilities } from '../ports/backend.ts';

/** Longest sentence that is said beside an answer, characters. */
const asideChars = 500;

/**
 * The request for a short line that is no answer: a preamble or a filler. The backend says given
 * words as they are where it can, else it is told to; what it makes up follows instructions.
 *
 * @param words what is said; `null`: the backend makes it up
 * @param instructions how it makes it up
 * @returns `null` where this backend cannot
 */
export function asideRequest(
  { instructions: follows, rigid, verbatim }: BackendCapabilities,
  words: string | null,
  instructions: string,
): LineRequest | null {
  const said = words?.slice(0, asideChars) ?? null;
  const byWords = said !== null && verbatim === true;
  if (!byWords && (!follows || rigid?.perLine === true)) return null;
  if (byWords) return { ...unasked, cause: 'filler', words: said };
  const asked =
    said === null ? instructions : `Say exactly this, and nothing else: ${JSON.stringify(said)}`;
  const overrides =
    rigid?.always.includes('toolChoice') === true
      ? { instructions: asked }
      : ({ instructions: asked, toolChoice: { mode: 'none' } } as const);
  return { ...unasked, cause: 'filler', overrides };
}
