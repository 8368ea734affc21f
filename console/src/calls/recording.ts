import type { Api } from '../api.ts';
import { PeakTrack } from '../timeline/peak-track.ts';

/** A recorded call, ready to be played and drawn. */
export interface LoadedRecording {
  /** Address of the file for a player; to be revoked. */
  readonly url: string;
  readonly file: Blob;
  /** What the caller said, and what the caller heard; `null` where it is too long to be drawn. */
  readonly caller: PeakTrack | null;
  readonly agent: PeakTrack | null;
}

/** Longest recording that is drawn, ms: as numbers it takes 11 MB a minute. */
const drawnLimitMs = 30 * 60_000;
/** Any rate would do: peaks are all that is drawn. */
const drawnRateHz = 24_000;
const blockSamples = 24_000;

/** Fetches a recording and finds its peaks. @throws ApiError where there is none */
export async function loadRecording(
  api: Api,
  { callId, durationMs }: { readonly callId: string; readonly durationMs: number | null },
  signal: AbortSignal,
): Promise<LoadedRecording> {
  const path = `/api/calls/${encodeURIComponent(callId)}/recording/audio`;
  const file = await (await api.request(path, signal)).blob();
  const url = URL.createObjectURL(file);
  if (durationMs === null || durationMs > drawnLimitMs) {
    return { url, file, caller: null, agent: null };
  }
  try {
    const context = new OfflineAudioContext(2, 1, drawnRateHz);
    const sound = await context.decodeAudioData(await file.arrayBuffer());
    return { url, file, caller: peaks(sound, 0), agent: peaks(sound, 1) };
  } catch {
    // A browser that plays it and cannot decode it here: it is heard and not seen.
    return { url, file, caller: null, agent: null };
  }
}

function peaks(sound: AudioBuffer, channel: number): PeakTrack {
  const samples = sound.getChannelData(channel);
  const track = new PeakTrack(Math.max(1_000, sound.duration * 1000 + 100));
  for (let from = 0; from < samples.length; from += blockSamples) {
    const block = samples.subarray(from, from + blockSamples);
    track.write(block, ((from + block.length) / sound.sampleRate) * 1000, sound.sampleRate);
  }
  return track;
}
