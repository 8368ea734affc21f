import { AudibleOnset } from '../audio/level.ts';
import { bytesPerSample, msToSamples, samplesToMs, type AudioFormat } from '../audio/format.ts';
import { ByteStore } from '../audio/byte-store.ts';
import { LineText } from './line-text.ts';
import type { Line, LineExtent } from '../ports/events.ts';
import type { LineOutcome, Usage } from '../ports/backend.ts';
import type { PlayoutClock } from './playout.ts';

/** Audio of one agent line kept for `retrieve`: its first half minute, ms. */
const keptLimitMs = 30_000;

/** One line while the call knows it: what was generated, sent and heard of it. */
export class LineTrack {
  readonly line: Line;
  readonly format: AudioFormat;
  readonly text = new LineText();
  readonly onset: AudibleOnset;
  /** Text given to the client. */
  sentText = '';
  generatedSamples = 0;
  sentSamples = 0;
  /** Set when the backend has finished: what the line will end as once everything is sent. */
  outcome: { readonly outcome: LineOutcome; readonly usage: Usage | null } | null = null;
  /** Logged as closed. */
  closed = false;
  /** Closed, and said to its end. */
  completed = false;
  /** The item stands in the conversation. */
  placed = false;
  /** Call time of the backend's latest sign of life about this line. */
  lastEventAtMs: number;
  readonly #playout: PlayoutClock;
  #downlinkStart: number | null = null;
  #frozenHeardMs: number | null = null;
  #acknowledgedMs: number | null = null;
  readonly #kept: ByteStore;

  constructor(line: Line, format: AudioFormat, playout: PlayoutClock, nowMs: number) {
    this.line = line;
    this.format = format;
    this.onset = new AudibleOnset(format.rateHz, 0, format.codec);
    this.#kept = new ByteStore(
      msToSamples(keptLimitMs, format.rateHz) * bytesPerSample(format.codec),
    );
    this.#playout = playout;
    this.lastEventAtMs = nowMs;
  }

  get inBand(): boolean {
    return this.line.epoch !== null;
  }

  get generatedMs(): number {
    return samplesToMs(this.generatedSamples, this.format.rateHz);
  }

  get sentMs(): number {
    return samplesToMs(this.sentSamples, this.format.rateHz);
  }

  get acknowledgedMs(): number | null {
    return this.#acknowledgedMs;
  }

  /** Counts audio given to the client; in-band audio takes its place on the downlink. */
  sent(bytes: Uint8Array, nowMs: number): void {
    const samples = bytes.byteLength / bytesPerSample(this.format.codec);
    if (this.inBand) {
      this.#downlinkStart ??= this.#playout.sentSample;
      this.#playout.sent(samples, nowMs);
    }
    this.sentSamples += samples;
    this.#kept.append(bytes);
  }

  /** The client says that its player has come this far. Never goes back, never past what was sent. */
  acknowledge(playedMs: number): void {
    const playable = Math.min(Math.max(0, playedMs), this.sentMs);
    this.#acknowledgedMs = Math.max(this.#acknowledgedMs ?? 0, playable);
  }

  /** Audio that had reached the ear, ms. */
  heardMs(nowMs: number, roundTripMs: number): number {
    if (this.#frozenHeardMs !== null) return this.#frozenHeardMs;
    if (this.#acknowledgedMs !== null) return this.#acknowledgedMs;
    if (this.#downlinkStart === null) return 0;
    const heard = this.#playout.heardSample(nowMs, roundTripMs) - this.#downlinkStart;
    return samplesToMs(Math.max(0, Math.min(heard, this.sentSamples)), this.format.rateHz);
  }

  /** Nothing more of it will be heard than `heardMs`. Later calls may only lower it. */
  freeze(heardMs: number): void {
    this.#frozenHeardMs = Math.max(0, Math.min(heardMs, this.#frozenHeardMs ?? Infinity));
  }

  get frozen(): boolean {
    return this.#frozenHeardMs !== null;
  }

  heardText(nowMs: number, roundTripMs: number): string {
    if (this.line.modality === 'text') return this.sentText;
    return this.text.heard(this.heardMs(nowMs, roundTripMs), this.generatedMs);
  }

  extent(nowMs: number, roundTripMs: number): LineExtent {
    return {
      generatedMs: this.generatedMs,
      sentMs: this.sentMs,
      heardMs: this.heardMs(nowMs, roundTripMs),
      sentText: this.sentText,
      heardText: this.heardText(nowMs, roundTripMs),
    };
  }

  /** Bytes given to the client, cut at what was heard if that is settled; `null` when dropped. */
  audio(): Uint8Array | null {
    if (this.#kept.lengthBytes === 0) return null;
    if (this.#frozenHeardMs === null) return this.#kept.bytes();
    const samples = msToSamples(this.#frozenHeardMs, this.format.rateHz);
    return this.#kept.bytes(samples * bytesPerSample(this.format.codec));
  }

  /** Forgets the audio: only the last line's is kept. */
  dropAudio(): void {
    this.#kept.clear();
  }
}
