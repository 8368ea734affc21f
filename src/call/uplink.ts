import { ChunkHistory } from '../audio/chunk-history.ts';
import { BackendUplink } from './backend-uplink.ts';
import { ChunkTimeline, type Chunk } from '../audio/chunk.ts';
import { msToSamples, sameFormat, samplesToMs, type AudioFormat } from '../audio/format.ts';
import { decodeSamples } from '../audio/samples.ts';
import { lastAudibleEnd } from '../audio/level.ts';
import { createResampler, type Resampler } from '../audio/resampler.ts';
import { CallError } from '../ports/errors.ts';
import { CaptureClock } from './capture-clock.ts';
import type { BackendCommand } from '../ports/backend.ts';
import { EndOfTurnAsker } from './end-of-turn-asker.ts';
import type { EchoLadder } from './echo-ladder.ts';
import type { DetectorPort, DetectorStream } from '../ports/detector.ts';
import type { EndOfTurnPort } from '../ports/end-of-turn.ts';

/** Caller audio kept in memory, ms. */
const uplinkHistoryMs = 15_000;

export interface UplinkOptions {
  /** What a call starts with; see {@link Uplink.setFormat}. */
  readonly format: AudioFormat;
  readonly detector: DetectorPort | null;
  /** A score on the uplink's own clock. */
  readonly onScore: (probability: number, audioMs: number, frameMs: number) => void;
  /** What stands between the caller's audio and the detector. */
  readonly echo: EchoLadder;
  readonly endOfTurn: EndOfTurnPort | null;
  /** The end-of-turn model's answer about the speech that stopped at this position. */
  readonly onEndOfTurn: (probability: number, speechEndAudioMs: number) => void;
  readonly onDetectorFailed: (error: Error) => void;
  /** Audio for the backend, as it came; see {@link Uplink.forBackend}. */
  readonly onChunk: (chunk: Chunk) => void;
}

interface Listening {
  readonly stream: DetectorStream;
  readonly resampler: Resampler;
  readonly asker: EndOfTurnAsker | null;
}

/**
 * What the caller says: one timeline in the client's format, its latest seconds, and what the
 * backend and the detector get of it.
 */
export class Uplink {
  readonly #options: UplinkOptions;
  #timeline: ChunkTimeline;
  #history: ChunkHistory;
  readonly #capture = new CaptureClock();
  #toBackend: BackendUplink | null = null;
  #listening: Listening | null = null;
  /** The client was told that there is no detector. */
  #deaf = false;
  /** Start of the audio that no commit has taken and no clear forgotten, in samples. */
  uncommittedSample = 0;

  constructor(options: UplinkOptions) {
    this.#options = options;
    this.#timeline = new ChunkTimeline(options.format);
    this.#history = new ChunkHistory(options.format, uplinkHistoryMs);
  }

  get format(): AudioFormat {
    return this.#timeline.format;
  }

