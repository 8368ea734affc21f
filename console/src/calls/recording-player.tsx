import type { JSX, RefObject } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { CallRecord } from '../../../src/ports/store.ts';
import type { Api } from '../api.ts';
import { saveBlob } from '../save.ts';
import { testCaseOf } from './test-case.ts';
import { loadRecording, type LoadedRecording } from './recording.ts';

/** What else there is of a recording: name of the file, and what it is called here. */
const others = [
  ['transcript', 'Transcript', 'txt'],
  ['events', 'Event log', 'jsonl'],
] as const;

export interface RecordingPlayerProps {
  readonly api: Api;
  readonly record: CallRecord;
  readonly player: RefObject<HTMLAudioElement | null>;
  readonly onLoaded: (recording: LoadedRecording | null) => void;
  readonly onPlaying: (playing: boolean) => void;
}

/** Plays a call's recording and offers its files. Nothing is fetched before it is asked for. */
export function RecordingPlayer(props: RecordingPlayerProps): JSX.Element {
  const { api, record, player, onLoaded, onPlaying } = props;
  /** How often it was asked for. */
  const [wanted, setWanted] = useState(0);
  const [recording, setRecording] = useState<LoadedRecording | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const { callId, durationMs, startedAt } = record;
  useEffect(() => {
    if (wanted === 0) return;
    const over = new AbortController();
    let url: string | null = null;
    const load = async (): Promise<void> => {
      try {
        const loaded = await loadRecording(api, { callId, durationMs }, over.signal);
        ({ url } = loaded);
        if (over.signal.aborted) URL.revokeObjectURL(loaded.url);
        else {
          setRecording(loaded);
          onLoaded(loaded);
        }
      } catch (error) {
        if (!over.signal.aborted)
          setProblem(error instanceof Error ? error.message : String(error));
      }
    };
    void load();
    return () => {
      over.abort();
      if (url !== null) URL.revokeObjectURL(url);
    };
  }, [api, wanted, callId, durationMs, onLoaded]);
  const loading = wanted > 0 && recording === null && problem === null;
  const save = async (content: () => Promise<Blob>, name: string): Promise<void> => {
    try {
      saveBlob(await content(), name);
      setProblem(null);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <section class="card" aria-labelledby="recording-title">
      <header class="row">
        <h2 id="recording-title">Recording</h2>
        {recording === null && (
          <button
            type="button"
            id="load"
            disabled={loading}
            onClick={() => {
              setProblem(null);
              setWanted(wanted + 1);
            }}
          >
            {loading ? 'Loading …' : 'Load'}
          </button>
        )}
        {recording !== null && (
          <button
            id="flac"
            type="button"
            onClick={() => saveBlob(recording.file, `${callId}.flac`)}
          >
            Download FLAC
          </button>
        )}
        {others.map(([file, name, ending]) => (
          <button
            key={file}
            type="button"
            onClick={() =>
              void save(async () => {
                const path = `/api/calls/${encodeURIComponent(callId)}/recording/${file}`;
                return (await api.request(path)).blob();
              }, `${callId}-${file}.${ending}`)
            }
          >
            {name}
          </button>
        ))}
        <button
          id="test-case"
          type="button"
          title="The folder that parley replay reads"
          onClick={() =>
            void save(() => testCaseOf(api, { callId, startedAt }), `${callId}.tar.gz`)
          }
        >
          Test case
        </button>
      </header>
      {problem !== null && <p class="problem">{problem}</p>}
      {recording !== null && (
        <audio
          ref={player}
          class="player"
          controls
          src={recording.url}
          onPlay={() => onPlaying(true)}
          onPause={() => onPlaying(false)}
          onEnded={() => onPlaying(false)}
          onSeeked={() => onPlaying(!(player.current?.paused ?? true))}
        />
      )}
      <p class="faint">Left: what the caller said. Right: what the caller heard.</p>
    </section>
  );
}
