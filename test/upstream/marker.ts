import { hrtime } from 'node:process';

/**
 * Send times inside audio bytes, so that a receiver knows how long a frame was under way. The
 * clock is the machine's own (CLOCK_MONOTONIC): processes of one machine agree about it.
 */

/** Bytes of a marker: the frame's first ones, whatever its format. A float64, little-endian. */
const markerBytes = 8;

/** A frame is not under way for longer, ms: other bytes are no marker. */
const plausibleMs = 60_000;

/** Milliseconds since the machine started, with fractions. */
export function machineMs(): number {
  return Number(hrtime.bigint()) / 1e6;
}

/** Writes the send time into the first 8 bytes. */
export function writeMarker(bytes: Uint8Array, sentAtMs: number): void {
  new DataView(bytes.buffer, bytes.byteOffset, markerBytes).setFloat64(0, sentAtMs, true);
}

/** Delay of a marked frame, ms; `null` where the bytes carry no marker. */
export function delayOf(bytes: Uint8Array, receivedAtMs: number): number | null {
  if (bytes.byteLength < markerBytes) return null;
  const sentAtMs = new DataView(bytes.buffer, bytes.byteOffset, markerBytes).getFloat64(0, true);
  const delayMs = receivedAtMs - sentAtMs;
  return delayMs >= 0 && delayMs < plausibleMs ? delayMs : null;
}
