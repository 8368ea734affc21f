import type { CurvePoint } from './summary.ts';

/** A system's operating point on other people's recordings. */
export interface PublishedPoint extends CurvePoint {
  readonly system: string;
}

/**
 * eot-bench, English: 705 pauses of 0.2–5 s and 400 ends of recorded speech. Published elsewhere, on
 * other material: drawn beside our curves to show the order of things, never as a comparison.
 */
export const publishedPoints: readonly PublishedPoint[] = [
  ...published('LiveKit v1', { at300: 0.099, at600: 0.045, at5: 543, at10: 295 }),
  ...published('Baton', { at300: 0.123, at600: 0.048, at5: 577, at10: 350 }),
  ...published('Deepgram Flux', { at300: 0.129, at600: 0.099, at5: 1_151, at10: 548 }),
  ...published('ultraVAD', { at300: 0.277, at600: 0.119, at5: 899, at10: 663 }),
  ...published('LiveKit v1-mini', { at300: 0.278, at600: 0.121, at5: 1_070, at10: 698 }),
  ...published('Smart Turn v3.2', { at300: 0.352, at600: 0.148, at5: 1_051, at10: 739 }),
  ...published('VAP', { at300: 0.47, at600: 0.146, at5: 1_131, at10: 749 }),
  ...published('AssemblyAI', { at300: 0.494, at600: 0.146, at5: 1_049, at10: 713 }),
  ...published('Soniox', { at300: null, at600: 0.055, at5: 647, at10: 512 }),
  ...published('GPT Realtime 2', { at300: null, at600: null, at5: 1_143, at10: 824 }),
  ...published('silence only', { at300: 0.556, at600: 0.217, at5: 1_600, at10: 1_000 }),
];

/** The table's columns; `null` where it has none. */
interface Columns {
  readonly at300: number | null;
  readonly at600: number | null;
  readonly at5: number;
  readonly at10: number;
}

function published(
  system: string,
  { at300, at600, at5, at10 }: Columns,
): readonly PublishedPoint[] {
  const atDelay = (delayMs: number, cutInRate: number | null): readonly PublishedPoint[] =>
    cutInRate === null ? [] : [{ system, delayMs, cutInRate }];
  return [
    ...atDelay(300, at300),
    ...atDelay(600, at600),
    { system, delayMs: at5, cutInRate: 0.05 },
    { system, delayMs: at10, cutInRate: 0.1 },
  ].toSorted((a, b) => a.delayMs - b.delayMs);
}
