/** Where ids come from. Injected, so that a replayed call gets the same ones. */
export interface IdSource {
  /** A new id `<prefix>_<rest>`, unique within the process. */
  next(prefix: string): string;
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Random characters of an id, and the counted ones behind them. */
const stemCharacters = 16;
const countCharacters = 5;
/** Ids with one stem. */
const idsPerStem = 100_000;

/**
 * Ids of 21 characters of 62: 16 random ones (95 bits) that stay for 100,000 ids, and a count.
 * Unique, not secret: whoever knows one can guess the next. Every event on a wire has one, and
 * asking for random bytes each time cost 2.1 µs an id, this 0.06 (bench/frame-path.ts).
 */
export function randomIds(randomBytes: (count: number) => Uint8Array): IdSource {
  let stem = '';
  let count = idsPerStem;
  return {
    next(prefix) {
      if (count === idsPerStem) {
        stem = '';
        for (const byte of randomBytes(stemCharacters)) stem += character(byte);
        count = 0;
      }
      let text = `${prefix}_${stem}`;
      let rest = count;
      for (let digit = 0; digit < countCharacters; digit += 1) {
        text += character(rest);
        rest = Math.floor(rest / alphabet.length);
      }
      count += 1;
      return text;
    },
  };
}

function character(value: number): string {
  return alphabet[value % alphabet.length]!;
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
