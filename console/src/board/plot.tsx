import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { useWidth } from '../hooks.ts';

/** What makes a plot: its options but for the width, and its data. */
export interface PlotProps {
  readonly label: string;
  readonly height: number;
  readonly options: (colours: PlotColours) => Omit<uPlot.Options, 'width' | 'height'>;
  readonly data: uPlot.AlignedData;
}

export interface PlotColours {
  readonly ink: string;
  readonly line: string;
  readonly series: readonly string[];
}

/** A uPlot in the page's colours, as wide as there is room; made anew when anything changes. */
export function Plot({ label, height, options, data }: PlotProps): JSX.Element {
  const [measured, width] = useWidth();
  const [element, setElement] = useState<HTMLDivElement | null>(null);
  const dark = useDark();
  useEffect(() => {
    if (element === null || width === 0) return;
    const plot = new uPlot({ ...options(coloursOf(element)), width, height }, data, element);
    return () => plot.destroy();
  }, [element, width, height, options, data, dark]);
  return (
    <div ref={measured} role="img" aria-label={label}>
      <div ref={setElement} />
    </div>
  );
}

function coloursOf(element: Element): PlotColours {
  const style = getComputedStyle(element);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const series = Array.from({ length: 6 }, (_, index) => colour(`--series-${index + 1}`));
  return { ink: colour('--ink'), line: colour('--line'), series };
}

function useDark(): boolean {
  const query = '(prefers-color-scheme: dark)';
  const [dark, setDark] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const changed = (): void => setDark(list.matches);
    list.addEventListener('change', changed);
    return () => list.removeEventListener('change', changed);
  }, []);
  return dark;
}
