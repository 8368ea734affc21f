import { AudibleOnset, isAudible } from '../audio/level.ts';
import { decodeSamples } from '../audio/samples.ts';
import { bytesPerSample, msToSamples, samplesToMs, type AudioFormat } from '../audio/format.ts';
import { ByteStore } from '../audio/byte-store.ts';
import { LineText } from './line-text.ts';
import type { HeardBy, Line, LineExtent } from '../ports/events.ts';
import type { TrackOutcome } from './line-end.ts';
import type { Usage } from '../ports/backend.ts';
import type { WordTime } from '../ports/conversation.ts';
import type { PlayoutClock } from './playout.ts';
import type { SpeechFigures } from '../ports/health.ts';

/** Audio of one agent line kept for `retrieve`: its first half minute, ms. */
const keptLimitMs = 12_000;
/** What of the end of a line's audio tells whether it ends within a sound, ms. */
const tailMs = 20;
/** How long after a cut an acknowledgement may still say what was heard, ms. */
const lateAcknowledgementMs = 1000;

/** What counts as heard, once nothing more of the line will be. */
interface Settled {
  readonly heardMs: number;
  readonly by: 'acknowledgement' | 'clock';
  /** Call time up to which an acknowledgement corrects it. */
  readonly openUntilMs: number;
}

interface BreakOff {
  readonly textEndMs: number;
  readonly figures: SpeechFigures;
}

