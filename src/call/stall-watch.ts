import { CallError } from '../ports/errors.ts';
import { longestSilenceMs, longPatience, type Patience } from './stall-patience.ts';
import type { BackendEvent } from '../ports/backend.ts';
import type { CallScope } from './scope.ts';
import type { LineTrack } from './line-track.ts';
import type { Timer } from '../time/clock.ts';

/** When it is looked again at a line that is held, ms: nothing of it can run dry meanwhile. */
const heldLookMs = 500;
/** The same while a tool runs, ms. */
const restLookMs = 500;
/** A player that is dry for less than this has not been noticed by anybody, ms. */
const leastDryMs = 20;
/** Audio that is further behind real time than this in a sentence missed its deadline, ms. */
const missedMs = 200;
/** Text ends so where a pause is nothing unusual. */
const sentenceEnd = /[.!?…。！？][\s"'”’)\]]*$/u;

/** How much a call bears, and who learns what it has borne. */
export interface Vigil {
  readonly patience: () => Patience;
  /**
   * The backend may be silent for another reason: a tool runs, or it is still told what was said before.
   * Asked when it would count.
   */
  readonly rests: () => boolean;
  /** The first audio of an answer came this long after it was asked for, ms. */
  readonly firstAudio: (tookMs: number) => void;
  /** Audio went on after the player had been dry for so long, ms. */
  readonly dried: (forMs: number) => void;
  /** Something was later than real time allows. */
  readonly missed: () => void;
}

export interface StallWatchOptions {
  readonly scope: CallScope;
  /** Absent: 20 s of silence are borne. */
  readonly vigil?: () => Vigil;
  /** Call time at which all agent audio that is here will have been heard; `null` while it is held. */
  readonly dryAtMs: () => number | null;
  readonly onStalled: (error: CallError) => void;
}

const noVigil: Vigil = {
  patience: () => longPatience,
  rests: () => false,
  firstAudio: () => undefined,
  dried: () => undefined,
  missed: () => undefined,
};

/**
 * Notices when a backend owes a line and gives no sign of life, or stops in the middle of one. Every
 * event of a line is seen here on its way in; one timer stands for what does not come.
 */
export class StallWatch {
  readonly #options: StallWatchOptions;
  /** The backend has said all of these; what is left of them waits here. */
  readonly #said = new WeakSet<LineTrack>();
  #watched: LineTrack[] = [];
  #timer: Timer | undefined;
  #armedForMs = Infinity;
  /** The line that ran dry, and whether a sentence had ended there. */
  #dry: { readonly track: LineTrack; readonly pause: boolean } | null = null;
  /** The event that is being taken finds no audio in its line. */
  #firstAudio = false;

  constructor(options: StallWatchOptions) {
    this.#options = options;
  }

  /** @param open the lines that are open now; watched until the next call of this */
  watch(open: Iterable<LineTrack>): void {
    this.#watched = [...open].filter((track) => this.#owes(track));
    this.#arm();
  }

  /** The backend is about to say this in a line; it gives a sign of life. */
  event(track: LineTrack, type: BackendEvent['type']): void {
    const nowMs = this.#options.scope.nowMs();
    this.#firstAudio = !hasSpoken(track);
    if (track.inBand && track.line.modality === 'audio') this.#measure(track, type, nowMs);
    track.lastEventAtMs = nowMs;
  }

  /** A frame of a stream came later than the model has for it. */
  late(): void {
    this.#vigil.missed();
  }

  /** That has been taken: what is borne from now on may be less than it was before. */
  taken(track: LineTrack, type: BackendEvent['type']): void {
    if (type === 'line.audio' && !this.#firstAudio) return;
    if (this.#owes(track) && this.#dueMs(track) < this.#armedForMs) this.#arm();
  }

  /** The backend has said all of it. */
  said(track: LineTrack): void {
    this.#said.add(track);
    this.#watched = this.#watched.filter((one) => one !== track);
    this.#arm();
  }

  /** It is asked for once more. */
  again(track: LineTrack): void {
    this.#said.delete(track);
  }

  close(): void {
    this.#watched = [];
    this.#arm();
  }

  get #vigil(): Vigil {
    return this.#options.vigil?.() ?? noVigil;
  }

  #owes(track: LineTrack): boolean {
    return track.outcome === null && !track.closed && !this.#said.has(track);
  }

  #measure(track: LineTrack, type: BackendEvent['type'], nowMs: number): void {
    if (hasSpoken(track)) {
      const dryAtMs = this.#options.dryAtMs();
      if (dryAtMs === null || nowMs - dryAtMs < leastDryMs) return;
      // Text may come before its audio: where the line stood still is to be seen now.
      if (this.#dry?.track !== track) this.#dry = { track, pause: endsSentence(track) };
      if (type === 'line.text') return;
      const late = nowMs - dryAtMs >= missedMs && !this.#dry.pause && type === 'line.audio';
      if (late && !this.#vigil.rests()) this.#vigil.missed();
      this.#dry = null;
      this.#vigil.dried(nowMs - dryAtMs);
    } else if (type === 'line.audio' && track.askedAtMs !== null) {
      this.#vigil.firstAudio(nowMs - track.askedAtMs);
      track.askedAtMs = null;
    }
  }

  #arm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#armedForMs = Infinity;
    this.#watched = this.#watched.filter((track) => this.#owes(track));
    if (this.#watched.length > 0) {
      this.#armAt(Math.min(...this.#watched.map((track) => this.#dueMs(track))));
    }
  }

  #armAt(dueMs: number): void {
    const { clock, originMs, nowMs } = this.#options.scope;
    this.#armedForMs = dueMs;
    this.#timer = clock.timerAt(originMs + dueMs, () => {
      // The timer has come: rounding must not put "now" just before it.
      const atMs = Math.max(nowMs(), dueMs);
      const stalled = this.#watched.find(
        (track) => this.#owes(track) && this.#dueMs(track) <= atMs,
      );
      if (stalled === undefined) this.#arm();
      else if (this.#vigil.rests() && atMs - stalled.lastEventAtMs < longestSilenceMs) {
        this.#armAt(Math.min(atMs + restLookMs, stalled.lastEventAtMs + longestSilenceMs));
      } else this.#stalled(stalled, atMs);
    });
  }

  #stalled(track: LineTrack, atMs: number): void {
    const { onStalled } = this.#options;
    const silentMs = Math.round(atMs - track.lastEventAtMs);
    const where = this.#begun(track) ? 'in the middle of an answer' : 'while it owed an answer';
    onStalled(new CallError('backend_stalled', `nothing came for ${silentMs} ms ${where}`));
  }

  /** Call time from which on a line has stalled, as far as is known by now. */
  #dueMs(track: LineTrack): number {
    const { lastEventAtMs } = track;
    // Lines beside the conversation keep nobody waiting.
    if (!track.inBand) return lastEventAtMs + longestSilenceMs;
    const { answerMs, dryMs } = this.#vigil.patience();
    if (!this.#begun(track)) return lastEventAtMs + answerMs;
    const dryAtMs = this.#options.dryAtMs();
    if (dryAtMs === null) return this.#options.scope.nowMs() + heldLookMs;
    return Math.max(dryAtMs, lastEventAtMs) + (endsSentence(track) ? answerMs : dryMs);
  }

  #begun(track: LineTrack): boolean {
    return track.line.modality === 'audio' && hasSpoken(track);
  }
}

/** Whether a pause is nothing unusual there. */
function endsSentence({ text }: LineTrack): boolean {
  return sentenceEnd.test(text.text);
}

/** Whether its backend has: what it may begin with beside that is nobody's merit. */
function hasSpoken({ generatedSamples, prefaceSamples }: LineTrack): boolean {
  return generatedSamples > prefaceSamples;
}
