/** One file of an archive. */
export interface TarFile {
  /** Path in the archive: at most 100 ASCII characters. */
  readonly name: string;
  readonly content: Blob;
}

/** Everything in an archive lies in blocks of so many bytes. */
const blockBytes = 512;
/** Largest file that a plain header can tell, bytes. */
const sizeLimitBytes = 8 ** 11 - 1;

/**
 * An archive as POSIX has it (ustar). Contents are not copied: a large recording stays where it is.
 *
 * @param modifiedS time of all files, s since 1970
 * @throws RangeError when a name or a file is too long
 */
export function tarOf(files: readonly TarFile[], modifiedS: number): Blob {
  const parts = files.flatMap(({ name, content }) => [
    header(name, content.size, modifiedS),
    content,
    new Uint8Array((blockBytes - (content.size % blockBytes)) % blockBytes),
  ]);
  return new Blob([...parts, new Uint8Array(2 * blockBytes)]);
}

function header(name: string, sizeBytes: number, modifiedS: number): Uint8Array<ArrayBuffer> {
  if (!/^[\x21-\x7e]{1,100}$/.test(name)) throw new RangeError('A name is too long or not ASCII.');
  if (sizeBytes > sizeLimitBytes) throw new RangeError(`${name} is larger than 8 GiB.`);
  const block = new Uint8Array(blockBytes);
  const write = (at: number, text: string): void => block.set(new TextEncoder().encode(text), at);
  write(0, name);
  write(100, octal(0o644, 7));
  write(108, octal(0, 7));
  write(116, octal(0, 7));
  write(124, octal(sizeBytes, 11));
  write(136, octal(Math.floor(modifiedS), 11));
  // The sum is taken with spaces in its own place.
  write(148, '        ');
  write(156, '0');
  write(257, 'ustar');
  write(263, '00');
  const sum = block.reduce((all, byte) => all + byte, 0);
  write(148, `${octal(sum, 6)}\0 `);
  return block;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}