/** One line while the call knows it: what was generated, sent and heard of it. */
export class LineTrack {
  readonly line: Line;
  readonly format: AudioFormat;
  text = new LineText();
  readonly onset: AudibleOnset;
  /** Text given to the client. */
  sentText = '';
  generatedSamples = 0;
  sentSamples = 0;
  /** The last audio that was generated, in the client's format; may be empty. */
  latest: Uint8Array = new Uint8Array(0);
  /** Set when the backend has finished: what the line will end as once everything is sent. */
  outcome: { readonly outcome: TrackOutcome; readonly usage: Usage | null } | null = null;
  /** Logged as closed. */
  closed = false;
  /** What it begins with that is not its backend's: samples, and the words. */
  prefaceSamples = 0;
  prefaceText = '';
  readonly #prefaceWords: WordTime[] = [];
  /** Something that the backend said in it was kept from the caller by the gate. */
  withheld = false;
  /** Closed, and said to its end. */
  completed = false;
  /** The item stands in the conversation. */
  placed = false;
  /** Call time of the backend's latest sign of life about this line. */
  lastEventAtMs: number;
  /** Call time at which it was asked for; `null` once its audio has begun, or where nobody asked. */
  askedAtMs: number | null;
  readonly #playout: PlayoutClock;
  #downlinkStart: number | null = null;
  #settled: Settled | null = null;
  #acknowledgedMs: number | null = null;
  /** Where the client says that it ended the line. */
  #clientEndMs: number | null = null;
  #breakOff: BreakOff | null = null;
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
    this.askedAtMs = line.cause === 'backend' || line.cause === 'stream' ? null : nowMs;
  }

  get inBand(): boolean {
    return this.line.epoch !== null;
  }

  get generatedMs(): number {
    return samplesToMs(this.generatedSamples, this.format.rateHz);
  }

  /** Length of what is not its backend's, ms. */
  get prefaceMs(): number {
    return samplesToMs(this.prefaceSamples, this.format.rateHz);
  }

  get sentMs(): number {
    return samplesToMs(this.sentSamples, this.format.rateHz);
  }

  get acknowledgedMs(): number | null {
    return this.#acknowledgedMs;
  }

  /** Where its text ended on its audio when its backend was lost in it; `null`: that is not known. */
  get breakOff(): BreakOff | null {
    return this.#breakOff;
  }

  /** Whether it is decided what was heard of it. */
  get settled(): boolean {
    return this.#settled !== null;
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

  /**
   * The client says that its player has come this far. Never goes back, never past what was sent.
   * Within a second after a cut it still decides what was heard, in place of the clock.
   *
   * @returns whether what had been settled is something else now
   */
  acknowledge(playedMs: number, nowMs: number): boolean {
    const playable = Math.min(Math.max(0, playedMs), this.sentMs);
    const acknowledgedMs = Math.max(this.#acknowledgedMs ?? 0, playable);
    this.#acknowledgedMs = acknowledgedMs;
    if (this.#settled === null || nowMs > this.#settled.openUntilMs) return false;
    const beforeMs = this.#settledMs(this.#settled);
    this.#settled = { ...this.#settled, heardMs: acknowledgedMs, by: 'acknowledgement' };
    return this.#settledMs(this.#settled) !== beforeMs;
  }

  /** Audio that had reached the ear, ms. */
  heardMs(nowMs: number, roundTripMs: number): number {
    if (this.#settled !== null) return this.#settledMs(this.#settled);
    if (this.#acknowledgedMs !== null) return this.#acknowledgedMs;
    if (this.#downlinkStart === null) return 0;
    const heard = this.#playout.heardSample(nowMs, roundTripMs) - this.#downlinkStart;
    return samplesToMs(Math.max(0, Math.min(heard, this.sentSamples)), this.format.rateHz);
  }

  /** Call time at which a sample of it reaches the ear by the clock; `null` before any was given. */
  heardAtMs(sample: number, roundTripMs: number): number | null {
    if (this.#downlinkStart === null) return null;
    return this.#playout.heardAtMs(this.#downlinkStart + sample, roundTripMs);
  }

  /** Nothing that its backend has made of it has been given to the client. */
  get unheard(): boolean {
    const { prefaceSamples, prefaceText, sentSamples, sentText } = this;
    return sentSamples <= prefaceSamples && sentText.length <= prefaceText.length;
  }

  /** All that it says so far is not its backend's. @param words the latest of it, on the line */
  prefaced(words: readonly WordTime[]): void {
    this.prefaceSamples = this.generatedSamples;
    this.prefaceText = this.text.text;
    this.#prefaceWords.push(...words);
  }

  /** It is to be made anew, but for what it begins with: nothing else was given to the client. */
  restart(nowMs: number): void {
    this.text = new LineText();
    if (this.prefaceText !== '') this.text.append(this.prefaceText, this.#prefaceWords);
    this.generatedSamples = this.prefaceSamples;
    this.outcome = null;
    this.lastEventAtMs = nowMs;
  }

  /** Nothing of it is said after this sample, which may still have to be given. */
  shorten(toSample: number): void {
    this.text.cut(samplesToMs(toSample, this.format.rateHz), this.generatedMs);
    this.generatedSamples = toSample;
  }

  /**
   * The same, where the backend was lost in it: of its text only what that audio can hold counts as
   * said, and of its audio only what that text can say is known.
   *
   * @param figures how the backend's words lie on its sound; `null`: too little is known of it, or its
   *   text comes with the audio that says it
   */
  breakAt(toSample: number, figures: SpeechFigures | null): void {
    const within = toSample >= this.generatedSamples && this.#endsInSound();
    const wholeMs = within ? this.text.wholeMs(this.generatedMs) : this.generatedMs;
    const textEndMs = figures === null ? null : this.text.endMs(figures);
    this.text.cut(samplesToMs(toSample, this.format.rateHz), textEndMs ?? wholeMs);
    this.generatedSamples = toSample;
    if (figures !== null && textEndMs !== null) this.#breakOff = { textEndMs, figures };
  }

  /** Nothing more of it will be heard than by now. The first settlement counts. */
  settle(nowMs: number, roundTripMs: number): void {
    this.#settle(this.heardMs(nowMs, roundTripMs), -Infinity);
  }

  /** The same, at a cut: the client may still say how far it had come. */
  cut(nowMs: number, roundTripMs: number): void {
    this.#settle(this.heardMs(nowMs, roundTripMs), nowMs + lateAcknowledgementMs);
  }

  /** It was played to its end, as far as the client acknowledged, or else as far as it was sent. */
  heardOut(): void {
    this.#settle(this.#acknowledgedMs ?? this.sentMs, -Infinity);
  }

  /** The client ended it here. Its wall clock may only lower what counts as heard, never raise it. */
  truncate(audioEndMs: number, nowMs: number, roundTripMs: number): void {
    this.cut(nowMs, roundTripMs);
    this.#clientEndMs = Math.max(0, Math.min(audioEndMs, this.#clientEndMs ?? Infinity));
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
      heardBy: this.#heardBy(),
      wordsBy: this.text.exact ? 'times' : 'proportion',
    };
  }

  /** Bytes given to the client, cut at what was heard if that is settled; `null` when dropped. */
  audio(): Uint8Array | null {
    if (this.#kept.lengthBytes === 0) return null;
    if (this.#settled === null) return this.#kept.bytes();
    const samples = msToSamples(this.#settledMs(this.#settled), this.format.rateHz);
    return this.#kept.bytes(samples * bytesPerSample(this.format.codec));
  }

  /** Forgets the audio: only the last line's is kept. */
  dropAudio(): void {
    this.#kept.clear();
  }

  #endsInSound(): boolean {
    const { codec, rateHz } = this.format;
    const tail = msToSamples(tailMs, rateHz) * bytesPerSample(codec);
    const from = Math.max(0, this.latest.byteLength - tail);
    return isAudible(decodeSamples(this.latest.subarray(from), codec));
  }

  #settle(heardMs: number, openUntilMs: number): void {
    const by = this.#acknowledgedMs === null ? 'clock' : 'acknowledgement';
    this.#settled ??= { heardMs, by, openUntilMs };
  }

  #settledMs({ heardMs }: Settled): number {
    return Math.min(heardMs, this.#clientEndMs ?? Infinity);
  }

  #heardBy(): HeardBy {
    if (this.#settled === null) return this.#acknowledgedMs === null ? 'clock' : 'acknowledgement';
    return this.#settledMs(this.#settled) < this.#settled.heardMs ? 'client' : this.#settled.by;
  }
}
