import { markNames, type Lane, type Mark, type MarkKind, type Span } from './marks.ts';
import type { PeakTrack } from './peak-track.ts';

/** What a picture is made of. Times of marks and spans are call times, the others the page's. */
export interface Scene {
  readonly fromMs: number;
  readonly toMs: number;
  /** What to add to a call time to have the page's, ms. */
  readonly callOffsetMs: number;
  /** `null` where nothing of the sound is there: then the spans are drawn. */
  readonly caller: PeakTrack | null;
  readonly agent: PeakTrack | null;
  readonly marks: readonly Mark[];
  readonly spans: readonly Span[];
  /** Where the call is, or was when it ended, ms. */
  readonly nowMs: number;
  /** What of a recording is heard now, call time, ms; `null`: nothing. */
  readonly headMs?: number | null;
}

export interface Palette {
  readonly ink: string;
  readonly faint: string;
  readonly grid: string;
  readonly caller: string;
  readonly agent: string;
  readonly marks: Readonly<Record<MarkKind, string>>;
}

/** Height of the axis, and of the strip of labels above each lane, CSS pixels. */
const axisHeight = 20;
const labelHeight = 30;
const font = '11px system-ui, sans-serif';

/** Reads the colours from the element's style sheet. */
export function paletteOf(element: Element): Palette {
  const style = getComputedStyle(element);
  const colour = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  const kinds = Object.keys(markNames) as MarkKind[];
  return {
    ink: colour('ink'),
    faint: colour('faint'),
    grid: colour('line'),
    caller: colour('caller'),
    agent: colour('agent'),
    marks: Object.fromEntries(
      kinds.map((kind) => [kind, colour(`mark-${kind}`)]),
    ) as Palette['marks'],
  };
}

/** Draws both sides on one axis. The context is scaled to CSS pixels. */
export function drawTimeline(
  context: CanvasRenderingContext2D,
  scene: Scene,
  { width, height, palette }: { width: number; height: number; palette: Palette },
): void {
  context.clearRect(0, 0, width, height);
  context.font = font;
  const x = (ms: number): number => ((ms - scene.fromMs) / (scene.toMs - scene.fromMs)) * width;
  const laneHeight = (height - axisHeight) / 2;
  drawAxis(context, scene, { width, height, palette, x });
  for (const lane of ['caller', 'agent'] as const) {
    const top = lane === 'caller' ? 0 : laneHeight;
    const box = { top: top + labelHeight, height: laneHeight - labelHeight - 4, width };
    context.fillStyle = palette[lane];
    if (scene[lane] === null) drawSpans(context, scene, { ...box, lane, x });
    else drawWave(context, scene[lane], { ...box, scene });
    drawMarks(context, scene, { lane, top, bottom: top + laneHeight, palette, x, width });
  }
  if (scene.headMs === undefined || scene.headMs === null) return;
  context.fillStyle = palette.ink;
  context.fillRect(Math.round(x(scene.headMs + scene.callOffsetMs)) - 1, 0, 2, height - axisHeight);
}

function drawAxis(
  context: CanvasRenderingContext2D,
  { fromMs, toMs, callOffsetMs }: Scene,
  {
    width,
    height,
    palette,
    x,
  }: { width: number; height: number; palette: Palette; x: (ms: number) => number },
): void {
  const wantedMs = ((toMs - fromMs) / width) * 80;
  const stepMs =
    [200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 300_000].find((s) => s >= wantedMs) ??
    600_000;
  const middle = (height - axisHeight) / 2;
  context.strokeStyle = palette.grid;
  context.fillStyle = palette.faint;
  context.lineWidth = 1;
  context.textBaseline = 'middle';
  context.beginPath();
  const first = Math.max(0, Math.ceil((fromMs - callOffsetMs) / stepMs));
  for (let step = first; step * stepMs + callOffsetMs < toMs; step += 1) {
    const at = Math.round(x(step * stepMs + callOffsetMs)) + 0.5;
    context.moveTo(at, 0);
    context.lineTo(at, height - axisHeight);
    const digits = stepMs < 1_000 ? 1 : 0;
    if (at + 36 > width) continue;
    context.fillText(`${((step * stepMs) / 1000).toFixed(digits)} s`, at + 3, height - 9);
  }
  for (const y of [middle, height - axisHeight]) {
    context.moveTo(0, Math.round(y) + 0.5);
    context.lineTo(width, Math.round(y) + 0.5);
  }
  context.stroke();
}

function drawWave(
  context: CanvasRenderingContext2D,
  track: PeakTrack,
  { top, height, width, scene }: { top: number; height: number; width: number; scene: Scene },
): void {
  const middle = top + height / 2;
  const perPixelMs = (scene.toMs - scene.fromMs) / width;
  // Cells stay the same while the picture moves: otherwise the peaks would flicker.
  const firstCell = Math.floor(scene.fromMs / perPixelMs);
  for (let pixel = 0; pixel <= width; pixel += 1) {
    const fromMs = (firstCell + pixel) * perPixelMs;
    if (fromMs < 0 || fromMs > track.endMs) continue;
    // Speech is quiet: a square root shows what is 20 dB down at a third of the height.
    const half = Math.max(0.5, (Math.sqrt(track.peak(fromMs, fromMs + perPixelMs)) * height) / 2);
    context.fillRect(pixel, middle - half, 1, 2 * half);
  }
}

function drawSpans(
  context: CanvasRenderingContext2D,
  { spans, callOffsetMs, nowMs }: Scene,
  { top, height, lane, x }: { top: number; height: number; lane: Lane; x: (ms: number) => number },
): void {
  for (const span of spans) {
    if (span.lane !== lane) continue;
    const from = x(span.fromMs + callOffsetMs);
    const to = x(span.toMs === null ? nowMs : span.toMs + callOffsetMs);
    context.beginPath();
    context.roundRect(from, top + height * 0.2, Math.max(2, to - from), height * 0.6, 4);
    context.fill();
  }
}

function drawMarks(
  context: CanvasRenderingContext2D,
  { marks, callOffsetMs, fromMs, toMs }: Scene,
  {
    lane,
    top,
    bottom,
    palette,
    x,
    width,
  }: {
    lane: Lane;
    top: number;
    bottom: number;
    palette: Palette;
    x: (ms: number) => number;
    width: number;
  },
): void {
  // Two rows of labels; one that finds no room is left out, its line stays.
  const freeFrom = [-Infinity, -Infinity];
  context.textBaseline = 'middle';
  for (const mark of marks) {
    const atMs = mark.atMs + callOffsetMs;
    if (mark.lane !== lane || atMs < fromMs || atMs > toMs) continue;
    const at = Math.round(x(atMs)) + 0.5;
    context.strokeStyle = palette.marks[mark.kind];
    context.fillStyle = palette.marks[mark.kind];
    context.lineWidth = 1.5;
    context.beginPath();
    context.moveTo(at, top + 2);
    context.lineTo(at, bottom - 2);
    context.stroke();
    const length = context.measureText(mark.label).width;
    const left = at + 4 + length > width ? at - 4 - length : at + 4;
    const row = freeFrom.findIndex((free) => left > free);
    if (row < 0) continue;
    freeFrom[row] = left + length + 6;
    context.fillText(mark.label, left, top + 9 + row * 13);
  }
}
