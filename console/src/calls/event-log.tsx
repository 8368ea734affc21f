import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import type { LogEntry } from '../../../src/ports/events.ts';
import { place } from '../format.ts';

/** Entries drawn at once (a count), and how many more each time. */
const pageLength = 200;

/** What has a column of its own. */
const columns: ReadonlySet<string> = new Set(['seq', 'atMs', 'type']);

/** A call's log, to be narrowed by kind and by words. */
export function EventLog({ events }: { readonly events: readonly LogEntry[] }): JSX.Element {
  const [kind, setKind] = useState('');
  const [words, setWords] = useState('');
  const [shown, setShown] = useState(pageLength);
  const kinds = useMemo(() => [...new Set(events.map(({ type }) => type))].sort(), [events]);
  const found = useMemo(
    () =>
      events.filter(
        (entry) =>
          (kind === '' || entry.type === kind) &&
          (words === '' || JSON.stringify(entry).toLowerCase().includes(words.toLowerCase())),
      ),
    [events, kind, words],
  );
  return (
    <section class="card" aria-labelledby="log-title">
      <header class="row">
        <h2 id="log-title">Event log</h2>
        <label>
          <span class="hidden">Kind</span>
          <select
            id="kind"
            value={kind}
            onChange={({ currentTarget }) => setKind(currentTarget.value)}
          >
            <option value="">every kind</option>
            {kinds.map((type) => (
              <option key={type} value={type}>
                {type}
              </option>
            ))}
          </select>
        </label>
        <label>
          <span class="hidden">Words</span>
          <input
            type="search"
            placeholder="words"
            value={words}
            onInput={({ currentTarget }) => setWords(currentTarget.value)}
          />
        </label>
        <span class="faint" role="status">
          {found.length} of {events.length}
        </span>
      </header>
      <div class="scroll log" tabIndex={0} role="region" aria-label="Log entries">
        <table class="list">
          <thead>
            <tr>
              <th class="number">At</th>
              <th>Kind</th>
              <th>What</th>
            </tr>
          </thead>
          <tbody>
            {found.slice(0, shown).map((entry) => (
              <tr key={entry.seq} class="entry">
                <td class="number">{place(entry.atMs)}</td>
                <td>{entry.type}</td>
                <td>
                  <code>{rest(entry)}</code>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {found.length > shown && (
        <button type="button" onClick={() => setShown(shown + pageLength)}>
          Show more
        </button>
      )}
    </section>
  );
}

/** An entry without what stands in the other columns. */
function rest(entry: LogEntry): string {
  const what = Object.entries(entry).filter(([key]) => !columns.has(key));
  return what.length === 0 ? '' : JSON.stringify(Object.fromEntries(what));
}
