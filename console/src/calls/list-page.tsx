import type { JSX } from 'preact';
import { useCallback, useState } from 'preact/hooks';
import type { Api, CallSummary } from '../api.ts';
import { duration, when } from '../format.ts';
import { useLoaded } from '../hooks.ts';

/** Most calls drawn at once (a count). */
const shownLimit = 200;

/** Calls that run and calls that are over. */
export function CallsPage({ api }: { readonly api: Api }): JSX.Element {
  const { value: calls, error } = useLoaded(
    useCallback((signal: AbortSignal) => api.calls(signal), [api]),
    5_000,
  );
  const [words, setWords] = useState('');
  const found = (calls ?? []).filter((call) => matches(call, words));
  return (
    <section class="card" aria-labelledby="calls-title">
      <header class="row">
        <h1 id="calls-title">Calls</h1>
        <label>
          <span class="hidden">Search</span>
          <input
            type="search"
            placeholder="id, agent, backend or words"
            value={words}
            onInput={({ currentTarget }) => setWords(currentTarget.value)}
          />
        </label>
        <span class="faint" role="status">
          {calls === null ? 'Loading …' : `${found.length} of ${calls.length}`}
        </span>
      </header>
      {error !== null && <p class="problem">{error}</p>}
      {calls?.length === 0 && <p class="faint">No calls yet.</p>}
      {found.length > 0 && <CallTable calls={found.slice(0, shownLimit)} />}
      {found.length > shownLimit && (
        <p class="faint">The newest {shownLimit} of them; search to see others.</p>
      )}
    </section>
  );
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
              <td>{when(call.startedAt)}</td>
              <td>{call.agent}</td>
              <td>{call.backend}</td>
              <td class="number">
                {call.active ? <span class="badge live">running</span> : duration(call.durationMs)}
              </td>
              <td class="number">{call.turns.length}</td>
              <td class="number">{duration(medianSilence(call))}</td>
              <td>
                <a href={`#/calls/${call.callId}`}>
                  <code>{call.callId}</code>
                </a>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Whether each of the words is somewhere in the call. */
function matches({ callId, agent, backend, turns }: CallSummary, words: string): boolean {
  const said = turns.map(({ userText, heardText }) => `${userText ?? ''} ${heardText ?? ''}`);
  const whole = [callId, agent, backend, ...said].join(' ').toLowerCase();
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => whole.includes(word));
}

function medianSilence({ turns }: CallSummary): number | null {
  const silences = turns.flatMap(({ stages }) => (stages === null ? [] : [stages.silenceMs]));
  silences.sort((a, b) => a - b);
  return silences[Math.floor((silences.length - 1) / 2)] ?? null;
}
