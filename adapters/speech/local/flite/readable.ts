/** What stands for signs that flite does not know. */
const plain: Readonly<Record<string, string>> = {
  '‘': "'",
  '’': "'",
  '“': '"',
  '”': '"',
  '–': ', ',
  '—': ', ',
  '…': '.',
  ß: 'ss',
  æ: 'ae',
  Æ: 'Ae',
  ø: 'o',
  Ø: 'O',
};

/** flite reads ASCII: letters lose their accents, and what is left of other scripts is silent. */
export function asciiText(text: string): string {
  return text
    .replace(/[‘’“”–—…ßæÆøØ]/gu, (sign) => plain[sign] ?? '')
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^\x21-\x7e]+/gu, ' ')
    .trim();
}
