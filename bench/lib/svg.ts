/** A curve or a set of points. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [number, number])[];
  /** Points without a line between them. */
  readonly dots?: boolean;
}

export interface Chart {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly Series[];
  /** Logarithmic x; values at or below zero are left out. */
  readonly logX?: boolean;
  /** Horizontal line that should not be crossed. */
  readonly yBudget?: number;
}

const width = 720;
const height = 360;
const left = 64;
const right = 160;
const top = 32;
const bottom = 48;
// Distinguishable with the common colour deficiencies (Okabe and Ito, 2008).
const colours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000'];

/** A chart as one SVG element: no script, no font, nothing to fetch. */
export function chartSvg(chart: Chart): string {
  const { logX = false, yBudget } = chart;
  const series = chart.series.map((one) => ({
    ...one,
    points: one.points.filter(([x, y]) => Number.isFinite(y) && (!logX || x > 0)),
  }));
  const all = series.flatMap(({ points }) => points);
  if (all.length === 0) return `<p>${escaped(chart.title)}: nothing was measured.</p>`;
  let [lowX, highX] = extent(all.map(([x]) => x));
  const highY = niceTop(Math.max(...all.map(([, y]) => y), yBudget ?? 0));
  if (!logX) lowX = Math.min(0, lowX);
  if (lowX === highX) highX = lowX + 1;
  const warp = (x: number): number => (logX ? Math.log10(x) : x);
  const toX = (x: number): number =>
    left + ((warp(x) - warp(lowX)) / (warp(highX) - warp(lowX))) * (width - left - right);
  const toY = (y: number): number => height - bottom - (y / highY) * (height - top - bottom);
  const parts: string[] = [];
  for (const x of logX ? decades(lowX, highX) : steps(highX)) {
    if (x < lowX || x > highX) continue;
    parts.push(
      line([toX(x), top], [toX(x), height - bottom], '#e5e5e5'),
      text([toX(x), height - bottom + 16], number(x), 'middle'),
    );
  }
  for (const y of steps(highY)) {
    parts.push(
      line([left, toY(y)], [width - right, toY(y)], '#e5e5e5'),
      text([left - 6, toY(y) + 4], number(y), 'end'),
    );
  }
  if (yBudget !== undefined) {
    parts.push(
      `<line x1="${left}" x2="${width - right}" y1="${toY(yBudget)}" y2="${toY(yBudget)}" ` +
        'stroke="#b00" stroke-dasharray="4 3"/>',
    );
  }
  for (const [index, one] of series.entries()) {
    const colour = colours[index % colours.length]!;
    const points = one.points.map(([x, y]) => [round(toX(x)), round(toY(y))] as const);
    if (one.dots !== true) {
      const path = points.map(([x, y]) => `${x},${y}`).join(' ');
      parts.push(`<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="1.6"/>`);
    }
    if (one.dots === true || points.length < 40) {
      for (const [x, y] of points)
        parts.push(`<circle cx="${x}" cy="${y}" r="3" fill="${colour}"/>`);
    }
    const y = top + 8 + index * 18;
    parts.push(
      `<rect x="${width - right + 12}" y="${y - 8}" width="12" height="4" fill="${colour}"/>`,
      text([width - right + 30, y - 2], one.name, 'start'),
    );
  }
  parts.push(
    text([(left + width - right) / 2, height - 10], chart.xLabel, 'middle'),
    text([left, 18], `${chart.title} (${chart.yLabel})`, 'start', 'bold'),
  );
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(chart.title)}">${parts.join('')}</svg>`;
}

/** Share of samples up to each value: the whole distribution, thinned to what a screen can show. */
export function cumulative(samples: ArrayLike<number>): readonly (readonly [number, number])[] {
  const sorted = Float64Array.from(samples).sort();
  const n = sorted.length;
  const points: (readonly [number, number])[] = [];
  const shares = [
    ...Array.from({ length: 99 }, (_, index) => (index + 1) / 100),
    0.995,
    0.999,
    0.9995,
    1,
  ];
  for (const share of n === 0 ? [] : shares) {
    points.push([sorted[Math.max(0, Math.ceil(share * n) - 1)]!, share]);
  }
  return points;
}

/** Makes text safe inside HTML and attributes. */
export function escaped(value: string): string {
  return value
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

function line(
  from: readonly [number, number],
  to: readonly [number, number],
  colour: string,
): string {
  return `<line x1="${round(from[0])}" y1="${round(from[1])}" x2="${round(to[0])}" y2="${round(to[1])}" stroke="${colour}"/>`;
}

function text(
  at: readonly [number, number],
  words: string,
  anchor: 'start' | 'middle' | 'end',
  weight = 'normal',
): string {
  return `<text x="${round(at[0])}" y="${round(at[1])}" text-anchor="${anchor}" font-weight="${weight}">${escaped(words)}</text>`;
}

function extent(values: readonly number[]): [number, number] {
  return [Math.min(...values), Math.max(...values)];
}

function niceTop(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const nice = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].find(
    (step) => step * power >= value * 0.9999,
  );
  return (nice ?? 10) * power;
}

function steps(high: number): readonly number[] {
  return Array.from({ length: 6 }, (_, index) => (high * index) / 5);
}

function decades(low: number, high: number): readonly number[] {
  const marks: number[] = [];
  for (let power = Math.floor(Math.log10(low)); 10 ** power <= high; power += 1) {
    for (const step of [1, 2, 5]) marks.push(step * 10 ** power);
  }
  return marks;
}

function number(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
