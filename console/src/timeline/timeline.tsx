import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { place } from '../format.ts';
import { useWidth } from '../hooks.ts';
import { drawTimeline, paletteOf, type Scene } from './draw.ts';
import { markNames, type MarkKind } from './marks.ts';

export interface TimelineProps {
  /** Asked at each picture. */
  readonly scene: () => Omit<Scene, 'fromMs' | 'toMs'>;
  /** Whether time goes on. */
  readonly live: boolean;
  /** A recording is played: the place in it moves. */
  readonly playing?: boolean;
  /** The reader points at a place of the call, ms. */
  readonly onSeek?: (atMs: number) => void;
}

/** How much of the call is seen at once, ms. */
const spansMs = [
  4_000, 8_000, 15_000, 30_000, 60_000, 120_000, 300_000, 900_000, 1_800_000,
] as const;
/** Room behind the present, share of the width. */
const ahead = 0.06;
const height = 236;

/** Both sides of a call on one axis of time; while it goes on the picture moves with it. */
export function Timeline({ scene, live, playing = false, onSeek }: TimelineProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [measured, width] = useWidth();
  const [zoom, setZoom] = useState(() => (live ? 2 : spanFor(scene().nowMs)));
  /** End of what is seen, ms; `null`: the present. */
  const [heldMs, setHeldMs] = useState<number | null>(null);
  const spanMs = spansMs[zoom] ?? spansMs[2];
  useEffect(() => {
    const element = canvas.current;
    if (element === null || width === 0) return;
    return animate(element, {
      width,
      moving: playing || (live && heldMs === null),
      scene,
      spanMs,
      heldMs,
    });
  });
  const { nowMs, callOffsetMs, marks } = scene();
  const latest = marks.at(-1);
  return (
    <figure class="timeline" ref={measured}>
      <canvas
        ref={canvas}
        role="img"
        onClick={({ offsetX }) => {
          const { toMs } = seen(scene().nowMs, spanMs, heldMs);
          onSeek?.(Math.max(0, toMs - spanMs * (1 - offsetX / width) - callOffsetMs));
        }}
        aria-label={
          `Timeline of caller and agent, ${marks.length} marks` +
          (latest === undefined ? '.' : `; the last: ${latest.label} at ${place(latest.atMs)}.`)
        }
      />
      <span class="lane-name caller">caller</span>
      <span class="lane-name agent">agent</span>
      <figcaption>
        <Legend kinds={new Set(marks.map(({ kind }) => kind))} />
        <span class="timeline-controls">
          <label>
            <span class="hidden">Place in the call</span>
            <input
              type="range"
              min={0}
              max={Math.ceil(nowMs)}
              step={100}
              value={heldMs ?? Math.ceil(nowMs)}
              aria-valuetext={place((heldMs ?? nowMs) - callOffsetMs)}
              onInput={({ currentTarget }) => {
                const value = Number(currentTarget.value);
                setHeldMs(live && value > nowMs - 300 ? null : value);
              }}
            />
          </label>
          {live && heldMs !== null && (
            <button type="button" onClick={() => setHeldMs(null)}>
              Follow
            </button>
          )}
          <button
            type="button"
            aria-label="Show less time"
            disabled={zoom === 0}
            onClick={() => setZoom(zoom - 1)}
          >
            +
          </button>
          <button
            type="button"
            aria-label="Show more time"
            disabled={zoom === spansMs.length - 1}
            onClick={() => setZoom(zoom + 1)}
          >
            −
          </button>
        </span>
      </figcaption>
    </figure>
  );
}

/** Which span holds a whole call. */
function spanFor(lengthMs: number): number {
  const place = spansMs.findIndex((spanMs) => spanMs * (1 - ahead) >= lengthMs);
  return place < 0 ? spansMs.length - 1 : place;
}

/** End of what is seen, ms of the page. */
function seen(nowMs: number, spanMs: number, heldMs: number | null): { readonly toMs: number } {
  return { toMs: Math.max(heldMs ?? nowMs, spanMs * (1 - ahead)) + spanMs * ahead };
}

/** Shortest time between two pictures, ms: more than thirty a second nobody needs. */
const pictureMs = 32;

/** Draws once, or over and over while time goes on. @returns how to stop */
function animate(
  element: HTMLCanvasElement,
  {
    width,
    moving,
    scene,
    spanMs,
    heldMs,
  }: {
    width: number;
    moving: boolean;
    scene: TimelineProps['scene'];
    spanMs: number;
    heldMs: number | null;
  },
): () => void {
  const context = element.getContext('2d')!;
  let frame = 0;
  let drawnMs = -Infinity;
  const next = (nowMs: number): void => {
    if (nowMs - drawnMs >= pictureMs) {
      drawnMs = nowMs;
      draw();
    }
    if (moving) frame = requestAnimationFrame(next);
  };
  const draw = (): void => {
    const scale = devicePixelRatio;
    const [pixelWidth, pixelHeight] = [Math.round(width * scale), Math.round(height * scale)];
    if (element.width !== pixelWidth) element.width = pixelWidth;
    if (element.height !== pixelHeight) element.height = pixelHeight;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    const now = scene();
    const { toMs } = seen(now.nowMs, spanMs, heldMs);
    const palette = paletteOf(element);
    drawTimeline(context, { ...now, fromMs: toMs - spanMs, toMs }, { width, height, palette });
  };
  frame = requestAnimationFrame(next);
  return () => cancelAnimationFrame(frame);
}

function Legend({ kinds }: { readonly kinds: ReadonlySet<MarkKind> }): JSX.Element {
  return (
    <ul class="legend">
      {(Object.entries(markNames) as [MarkKind, string][])
        .filter(([kind]) => kinds.has(kind))
        .map(([kind, name]) => (
          <li key={kind} class={`mark-${kind}`}>
            {name}
          </li>
        ))}
    </ul>
  );
}
