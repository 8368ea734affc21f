/**
 * The words of a text in small letters without punctuation. Two texts that give the same say the
 * same: an answer to one is an answer to the other.
 */
export function sameWords(one: string, other: string): boolean {
  return plainWords(one) === plainWords(other);
}

function plainWords(text: string): string {
  const plain = text.toLocaleLowerCase('en').normalize('NFC');
  return (plain.match(/[\p{L}\p{M}\p{N}]+(?:['’-][\p{L}\p{M}\p{N}]+)*/gu) ?? []).join(' ');
}
