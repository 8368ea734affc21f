import type { JSX } from 'preact';
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { CallRecord } from '../../../src/ports/store.ts';
import { backendsOf, type Api } from '../api.ts';
import { CaptionFold } from '../captions/captions.ts';
import { Captions } from '../captions/captions-view.tsx';
import { duration, figure, place, when } from '../format.ts';
import { useLoaded } from '../hooks.ts';
import { OperatorControls } from '../operator-controls.tsx';
import { MarkFold } from '../timeline/marks.ts';
import { Timeline } from '../timeline/timeline.tsx';
import { Turns } from '../turns/waterfall.tsx';
import { saveBlob } from '../save.ts';
import { EventLog } from './event-log.tsx';
import { RecordingPlayer } from './recording-player.tsx';
import type { LoadedRecording } from './recording.ts';

/** Wait between looks at a call that runs, ms. */
const everyMs = 3_000;

/** One call, as the gateway knows it. */
export function CallPage({
  api,
  callId,
}: {
  readonly api: Api;
  readonly callId: string;
}): JSX.Element {
  const [runs, setRuns] = useState(false);
  const { value: record, error } = useLoaded(
    useCallback((signal: AbortSignal) => api.call(callId, signal), [api, callId]),
    runs ? everyMs : null,
  );
  useEffect(() => setRuns(record !== null && record.durationMs === null), [record]);
  return (
    <>
      {error !== null && <p class="problem">{error}</p>}
      {error === null && record === null && <p class="faint">Loading …</p>}
      {record !== null && <OpenCall api={api} record={record} />}
    </>
  );
}

function OpenCall({
  api,
  record,
}: {
  readonly api: Api;
  readonly record: CallRecord;
}): JSX.Element {
  const [recording, setRecording] = useState<LoadedRecording | null>(null);
  const [playing, setPlaying] = useState(false);
  const player = useRef<HTMLAudioElement>(null);
  const { marks, captions } = useMemo(() => folded(record), [record]);
  const endMs = record.durationMs ?? record.events.at(-1)?.atMs ?? 0;
  const scene = useCallback(
    () => ({
      ...{ callOffsetMs: 0, nowMs: endMs },
      ...{ caller: recording?.caller ?? null, agent: recording?.agent ?? null },
      ...{ marks: marks.marks, spans: marks.spans },
      headMs: player.current === null ? null : player.current.currentTime * 1000,
    }),
    [marks, endMs, recording],
  );
  const seek = useCallback((ms: number): void => {
    if (player.current !== null) player.current.currentTime = ms / 1000;
  }, []);
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
          {record.outcome !== null && (
            <>
              <dt>Ended by</dt>
              <dd>{outcomeText(record.outcome)}</dd>
            </>
          )}
          {record.disposition !== null && (
            <>
              <dt>Disposition</dt>
              <dd>
                {record.disposition.value}
                {record.disposition.note !== null && ` (${record.disposition.note})`}
              </dd>
            </>
          )}
          {record.spend.length > 0 && (
            <>
              <dt>Cost</dt>
              <dd>{record.spend.map(costText).join(', ')}</dd>
            </>
          )}
          <dt>Id</dt>
          <dd>
            <code>{record.callId}</code>
          </dd>
        </dl>
        {record.durationMs === null && <Operator api={api} record={record} />}
      </section>
      <Timeline scene={scene} live={false} playing={playing} onSeek={seek} />
      {record.out !== null && record.durationMs !== null && (
        <RecordingPlayer
          api={api}
          record={record}
          player={player}
          onLoaded={setRecording}
          onPlaying={setPlaying}
        />
      )}
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

/** What may be done with it while it runs. */
function Operator({
  api,
  record: { callId, agent, backend },
}: {
  readonly api: Api;
  readonly record: CallRecord;
}): JSX.Element | null {
  const { value: house } = useLoaded(
    useCallback((signal: AbortSignal) => api.house(signal), [api]),
  );
  if (house === null) return null;
  const backends = house.agents.filter(({ name }) => name === agent).flatMap(backendsOf);
  const serving = backend === '' ? null : backend;
  return <OperatorControls {...{ api, callId, serving, backends, may: house.may }} />;
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
  saveBlob(blob, `${record.callId}.json`);
}

function outcomeText(outcome: NonNullable<CallRecord['outcome']>): string {
  switch (outcome.kind) {
    case 'client':
      return 'the caller';
    case 'agent':
      return outcome.reason === null ? 'the agent' : `the agent (${outcome.reason})`;
    case 'shutdown':
      return 'the end of the server';
    case 'error':
      return outcome.code;
  }
}

function costText({ currency, amount, known }: CallRecord['spend'][number]): string {
  if (currency === null) return 'no prices';
  const text = `${figure(amount ?? known, 4)} ${currency}`;
  return amount === null ? `at least ${text}` : text;
}
