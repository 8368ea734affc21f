import type { JSX } from 'preact';
import { useCallback, useMemo, useState } from 'preact/hooks';
import type { Api } from '../api.ts';
import { figure } from '../format.ts';
import { useLoaded } from '../hooks.ts';
import { Boxes, Ecdf } from './charts.tsx';
import { benchGroups } from './bench-file.ts';
import { distributionOf, groupsOf, measureNames, type Group, type Measure } from './figures.ts';

/** First audio by agent and backend, from finished calls. */
export function BoardPage({ api }: { readonly api: Api }): JSX.Element {
  const { value: calls, error } = useLoaded(
    useCallback((signal: AbortSignal) => api.calls(signal), [api]),
    10_000,
  );
  const [measure, setMeasure] = useState<Measure>('silence');
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [files, setFiles] = useState<readonly BenchFile[]>([]);
  const [problem, setProblem] = useState<string | null>(null);
  const all = useMemo(
    () => [
      ...groupsOf(calls ?? [], measure),
      ...files.flatMap(({ name, text }) => benchGroups(text, name, measure)),
    ],
    [calls, files, measure],
  );
  const add = async (file: File): Promise<void> => {
    try {
      const text = await file.text();
      const name = file.name.replace(/\.json$/, '');
      benchGroups(text, name, 'silence');
      setFiles((known) => [...known.filter((each) => each.name !== name), { name, text }]);
      setProblem(null);
    } catch (thrown) {
      setProblem(thrown instanceof Error ? thrown.message : String(thrown));
    }
  };
  const groups = useMemo(() => all.filter(({ name }) => !hidden.has(name)), [all, hidden]);
  const toggle = (name: string): void => {
    const next = new Set(hidden);
    if (!next.delete(name)) next.add(name);
    setHidden(next);
  };
  return (
    <>
      <section class="card" aria-labelledby="board-title">
        <header class="row">
          <h1 id="board-title">First audio</h1>
          <label>
            <span class="hidden">Measure</span>
            <select
              value={measure}
              onChange={({ currentTarget }) => setMeasure(currentTarget.value as Measure)}
            >
              {Object.entries(measureNames).map(([key, name]) => (
                <option key={key} value={key}>
                  {name}
                </option>
              ))}
            </select>
          </label>
          <label class="file">
            <span>Add a bench run</span>
            <input
              type="file"
              accept=".json,application/json"
              onChange={({ currentTarget }) => {
                for (const file of currentTarget.files ?? []) void add(file);
                currentTarget.value = '';
              }}
            />
          </label>
          {all.map(({ name }) => (
            <label key={name} class="check">
              <input type="checkbox" checked={!hidden.has(name)} onChange={() => toggle(name)} />
              {name}
            </label>
          ))}
        </header>
        {error !== null && <p class="problem">{error}</p>}
        {problem !== null && <p class="problem">{problem}</p>}
        {all.length === 0 && (
          <p class="faint">
            Nothing to show yet: turns of finished calls that were answered in sound appear here.
          </p>
        )}
        {groups.length > 0 && <FigureTable groups={groups} />}
      </section>
      {groups.length > 0 && (
        <>
          <section class="card" aria-labelledby="ecdf-title">
            <h2 id="ecdf-title">Share answered within …</h2>
            <Ecdf groups={groups} />
          </section>
          <section class="card" aria-labelledby="boxes-title">
            <h2 id="boxes-title">Every turn</h2>
            <Boxes groups={groups} />
          </section>
        </>
      )}
    </>
  );
}

/** A file of `bench ttfb`, read in this page and nowhere else. */
interface BenchFile {
  readonly name: string;
  readonly text: string;
}

const columns = ['p50', 'p90', 'p95', 'p99', 'max', 'stddev', 'iqr'] as const;

function FigureTable({ groups }: { readonly groups: readonly Group[] }): JSX.Element {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Figures">
      <table class="list">
        <caption class="faint">ms; p95 ÷ p50 has no unit</caption>
        <thead>
          <tr>
            <th>Agent · backend</th>
            <th class="number">turns</th>
            {columns.map((column) => (
              <th key={column} class="number">
                {column}
              </th>
            ))}
            <th class="number">p95 ÷ p50</th>
          </tr>
        </thead>
        <tbody>
          {groups.map(({ name, samplesMs }) => {
            const distribution = distributionOf(samplesMs);
            return (
              <tr key={name}>
                <td>{name}</td>
                <td class="number">{distribution.n}</td>
                {columns.map((column) => (
                  <td key={column} class="number">
                    {figure(distribution[column])}
                  </td>
                ))}
                <td class="number">{figure(distribution.ratio, 2)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
