/** Most characters of one append: 500 tokens of four each, and some to spare. */
export const appendLimit = 1_900;

/** Ends of sentences, of lines and of words: where a text may be parted, best first. */
const places = [/[.!?…。！？]["'”’)\]]*\s+/gu, /\n+/gu, /\s+/gu] as const;

/** A text in pieces that fit into one append each, parted at ends of sentences where there are any. */
export function splitText(text: string, limit = appendLimit): readonly string[] {
  const pieces: string[] = [];
  let rest = text.trim();
  while (rest.length > limit) {
    const at = partingPlace(rest, limit);
    const piece = rest.slice(0, at).trim();
    if (piece !== '') pieces.push(piece);
    rest = rest.slice(at).trimStart();
  }
  if (rest !== '') pieces.push(rest);
  return pieces;
}

function partingPlace(text: string, limit: number): number {
  const head = text.slice(0, limit);
  for (const place of places) {
    let end = 0;
    for (const match of head.matchAll(place)) end = match.index + match[0].length;
    // A place near the front would make many small pieces.
    if (end > limit / 3) return end;
  }
  // Not within a pair of surrogates.
  const last = head.charCodeAt(limit - 1);
  return last >= 0xd800 && last <= 0xdbff ? limit - 1 : limit;
}
