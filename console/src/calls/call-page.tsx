import type { JSX } from 'preact';
import { useCallback, useMemo } from 'preact/hooks';
import type { CallRecord } from '../../../src/ports/store.ts';
import type { Api } from '../api.ts';
import { CaptionFold } from '../captions/captions.ts';
import { Captions } from '../captions/captions-view.tsx';
import { duration, place, when } from '../format.ts';
import { useLoaded } from '../hooks.ts';
import { MarkFold } from '../timeline/marks.ts';
import { Timeline } from '../timeline/timeline.tsx';
import { Turns } from '../turns/waterfall.tsx';
import { EventLog } from './event-log.tsx';

/** One call, as the gateway knows it. */
export function CallPage({
  api,
  callId,
}: {
  readonly api: Api;
  readonly callId: string;
}): JSX.Element {
  const { value: record, error } = useLoaded(
    useCallback((signal: AbortSignal) => api.call(callId, signal), [api, callId]),
  );
  if (error !== null) return <p class="problem">{error}</p>;
  if (record === null) return <p class="faint">Loading …</p>;
  return <OpenCall record={record} />;
}

function OpenCall({ record }: { readonly record: CallRecord }): JSX.Element {
  const { marks, captions } = useMemo(() => folded(record), [record]);
  const endMs = record.durationMs ?? record.events.at(-1)?.atMs ?? 0;
  const scene = useCallback(
    () => ({
      ...{ callOffsetMs: 0, caller: null, agent: null, nowMs: endMs },
      ...{ marks: marks.marks, spans: marks.spans },
    }),
    [marks, endMs],
  );
  return (
    <>
      <section class="card" aria-labelledby="call-title">
        <header class="row">
          <h1 id="call-title">
            Call with {record.agent}
            {record.durationMs === null && <span class="badge live">running</span>}
          </h1>
          <button type="button" onClick={() => download(record)}>
            Download JSON
          </button>
        </header>
        <dl class="facts">
          <dt>Started</dt>
          <dd>{when(record.startedAt)}</dd>
          <dt>Length</dt>
          <dd>{duration(record.durationMs)}</dd>
          <dt>Backend</dt>
          <dd>{record.backend}</dd>
          <dt>Id</dt>
          <dd>
            <code>{record.callId}</code>
          </dd>
        </dl>
      </section>
      <Timeline scene={scene} live={false} />
      <div class="columns">
        <Captions captions={captions.captions} />
        <Turns turns={record.turns} />
      </div>
      <Tools record={record} />
      <Handovers record={record} />
      <EventLog events={record.events} />
    </>
  );
}

function folded({ events }: CallRecord): { marks: MarkFold; captions: CaptionFold } {
  const marks = new MarkFold();
  const captions = new CaptionFold();
  for (const entry of events) {
    marks.push(entry);
    captions.push(entry);
  }
  return { marks, captions };
}

function Tools({ record: { tools } }: { readonly record: CallRecord }): JSX.Element | null {
  if (tools.length === 0) return null;
  return (
    <section class="card" aria-labelledby="tools-title">
      <h2 id="tools-title">Tools</h2>
      <div class="scroll" tabIndex={0} role="region" aria-label="Tool calls">
        <table class="list">
          <thead>
            <tr>
              <th class="number">At</th>
              <th>Tool</th>
              <th>Arguments</th>
              <th>Run by</th>
              <th>State</th>
              <th class="number">Took</th>
            </tr>
          </thead>
          <tbody>
            {tools.map((tool) => (
              <tr key={tool.toolCallId}>
                <td class="number">{place(tool.atMs)}</td>
                <td>{tool.name}</td>
                <td>
                  <code>{tool.arguments}</code>
                </td>
                <td>{tool.runner}</td>
                <td>{tool.state}</td>
                <td class="number">
                  {duration(tool.answeredAtMs === null ? null : tool.answeredAtMs - tool.atMs)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Handovers({ record: { handovers } }: { readonly record: CallRecord }): JSX.Element | null {
  if (handovers.length === 0) return null;
  return (
    <section class="card" aria-labelledby="handovers-title">
      <h2 id="handovers-title">Handovers</h2>
      <ul>
        {handovers.map(({ from, to, cause, gapMs }, index) => (
          <li key={index}>
            {from} → {to} ({cause}), {duration(gapMs)} without the agent
          </li>
        ))}
      </ul>
    </section>
  );
}

function download(record: CallRecord): void {
  const blob = new Blob([JSON.stringify(record, null, 2)], { type: 'application/json' });
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = `${record.callId}.json`;
  link.click();
  URL.revokeObjectURL(link.href);
}
