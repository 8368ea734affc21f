import type { LedgerEntry } from '../ports/conversation.ts';

/** Characters of answers that a ledger keeps for requests that come again. */
const keptOutputChars = 262_144;

/**
 * The entries with one of them replaced. Answers that are too much together are forgotten, oldest
 * first; one that is too long alone is not kept at all.
 */
export function withOutput(
  entries: readonly LedgerEntry[],
  entry: LedgerEntry,
): readonly LedgerEntry[] {
  const next = entries.map((old) => (old.toolCallId === entry.toolCallId ? entry : old));
  if (entry.output === null) return next;
  let chars = next.reduce((sum, { output }) => sum + (output?.length ?? 0), 0);
  return chars <= keptOutputChars
    ? next
    : next.map((each) => {
        if (chars <= keptOutputChars || each.output === null) return each;
        chars -= each.output.length;
        return { ...each, output: null };
      });
}
