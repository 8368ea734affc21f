import type { JSX } from 'preact';
import { useCallback, useEffect, useState } from 'preact/hooks';
import { backendsOf, type Api, type House } from '../api.ts';
import { Captions } from '../captions/captions-view.tsx';
import { place } from '../format.ts';
import { useLoaded, useRedraw } from '../hooks.ts';
import { OperatorControls } from '../operator-controls.tsx';
import { Timeline } from '../timeline/timeline.tsx';
import { Turns } from '../turns/waterfall.tsx';
import { TalkCall, type TalkOptions } from './talk-call.ts';

/** Talk to an agent, and look at the timing meanwhile. */
export function TalkPage({ api }: { readonly api: Api }): JSX.Element {
  const { value: house, error } = useLoaded(
    useCallback((signal: AbortSignal) => api.house(signal), [api]),
  );
  const redraw = useRedraw();
  const [call, setCall] = useState<TalkCall | null>(null);
  useEffect(() => () => call?.close(), [call]);
  const begin = (agent: string, microphone: TalkOptions['microphone']): TalkCall => {
    const next = new TalkCall({ api, agent, microphone, onChange: redraw });
    setCall(next);
    void next.open();
    return next;
  };
  return (
    <>
      <h1 class="hidden">Talk</h1>
      {error !== null && <p class="problem">The agents cannot be listed: {error}</p>}
      <TalkBar api={api} house={house ?? noHouse} call={call} onBegin={begin} />
      {call !== null && <LiveCall call={call} />}
      {call === null && (
        <p class="card hint">
          Pick an agent and start talking. You see both sides on one axis of time, what was said and
          what was heard of it, and where the silence before each answer went.
        </p>
      )}
    </>
  );
}

/** Most captions that are shown while somebody talks (a count). */
const shownCaptions = 100;

function LiveCall({ call }: { readonly call: TalkCall }): JSX.Element {
  const scene = useCallback(
    () => ({
      callOffsetMs: call.callOffsetMs,
      caller: call.caller,
      agent: call.agent,
      marks: call.marks.marks,
      spans: call.marks.spans,
      nowMs: call.nowMs,
    }),
    [call],
  );
  return (
    <>
      {call.note !== '' && (
        <p class="problem" role="alert">
          {call.note}
        </p>
      )}
      <Timeline scene={scene} live={call.phase !== 'over'} />
      <div class="columns">
        <Captions captions={call.captions.captions.slice(-shownCaptions)} />
        <Turns turns={call.record?.turns ?? []} newestFirst />
      </div>
    </>
  );
}

/** Until it is known who is there. */
const noHouse: House = { agents: [], may: { handOver: false, breakBackend: false } };

function TalkBar({
  api,
  house: { agents, may },
  call,
  onBegin,
}: {
  readonly api: Api;
  readonly house: House;
  readonly call: TalkCall | null;
  readonly onBegin: (agent: string, microphone: TalkOptions['microphone']) => TalkCall;
}): JSX.Element {
  const [headphones, setHeadphones] = useState(false);
  const [picked, setPicked] = useState<string | null>(null);
  const agent = picked ?? agents.find((one) => one.default)?.name ?? agents[0]?.name ?? '';
  const talking = call !== null && call.phase !== 'over';
  const speak = (file: File | undefined): void => {
    if (file === undefined || agent === '') return;
    const target = talking ? call : onBegin(agent, 'none');
    void target.speak(file);
  };
  return (
    <section
      class="card talk-bar"
      aria-label="Call"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        speak(event.dataTransfer?.files[0]);
      }}
    >
      <label>
        <span>Agent</span>
        <select
          id="agent"
          value={agent}
          disabled={talking}
          onChange={({ currentTarget }) => setPicked(currentTarget.value)}
        >
          {agents.map(({ name, backends }) => (
            <option key={name} value={name}>
              {name} ({backends.join(', ')})
            </option>
          ))}
        </select>
      </label>
      {talking ? (
        <Controls call={call} />
      ) : (
        <button
          id="begin"
          type="button"
          class="primary"
          disabled={agent === ''}
          onClick={() => onBegin(agent, headphones ? 'headphones' : 'loudspeaker')}
        >
          Start talking
        </button>
      )}
      {!talking && (
        <label class="check">
          <input
            id="headphones"
            type="checkbox"
            checked={headphones}
            onChange={({ currentTarget }) => setHeadphones(currentTarget.checked)}
          />
          I wear headphones
        </label>
      )}
      <label class="file">
        <span>{talking ? 'Say a file' : 'or say a file'}</span>
        <input
          id="file"
          type="file"
          accept="audio/*,.wav"
          onChange={({ currentTarget }) => {
            speak(currentTarget.files?.[0]);
            currentTarget.value = '';
          }}
        />
      </label>
      {talking && call.callId !== null && (
        <OperatorControls
          {...{ api, may, callId: call.callId, serving: call.backend }}
          backends={agents.filter(({ name }) => name === call.agentName).flatMap(backendsOf)}
        />
      )}
      {call !== null && <Status call={call} />}
    </section>
  );
}

function Controls({ call }: { readonly call: TalkCall }): JSX.Element {
  return (
    <>
      <button
        id="mute"
        type="button"
        aria-pressed={call.muted}
        onClick={() => call.mute(!call.muted)}
      >
        {call.muted ? 'Unmute' : 'Mute'}
      </button>
      <button id="interrupt" type="button" onClick={() => call.interrupt()}>
        Interrupt
      </button>
      <button id="hang-up" type="button" class="danger" onClick={() => call.close()}>
        Hang up
      </button>
    </>
  );
}

function Status({ call }: { readonly call: TalkCall }): JSX.Element {
  const { phase, callId, backend, agentName, nowMs } = call;
  return (
    <p class="status" role="status" data-phase={phase} data-call={callId ?? ''}>
      <span class={`dot ${phase}`} aria-hidden="true" />
      {phase === 'opening' && 'Opening …'}
      {phase === 'running' &&
        `On the line with ${agentName}${backend === null ? '' : ` (${backend})`}`}
      {phase === 'over' && `Over after ${place(nowMs)}`}
      {callId !== null && (
        <>
          {' · '}
          <a href={`#/calls/${callId}`}>{phase === 'over' ? 'open the call' : 'details'}</a>
        </>
      )}
    </p>
  );
}
