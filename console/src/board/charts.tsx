import type { JSX } from 'preact';
import { useCallback, useMemo } from 'preact/hooks';
import uPlot from 'uplot';
import { distributionOf, type Group } from './figures.ts';
import { Plot, type PlotColours } from './plot.tsx';

/** Times begin at 0: a difference of 20 ms shall not look like one of seconds. */
const fromZero: uPlot.Scale = { time: false, range: (_, __, max) => [0, max * 1.05] };

type PlotOptions = Omit<uPlot.Options, 'width' | 'height'>;

/** The share of turns that were answered within so long, per group. */
export function Ecdf({ groups }: { readonly groups: readonly Group[] }): JSX.Element {
  const data = useMemo(() => ecdfData(groups), [groups]);
  const options = useCallback(
    (colours: PlotColours): PlotOptions => ({
      ...common(colours),
      scales: { x: fromZero, y: { range: [0, 1] } },
      axes: [
        axis(colours, 'ms'),
        { ...axis(colours, 'share of turns'), values: (_, ticks) => ticks.map(percent) },
      ],
      series: [
        { label: 'ms' },
        ...groups.map(({ name }, index) => ({
          label: name,
          stroke: colours.series[index % colours.series.length]!,
          width: 2,
          spanGaps: true,
          paths: uPlot.paths.stepped!({ align: 1 }),
          points: { show: false },
        })),
      ],
    }),
    [groups],
  );
  const label = `Share of turns answered within a time, for ${groups.map(({ name }) => name).join(', ')}; the figures are in the table.`;
  return <Plot label={label} height={260} options={options} data={data} />;
}

/** Every sample as a dot, and a box from the first to the third quartile with the median. */
export function Boxes({ groups }: { readonly groups: readonly Group[] }): JSX.Element {
  const data = useMemo(() => stripData(groups), [groups]);
  const options = useCallback(
    (colours: PlotColours): PlotOptions => ({
      ...common(colours),
      // The axis has the names.
      legend: { show: false },
      scales: { x: fromZero, y: { range: [-0.5, groups.length - 0.5], dir: -1 } },
      axes: [
        axis(colours, 'ms'),
        {
          ...axis(colours, ''),
          size: 120,
          splits: () => groups.map((_, index) => index),
          values: () => groups.map(({ name }) => name),
          grid: { show: false },
        },
      ],
      series: [
        { label: 'ms' },
        ...groups.map(({ name }, index) => ({
          label: name,
          stroke: colours.series[index % colours.series.length]!,
          paths: () => null,
          points: {
            show: true,
            size: 5,
            width: 1,
            fill: colours.series[index % colours.series.length]!,
          },
        })),
      ],
      hooks: { drawAxes: [(plot) => drawBoxes(plot, groups, colours)] },
    }),
    [groups],
  );
  const height = 80 + 64 * groups.length;
  return <Plot label="Every turn, and boxes" height={height} options={options} data={data} />;
}

function common({ series }: PlotColours): Pick<PlotOptions, 'legend' | 'cursor' | 'padding'> {
  const fill = (_: uPlot, place: number): string => series[(place - 1) % series.length]!;
  return {
    legend: { show: true, live: false, markers: { width: 0, fill } },
    cursor: { drag: { x: true, y: false } },
    padding: [10, 16, 0, 0],
  };
}

function axis({ ink, line }: PlotColours, label: string): uPlot.Axis {
  return {
    stroke: ink,
    grid: { stroke: line, width: 1 },
    ticks: { stroke: line, width: 1 },
    ...(label === '' ? {} : { label, labelSize: 22 }),
  };
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** All x values in one ascending list, and each group's share at its own ones. */
function ecdfData(groups: readonly Group[]): uPlot.AlignedData {
  const tables = groups.map(({ samplesMs }): uPlot.AlignedData => {
    const xs = [...new Set(samplesMs)];
    const shares = xs.map((x) => (samplesMs.lastIndexOf(x) + 1) / samplesMs.length);
    const first = xs[0] ?? 0;
    return [
      [first - 0.001, ...xs],
      [0, ...shares],
    ];
  });
  return tables.length === 0 ? [[]] : uPlot.join(tables);
}

/** Each group's samples in a band of its own, spread a little so that they can be told apart. */
function stripData(groups: readonly Group[]): uPlot.AlignedData {
  const tables = groups.map(({ samplesMs }, index): uPlot.AlignedData => {
    const xs = samplesMs.map((x, place) => x + place * 1e-6);
    return [xs, xs.map((_, place) => index + 0.12 + 0.24 * ((place * 0.618) % 1))];
  });
  return tables.length === 0 ? [[]] : uPlot.join(tables);
}

/** Boxes lie above their samples, from quartile to quartile, whiskers from least to most. */
function drawBoxes(plot: uPlot, groups: readonly Group[], colours: PlotColours): void {
  const { ctx } = plot;
  ctx.save();
  ctx.lineWidth = 1.5 * devicePixelRatio;
  for (const [index, { samplesMs }] of groups.entries()) {
    const { p25, p50, p75, max } = distributionOf(samplesMs);
    const x = (ms: number): number => plot.valToPos(ms, 'x', true);
    const y = (place: number): number => plot.valToPos(index + place, 'y', true);
    const [top, middle, bottom] = [y(-0.3), y(-0.15), y(0)];
    ctx.strokeStyle = colours.series[index % colours.series.length]!;
    ctx.beginPath();
    ctx.moveTo(x(samplesMs[0]!), middle);
    ctx.lineTo(x(p25), middle);
    ctx.rect(x(p25), top, x(p75) - x(p25), bottom - top);
    ctx.moveTo(x(p75), middle);
    ctx.lineTo(x(max), middle);
    ctx.moveTo(x(p50), top);
    ctx.lineTo(x(p50), bottom);
    ctx.stroke();
  }
  ctx.restore();
}
