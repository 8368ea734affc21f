import type { SpeechPiece } from '../../../../src/ports/text-to-speech.ts';

const neutral = '<emotion value="neutral"/>';

/** The piece's text with an emotion around each stretch in a style that the voice has. */
export function emotionalText(
  { styles, text }: SpeechPiece,
  emotions: Readonly<Record<string, string>>,
): string {
  let marked = '';
  let from = 0;
  for (const { end, start, style } of [...styles].sort((a, b) => a.start - b.start)) {
    const emotion = Object.hasOwn(emotions, style) ? emotions[style] : undefined;
    if (emotion === undefined || start < from) continue;
    marked += `${text.slice(from, start)}<emotion value="${emotion}"/>${text.slice(start, end)}${neutral}`;
    from = end;
  }
  return marked + text.slice(from);
}
