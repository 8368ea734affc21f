import type { ClientMessage } from '../../../protocol/gemini-live/client-messages.ts';
import type { Chunk } from '../../../src/audio/chunk.ts';
import { msToSamples } from '../../../src/audio/format.ts';
import type { BackendContext, BackendEvent } from '../../../src/ports/backend.ts';
import { CallerTranscripts } from './caller-transcripts.ts';
import { CallerTurn, inPiecesOf } from './caller-turn.ts';
import type { Counters } from './counters.ts';
import type { UpstreamEvent } from './decode.ts';
import { activityEnd, activityStart, audioStreamEnd, encodeAudio } from './encode.ts';

/** Longest turn under the gateway's authority, ms: 1.8 MiB. */
const turnLimitMs = 60_000;
/** Audio that is sent again where a connection is lost, under the upstream's own detection, ms. */
const againMs = 15_000;
/** Length of one message of a turn that is sent as a whole, ms. */
const pieceMs = 500;
/** After so long without audio the upstream's detection is told that the stream stopped, ms. */
const pausedMs = 1000;
/** Words this soon after a turn's answer are still of that turn, ms. */
const lateTextMs = 500;

export interface CallerSideOptions {
  readonly context: BackendContext;
  readonly counters: Counters;
  /** @returns whether it was taken */
  readonly send: (text: string, kind: 'audio' | 'control') => boolean;
  readonly write: (message: ClientMessage) => void;
  readonly emit: (event: BackendEvent) => void;
  /** Transcripts are wanted. */
  readonly transcribes: () => boolean;
  /** What the caller said in a turn, once it is known. */
  readonly onWords: (text: string) => void;
}

/** What the caller says, on its way up, and what comes back about it. */
export class CallerSide {
  readonly transcripts: CallerTranscripts;
  readonly #options: CallerSideOptions;
  readonly #kept: CallerTurn;
  readonly #isGateway: boolean;
  /** Uplink position. */
  #endSample = 0;
  /** The turn goes up while it is spoken. */
  #uploading = false;
  /** Where this connection's audio begins on the uplink. */
  #baseSample: number | null = null;
  #speaking = false;
  /** The caller has spoken since the last answer began. */
  #spoke = false;
  /** The upstream tells by itself when the caller speaks. */
  #toldActivity = false;
  #answeredAtMs = -Infinity;
  #lastAudioAtMs = 0;
  /** When to look whether audio still comes. */
  #pauseAtMs: number | null = null;

