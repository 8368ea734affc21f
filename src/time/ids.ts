/** Where ids come from. Injected, so that a replayed call gets the same ones. */
export interface IdSource {
  /** A new id `<prefix>_<rest>`, unique within the process. */
  next(prefix: string): string;
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Ids from random bytes: 21 characters of 62, about 125 bits. */
export function randomIds(randomBytes: (count: number) => Uint8Array): IdSource {
  return {
    next(prefix) {
      let text = `${prefix}_`;
      for (const byte of randomBytes(21)) text += alphabet[byte % alphabet.length]!;
      return text;
    },
  };
}

/** Counting ids (`item_1`, `item_2`, …) for tests and replays. */
export function countingIds(): IdSource {
  const counts = new Map<string, number>();
  return {
    next(prefix) {
      const count = (counts.get(prefix) ?? 0) + 1;
      counts.set(prefix, count);
      return `${prefix}_${String(count)}`;
    },
  };
}
