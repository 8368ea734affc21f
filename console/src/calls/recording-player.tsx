import type { JSX, RefObject } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { CallRecord } from '../../../src/ports/store.ts';
import type { Api } from '../api.ts';
import { saveBlob } from '../save.ts';
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
  const [wanted, setWanted] = useState(false);
  const [recording, setRecording] = useState<LoadedRecording | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const { callId, durationMs } = record;
  useEffect(() => {
    if (!wanted) return;
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
  const save = async (file: string, name: string): Promise<void> => {
    try {
      const path = `/api/calls/${encodeURIComponent(callId)}/recording/${file}`;
      saveBlob(await (await api.request(path)).blob(), name);
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
            disabled={wanted && problem === null}
            onClick={() => setWanted(true)}
          >
            {wanted && problem === null ? 'Loading …' : 'Load'}
          </button>
        )}
        {recording !== null && (
          <button type="button" onClick={() => saveBlob(recording.file, `${callId}.flac`)}>
            Download FLAC
          </button>
        )}
        {others.map(([file, name, ending]) => (
          <button
            key={file}
            type="button"
            onClick={() => void save(file, `${callId}-${file}.${ending}`)}
          >
            {name}
          </button>
        ))}
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
