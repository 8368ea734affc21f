/** How far a download is. */
export interface Progress {
  readonly doneBytes: number;
  readonly totalBytes: number;
  /** Since it began, ms. */
  readonly elapsedMs: number;
}

const cells = 24;

/** A bar, the share done and what has come so far, on one line of constant width. */
export function progressLine({ doneBytes, totalBytes, elapsedMs }: Progress): string {
  const share = Math.min(1, doneBytes / totalBytes);
  const full = Math.round(share * cells);
  const bar = '█'.repeat(full) + '░'.repeat(cells - full);
  const percent = `${Math.floor(share * 100)} %`.padStart(5);
  const seconds = `${(elapsedMs / 1000).toFixed(1)} s`.padStart(8);
  return `${bar} ${percent} ${sizeText(doneBytes).padStart(8)} of ${sizeText(totalBytes)} ${seconds}`;
}

/** A size for people, in decimal megabytes. */
export function sizeText(bytes: number): string {
  return bytes < 100_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
