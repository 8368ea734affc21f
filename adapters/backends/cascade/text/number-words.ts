/** Whole numbers in words. All take 1–15 decimal digits (0–9). */
export interface NumberWords {
  readonly cardinal: (digits: string) => string;
}

/** … and their ordinals, from 1 on. */
export interface OrdinalWords extends NumberWords {
  /** German: as after "der", to be bent by who asks. */
  readonly ordinal: (digits: string) => string;
}

/** A number cut into groups of three from the right: each group's value and its power of 1000. */
export const thousands = (
  digits: string,
): readonly { readonly value: number; readonly power: number }[] => {
  const groups: { value: number; power: number }[] = [];
  for (let end = digits.length, power = 0; end > 0; end -= 3, power += 1) {
    const value = Number(digits.slice(Math.max(0, end - 3), end));
    if (value > 0) groups.unshift({ value, power });
  }
  return groups;
};
