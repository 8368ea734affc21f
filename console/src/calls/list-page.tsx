import type { JSX } from 'preact';
import { useCallback, useEffect, useState } from 'preact/hooks';
import type { Api, CallSummary } from '../api.ts';
import { duration, when } from '../format.ts';
import { useLoaded } from '../hooks.ts';

/** Calls of one page (a count). */
const pageLength = 100;
/** Wait after the last key, ms, before the gateway is asked. */
const typingMs = 250;

/** Calls that run and calls that are over; the gateway searches. */
export function CallsPage({ api }: { readonly api: Api }): JSX.Element {
  const [typed, setTyped] = useState('');
  const [words, setWords] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => setWords(typed), typingMs);
    return () => clearTimeout(timer);
  }, [typed]);
  const { value: newest, error } = useLoaded(
    useCallback(
      (signal: AbortSignal) => api.calls(signal, { words, limit: pageLength }),
      [api, words],
    ),
    5_000,
  );
  const [older, setOlder] = useState<{ words: string; calls: readonly CallSummary[] }>({
    words: '',
    calls: [],
  });
  const [problem, setProblem] = useState<string | null>(null);
  const [ended, setEnded] = useState<string | null>(null);
  const calls = merged(newest ?? [], older.words === words ? older.calls : []);
  const more = async (): Promise<void> => {
    const last = calls.at(-1);
    if (last === undefined) return;
    try {
      const asked = { words, limit: pageLength, before: last.callId };
      const next = await api.calls(undefined, asked);
      const known = older.words === words ? older.calls : [];
      setOlder({ words, calls: merged([...(newest ?? []), ...known], next) });
      if (next.length < pageLength) setEnded(words);
      setProblem(null);
    } catch (thrown) {
      setProblem(thrown instanceof Error ? thrown.message : String(thrown));
    }
  };
  const mayHaveMore = calls.length >= pageLength && ended !== words;
  return (
    <section class="card" aria-labelledby="calls-title">
      <header class="row">
        <h1 id="calls-title">Calls</h1>
        <label>
          <span class="hidden">Search</span>
          <input
            type="search"
            placeholder="id, agent, backend or words"
            value={typed}
            onInput={({ currentTarget }) => setTyped(currentTarget.value)}
          />
        </label>
        <span class="faint" role="status">
          {newest === null ? 'Loading …' : `${calls.length}${mayHaveMore ? ' and more' : ''}`}
        </span>
      </header>
      {(error ?? problem) !== null && <p class="problem">{error ?? problem}</p>}
      {newest?.length === 0 && (
        <p class="faint">{words === '' ? 'No calls yet.' : 'No call has these words.'}</p>
      )}
      {calls.length > 0 && <CallTable calls={calls} />}
      {mayHaveMore && (
        <button type="button" onClick={() => void more()}>
          Show older ones
        </button>
      )}
    </section>
  );
}

/** Each call once, in the order of both. */
function merged(
  calls: readonly CallSummary[],
  more: readonly CallSummary[],
): readonly CallSummary[] {
  const known = new Set(calls.map(({ callId }) => callId));
  return [...calls, ...more.filter(({ callId }) => !known.has(callId))];
}

function CallTable({ calls }: { readonly calls: readonly CallSummary[] }): JSX.Element {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="List of calls">
      <table class="list">
        <thead>
          <tr>
            <th>Started</th>
            <th>Agent</th>
            <th>Backend</th>
            <th class="number">Length</th>
            <th class="number">Turns</th>
            <th class="number">Silence</th>
            <th>Call</th>
          </tr>
        </thead>
        <tbody>
          {calls.map((call) => (
            <tr key={call.callId}>
              <td>
                <a href={`#/calls/${call.callId}`}>{when(call.startedAt)}</a>
              </td>
              <td>{call.agent}</td>
              <td>{call.backend}</td>
              <td class="number">
                {call.active ? <span class="badge live">running</span> : duration(call.durationMs)}
              </td>
              <td class="number">{call.turns.length}</td>
              <td class="number">{duration(medianSilence(call))}</td>
              <td class="id">
                <code>{call.callId}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function medianSilence({ turns }: CallSummary): number | null {
  const silences = turns.flatMap(({ stages }) => (stages === null ? [] : [stages.silenceMs]));
  silences.sort((a, b) => a - b);
  return silences[Math.floor((silences.length - 1) / 2)] ?? null;
}