  /**
   * What the client is going to send: everything that depends on it begins anew. Nothing happens
   * where it is so already.
   *
   * @throws TypeError for another format once there is audio
   */
  setFormat(format: AudioFormat): void {
    if (sameFormat(format, this.format)) return;
    if (this.endSample > 0) throw new TypeError('an uplink in use keeps its format');
    this.#timeline = new ChunkTimeline(format);
    this.#history = new ChunkHistory(format, uplinkHistoryMs);
    if (this.#toBackend !== null) this.connect(this.#toBackend.format);
    if (this.#listening === null) return;
    const { stream, resampler, asker } = this.#listening;
    this.#listening = {
      stream,
      asker,
      resampler: createResampler({ fromHz: format.rateHz, toHz: resampler.toHz }),
    };
    resampler.close();
  }

  /** Samples written so far. */
  get endSample(): number {
    return this.#timeline.endSample;
  }

  /** Position of the end on the sample clock, ms. */
  get endMs(): number {
    return samplesToMs(this.#timeline.endSample, this.format.rateHz);
  }

  /** Opens the backend's side. Positions there are the client's, scaled by the rates. */
  connect(format: AudioFormat): void {
    this.#toBackend?.close();
    this.#toBackend = new BackendUplink(this.format, format);
  }

  /** The same, where the backend has been told some of it already. */
  goOnWith(uplink: BackendUplink): void {
    this.#toBackend?.close();
    this.#toBackend = uplink;
  }

  /**
   * A command in the terms of the connected backend: its format, positions at its rate. To be asked
   * for in the order of sending, once each, when it is known which backend gets it.
   * @returns `null` where nothing is left to send
   */
  forBackend(command: BackendCommand): BackendCommand | null {
    if (this.#toBackend !== null) return this.#toBackend.adapt(command);
    return command.type === 'audio' ? null : command;
  }

  /** Rate of the backend's side, Hz. */
  get backendRateHz(): number {
    return (this.#toBackend?.format ?? this.format).rateHz;
  }

  /** Starts or stops listening for speech; a start begins with a fresh detector. */
  listen(on: boolean): void {
    if (!on) this.#stopListening();
    else if (this.#listening === null) this.#startListening();
  }

  /** @param nowMs call time of the arrival; the bytes are handed over */
  push(bytes: Uint8Array, nowMs: number): void {
    if (bytes.byteLength === 0) return;
    const chunk = this.#timeline.append(bytes, nowMs);
    this.#history.append(chunk);
    this.#capture.arrived(this.endMs, nowMs);
    this.#options.onChunk(chunk);
    if (this.#listening !== null) {
      const { resampler, asker } = this.#listening;
      const pcm = resampler.process(decodeSamples(bytes, this.format.codec));
      asker?.push(pcm);
      this.#options.echo.hear(pcm);
    }
  }

  /**
   * Caller audio of the latest seconds by the connected backend's positions, for as long as the
   * connection lasts; `null` where it gets another format than is kept here.
   */
  recall(): ((fromSample: number, toSample: number) => Uint8Array | null) | null {
    const to = this.#toBackend;
    if (to === null || !sameFormat(to.format, this.format)) return null;
    return (fromSample, toSample) => this.slice(fromSample, toSample);
  }

  /** Asks the end-of-turn model about the speech from one position on, if there is a model. */
  askEndOfTurn(of: { readonly fromAudioMs: number; readonly speechEndAudioMs: number }): void {
    this.#listening?.asker?.ask(of);
  }

  /** Bytes of [fromSample, toSample), or `null` where they are no longer kept. */
  slice(fromSample: number, toSample: number): Uint8Array | null {
    return this.#history.slice(fromSample, toSample);
  }

  /** First sample still kept. */
  get firstKeptSample(): number {
    return this.#history.firstSample;
  }

  /** Nearest sample to a position on the sample clock, inside what was written. */
  sampleAt(audioMs: number): number {
    return Math.max(0, Math.min(msToSamples(audioMs, this.format.rateHz), this.endSample));
  }

  /** Call time at which a recent position was spoken. */
  callTimeOf(audioMs: number): number {
    return this.#capture.callTimeOf(audioMs);
  }

  /**
   * Where the caller's sound really ended, near a position at which speech was taken to end: detectors
   * hear on for a while. The position itself where nothing before it is audible, or no longer kept.
   *
   * @param lookBackMs how much earlier it may have been
   */
  audibleEndMs(audioMs: number, lookBackMs: number): number {
    const toSample = this.sampleAt(audioMs);
    const fromSample = Math.max(this.firstKeptSample, this.sampleAt(audioMs - lookBackMs));
    const bytes = fromSample < toSample ? this.slice(fromSample, toSample) : null;
    if (bytes === null) return audioMs;
    const { codec, rateHz } = this.format;
    const end = lastAudibleEnd(decodeSamples(bytes, codec), rateHz);
    return end === null ? audioMs : samplesToMs(fromSample + end, rateHz);
  }

  close(): void {
    this.#stopListening();
    this.#toBackend?.close();
    this.#toBackend = null;
  }

  #startListening(): void {
    const { detector, onScore, onDetectorFailed } = this.#options;
    if (detector === null) {
      // The settings promise detection: the client has to know, once, that nobody listens.
      if (this.#deaf) return;
      this.#deaf = true;
      onDetectorFailed(new CallError('detector_failed', 'Speech is not detected: no detector.'));
      return;
    }
    const resampler = createResampler({ fromHz: this.format.rateHz, toHz: detector.rateHz });
    const originMs = this.endMs;
    const frameMs = samplesToMs(detector.frameSamples, detector.rateHz);
    let stream: DetectorStream;
    try {
      stream = detector.open(
        ({ probability, endSample }) => {
          if (this.#listening?.stream !== stream) return;
          onScore(probability, originMs + samplesToMs(endSample, detector.rateHz), frameMs);
        },
        (error) => {
          this.#stopListening();
          onDetectorFailed(error);
        },
      );
    } catch (thrown) {
      // A detector that is not there (any more): the call goes on with manual turns.
      resampler.close();
      onDetectorFailed(thrown instanceof Error ? thrown : new Error('the detector is gone'));
      return;
    }
    this.#listening = { stream, resampler, asker: this.#openAsker(detector.rateHz, originMs) };
    this.#options.echo.listen(detector.rateHz, originMs, (pcm) => stream.push(pcm));
  }

  #openAsker(rateHz: number, originMs: number): EndOfTurnAsker | null {
    const { endOfTurn, onEndOfTurn } = this.#options;
    return endOfTurn === null
      ? null
      : EndOfTurnAsker.open({ port: endOfTurn, rateHz, originMs, onScore: onEndOfTurn });
  }

  #stopListening(): void {
    const listening = this.#listening;
    this.#listening = null;
    this.#options.echo.deafen();
    listening?.stream.close();
    listening?.asker?.close();
    listening?.resampler.close();
  }
}