  constructor(options: CallerSideOptions) {
    const { context, counters, emit } = options;
    const { authority, inputFormat } = context;
    this.#options = options;
    this.#isGateway = authority === 'gateway';
    const limitMs = this.#isGateway ? turnLimitMs : againMs;
    this.#kept = new CallerTurn(inputFormat, limitMs, (samples) => {
      // What has gone up is not lost.
      if (!this.#isGateway || this.#uploading) return;
      counters.inputTrimmedSamples += samples;
      emit({ type: 'dropped', what: 'input', samples });
    });
    this.transcripts = new CallerTranscripts((event) => {
      if (options.transcribes()) emit(event);
    }, options.onWords);
  }

  /** The caller is in the middle of something that only the upstream has heard. */
  get speaking(): boolean {
    return this.#speaking;
  }

  /** When to call {@link tick}; `null`: never. */
  get wakeAtMs(): number | null {
    const { wakeAtMs } = this.transcripts;
    if (this.#pauseAtMs === null || wakeAtMs === null) return wakeAtMs ?? this.#pauseAtMs;
    return Math.min(wakeAtMs, this.#pauseAtMs);
  }

  tick(nowMs: number): void {
    this.transcripts.tick(nowMs);
    if (this.#pauseAtMs === null || nowMs < this.#pauseAtMs) return;
    const pauseAtMs = this.#lastAudioAtMs + pausedMs;
    this.#pauseAtMs = nowMs < pauseAtMs ? pauseAtMs : null;
    if (this.#pauseAtMs === null) this.#options.write(audioStreamEnd);
  }

  /** @param live whether there is a connection to send it on */
  audio(chunk: Chunk, live: boolean, nowMs: number): 'ok' | 'overflow' {
    this.#endSample = chunk.startSample + chunk.samples;
    this.#kept.append(chunk);
    if (this.#isGateway) {
      return !this.#uploading || this.#send(chunk.bytes, 'audio') ? 'ok' : 'overflow';
    }
    if (!live) return 'ok';
    this.#baseSample ??= chunk.startSample;
    this.#lastAudioAtMs = nowMs;
    this.#pauseAtMs ??= nowMs + pausedMs;
    return this.#send(chunk.bytes, 'audio') ? 'ok' : 'overflow';
  }

  /** The caller's turn is on its way up already. */
  get uploading(): boolean {
    return this.#uploading;
  }

  /** Sends the turn that began there, and what the caller goes on to say, as it comes. */
  beginUpload(fromSample: number): void {
    if (!this.#isGateway || this.#uploading) return;
    this.#uploading = true;
    this.#options.write(activityStart);
    this.#sendPieces(this.#kept.since(fromSample));
  }

  /** The turn that was on its way up ends here. @returns whether one was */
  endUpload(): boolean {
    if (!this.#uploading) return false;
    this.#uploading = false;
    this.#options.write(activityEnd);
    return true;
  }

  /** The turn [fromSample, toSample); empty where nothing is kept of it. */
  takeTurn(fromSample: number, toSample: number): Uint8Array[] {
    return this.#kept.take(fromSample, toSample);
  }

  clear(): void {
    if (this.#isGateway) this.#kept.clear();
  }

  /** Sends a turn as a whole. @returns whether the upstream took it */
  sendTurn(turn: readonly Uint8Array[]): boolean {
    const { write } = this.#options;
    write(activityStart);
    const taken = this.#sendPieces(turn);
    write(activityEnd);
    return taken;
  }

  /** A long turn goes out in one go: it is not there to be thinned out. */
  #sendPieces(turn: readonly Uint8Array[]): boolean {
    const pieceBytes = msToSamples(pieceMs, this.#options.context.inputFormat.rateHz) * 2;
    return inPiecesOf(pieceBytes, turn).every((piece) => this.#send(piece, 'control'));
  }

  /** The connection is another one: what nobody has answered is sent again. */
  reconnected(): void {
    this.#baseSample = null;
    // A turn that was on its way up goes as a whole, when it is committed.
    this.#uploading = false;
    if (this.#isGateway) return;
    const { rateHz } = this.#options.context.inputFormat;
    const pieces = this.#kept.since(0);
    const lengthBytes = pieces.reduce((sum, { byteLength }) => sum + byteLength, 0);
    if (lengthBytes > 0) this.#baseSample = this.#endSample - lengthBytes / 2;
    for (const piece of inPiecesOf(msToSamples(pieceMs, rateHz) * 2, pieces))
      this.#send(piece, 'audio');
  }

  /** What the upstream says about the caller. @returns whether it was understood */
  take(
    event: UpstreamEvent & { readonly type: `caller.${string}` | 'speech' },
    nowMs: number,
  ): boolean {
    switch (event.type) {
      case 'speech':
        if (this.#isGateway) return true;
        this.#toldActivity = true;
        this.#speech(event.speaking, event.atMs);
        return true;
      case 'caller.interim':
        this.transcripts.interim(event.text);
        return true;
      case 'caller.text': {
        const { text, finished } = event;
        if (this.transcripts.itemId === null && !this.#isGateway) {
          if (text === '' || nowMs - this.#answeredAtMs < lateTextMs) return text === '';
          this.#began();
        }
        return this.transcripts.text(text, finished);
      }
    }
  }

  /** The caller stopped the agent. */
  interrupted(): void {
    if (this.#isGateway || this.#toldActivity) return;
    this.#speech(true, null);
  }

  /** An answer begins that nobody but the caller asked for: the turn is over. */
  answerBegan(asked: boolean): void {
    if (this.#isGateway) return;
    this.#kept.clear();
    if (asked) return;
    if (!this.#spoke) this.#began();
    if (this.#speaking) this.#speech(false, null);
    this.#spoke = false;
  }

  /** The answer to a turn is over. */
  answered(turnId: string | null, nowMs: number): void {
    this.#answeredAtMs = nowMs;
    this.transcripts.answered(turnId, nowMs);
  }

  #began(): void {
    this.#speech(true, null);
  }

  #speech(speaking: boolean, atMs: number | null): void {
    if (speaking === this.#speaking) return;
    this.#speaking = speaking;
    const { context, emit } = this.#options;
    if (speaking) {
      this.#spoke = true;
      this.transcripts.begin(context.ids.next('item'));
    }
    emit({ type: 'caller.speech', speaking, atSample: this.#sampleAt(atMs) });
  }

  /** Uplink position of one on this connection's audio; the end where it cannot be. */
  #sampleAt(atMs: number | null): number {
    if (atMs === null || this.#baseSample === null) return this.#endSample;
    const { rateHz } = this.#options.context.inputFormat;
    return Math.min(this.#endSample, this.#baseSample + msToSamples(atMs, rateHz));
  }

  #send(bytes: Uint8Array, kind: 'audio' | 'control'): boolean {
    const { context, counters, send } = this.#options;
    if (send(encodeAudio(bytes, context.inputFormat.rateHz), kind)) return true;
    counters.inputOverflowSamples += bytes.byteLength / 2;
    return false;
  }
}
