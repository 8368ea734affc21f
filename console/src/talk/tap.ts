/** Rings of what went out and what was played, for those who check the page. */
interface Tap {
  readonly rateHz: number;
  readonly captured: Float32Array[];
  readonly played: Float32Array[];
}

declare global {
  interface Window {
    /** There with `?tap` in the address: what the microphone gave and what was played. */
    parleyTap?: Tap;
  }
}

/** Longest recording of a side, chunks (at least 20 ms each). */
const chunkLimit = 15_000;

/** Keeps a chunk where the page was opened with `?tap`; does nothing otherwise. */
export function tap(side: 'captured' | 'played', samples: Float32Array): void {
  const list = window.parleyTap?.[side];
  if (list !== undefined && list.length < chunkLimit) list.push(samples.slice());
}

/** To be called once, at the start of the page. */
export function openTap(rateHz: number): void {
  if (!new URLSearchParams(location.search).has('tap')) return;
  window.parleyTap = { rateHz, captured: [], played: [] };
}
