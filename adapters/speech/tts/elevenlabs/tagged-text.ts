import type { SpeechPiece } from '../../../../src/ports/text-to-speech.ts';

/** The piece's text with a tag before each stretch that is spoken in a style the voice has. */
export function taggedText(
  { styles, text }: SpeechPiece,
  tags: Readonly<Record<string, string>>,
): string {
  let tagged = '';
  let from = 0;
  for (const { start, style } of [...styles].sort((a, b) => a.start - b.start)) {
    const tag = Object.hasOwn(tags, style) ? tags[style] : undefined;
    if (tag === undefined || start < from) continue;
    tagged += `${text.slice(from, start)}[${tag}] `;
    from = start;
  }
  return tagged + text.slice(from);
}
