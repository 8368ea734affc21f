import { bytesPerSample, msToSamples, pcm24k, type AudioFormat } from '../audio/format.ts';
import { PlayoutClock } from '../call/playout.ts';
import type { CompiledRule } from '../gate/rules.ts';
import type { DownlinkAudio } from '../ports/client.ts';
import type { LogEntry } from '../ports/events.ts';
import type { Placement, RecordingPlan, RecordingSink } from '../ports/recording.ts';
import { CallerTrack } from './caller-track.ts';
import { HeardLine, merged, without } from './heard-line.ts';
import { HiddenSpeech } from './hidden-speech.ts';

export interface SoundRecorderOptions {
  readonly sink: Pick<RecordingSink, 'write'>;
  /** Longest sound, ms of call time; what comes later is left out. */
  readonly limitMs: number;
  /** What is to be silent is found with these; `null`: nothing is. */
  readonly rules: readonly CompiledRule[] | null;
}

/** Silenced before and after words that are taken out of a line, ms. */
const marginMs = 250;

/** Both sides of a call as they sounded: what was said when, and what was heard when. */
export class SoundRecorder {
  readonly #options: SoundRecorderOptions;
  readonly #hidden: HiddenSpeech | null;
  #caller: CallerTrack | null = null;
  #agentFormat: AudioFormat | null = null;
  #playout: PlayoutClock | null = null;
  #givenSamples = 0;
  /** By line, in the order in which they began to be given. */
  readonly #lines = new Map<string, HeardLine>();
  readonly #byItem = new Map<string, HeardLine>();
  /** Lines that no ear is to hear. */
  readonly #outOfBand = new Set<string>();
  #roundTripMs = 0;

  constructor(options: SoundRecorderOptions) {
    this.#options = options;
    this.#hidden = options.rules === null ? null : new HiddenSpeech(options.rules);
  }

  /** The caller's audio came and was taken. */
  said(bytes: Uint8Array, format: AudioFormat, atMs: number): void {
    if (atMs > this.#options.limitMs) return;
    this.#caller ??= new CallerTrack(format);
    this.#caller.push(bytes.byteLength / bytesPerSample(format.codec), atMs);
    this.#options.sink.write('caller', bytes);
  }

  /** Audio is given to the client. */
  gives(audio: DownlinkAudio, format: AudioFormat, atMs: number): void {
    if (atMs > this.#options.limitMs || this.#outOfBand.has(audio.lineId)) return;
    this.#agentFormat ??= format;
    this.#playout ??= new PlayoutClock(format.rateHz);
    const samples = audio.bytes.byteLength / bytesPerSample(format.codec);
    const playsAtMs = atMs + this.#playout.leadMs(atMs);
    this.#playout.sent(samples, atMs);
    const line = this.#lines.get(audio.lineId) ?? new HeardLine();
    this.#lines.set(audio.lineId, line);
    this.#byItem.set(audio.itemId, line);
    line.given(this.#givenSamples, samples, playsAtMs);
    this.#givenSamples += samples;
    this.#options.sink.write('agent', audio.bytes);
  }

  /** The log as it is. @param roundTripMs to the client, as last measured */
  entry(entry: LogEntry, roundTripMs: number): void {
    this.#roundTripMs = roundTripMs;
    this.#hidden?.push(entry, (lineId) => this.#lines.get(lineId)?.sentSamples ?? 0);
    if (entry.type === 'line.opened' && entry.line.epoch === null) {
      this.#outOfBand.add(entry.line.lineId);
    }
    if (entry.type === 'playback.acknowledged') {
      const line = this.#byItem.get(entry.itemId);
      line?.acknowledged(entry.playedMs, entry.atMs - roundTripMs / 2);
    }
    if (entry.type === 'agent.cut') this.#playout?.flushed(entry.atMs);
    if (entry.type === 'line.closed' || entry.type === 'line.heard' || entry.type === 'agent.cut') {
      this.#lines.get(entry.lineId)?.heard(entry.extent.heardMs, entry.extent.heardBy);
    }
  }

  plan(durationMs: number): Omit<RecordingPlan, 'documents'> {
    const caller = this.#caller ?? new CallerTrack(pcm24k);
    const said =
      this.#hidden === null
        ? caller.placements
        : without(caller.placements, this.#hidden.ofCaller(caller.samples));
    const format = this.#agentFormat ?? pcm24k;
    return {
      caller: { format: caller.format, placements: said },
      agent: { format, placements: this.#heard(format) },
      durationMs: Math.min(durationMs, this.#options.limitMs),
    };
  }

  #heard({ rateHz }: AudioFormat): readonly Placement[] {
    const placed: Placement[] = [];
    let free = 0;
    for (const [lineId, line] of this.#lines) {
      const placements = line.placements(rateHz, this.#roundTripMs, free);
      const last = placements.at(-1);
      if (last !== undefined) free = last.atSample + last.samples;
      placed.push(...(this.#hidden === null ? placements : this.#shown(lineId, line, placements)));
    }
    return merged(placed);
  }

  #shown(lineId: string, line: HeardLine, placements: readonly Placement[]): readonly Placement[] {
    const rateHz = this.#agentFormat?.rateHz ?? pcm24k.rateHz;
    const margin = msToSamples(marginMs, rateHz);
    const hidden = this.#hidden!.ofLine(lineId, line.sentSamples, margin);
    return without(
      placements,
      hidden.flatMap(([from, to]) => line.written(from, to)),
    );
  }
}
