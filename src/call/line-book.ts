import { lineEnd } from './line-end.ts';
import { besideLimit, checkRoom, newLine, type LineRequest } from './line-request.ts';
import type { AgentSound } from './agent-sound.ts';
import type { BackendSpeech, SpeechFigures } from '../ports/health.ts';
import type { CallScope } from './scope.ts';
import type { CallSettings } from '../ports/settings.ts';
import type { Conversation } from './conversation.ts';
import type { LineEnd } from '../ports/events.ts';
import type { LineGate } from './line-gate.ts';
import type { LineIntake } from './line-intake.ts';
import type { LineTrack } from './line-track.ts';
import type { StaleWork } from './stale-work.ts';
import type { StallWatch } from './stall-watch.ts';

type Outcome = NonNullable<LineTrack['outcome']>;

export interface LineBookOptions {
  readonly scope: CallScope;
  readonly conversation: Conversation;
  readonly settings: () => CallSettings;
  readonly roundTripMs: () => number;
  /** What is said waits there until it may be; absent or `null`: nothing waits. */
  readonly gate?: LineGate | null;
  /** What was heard of these lines is settled. */
  readonly onCut: (tracks: readonly LineTrack[]) => void;
  readonly onLineDone: (track: LineTrack) => void;
  /** The backend's text comes right before the audio that says it. */
  readonly paired: () => boolean;
  /** How the words of the backend in use lie on its sound; absent or `null`: nobody knows. */
  readonly speech?: () => BackendSpeech | null;
}

/** Who is told of a line's opening and its end. */
export interface LineParts {
  readonly sound: AgentSound;
  readonly intake: LineIntake;
  readonly stale: StaleWork;
  readonly watch: StallWatch;
}

/**
 * The lines of a call that are open, and the one of them that has the floor. A line is opened with
 * its place in the call and is closed once: when it was cut or failed, or when all of it was said and
 * the last sample given away.
 */
export class LineBook {
  readonly #options: LineBookOptions;
  readonly #parts: LineParts;
  readonly #tracks = new Map<string, LineTrack>();
  #epoch = 0;
  #active: LineTrack | null = null;

  constructor(options: LineBookOptions, parts: LineParts) {
    this.#options = options;
    this.#parts = parts;
  }

  /** The in-band line that has the floor. */
  get active(): LineTrack | null {
    return this.#active;
  }

  /** How the words of the backend in use lie on its sound, where it does not say so by itself. */
  get figures(): SpeechFigures | null {
    return this.#options.paired() ? null : (this.#options.speech?.()?.figures ?? null);
  }

  /** The line of an id, while it is open. */
  find(lineId: string): LineTrack | undefined {
    return this.#tracks.get(lineId);
  }

  /** The lines that are open now. */
  tracks(): LineTrack[] {
    return [...this.#tracks.values()];
  }

  /** What still comes of the epoch so far is void. @returns the new one */
  raiseEpoch(): number {
    this.#epoch += 1;
    return this.#epoch;
  }

  /**
   * A line of which the backend has said all leaves the floor to the next, and is given to its end.
   * @returns whether the floor is free
   */
  freeFloor(): boolean {
    const active = this.#active;
    if (active !== null && (active.outcome === null || this.#tracks.size > besideLimit)) {
      return false;
    }
    this.#active = null;
    return true;
  }

  /**
   * @param ask asks the backend for the line, before anybody can want it stopped
   * @throws CallError when the floor is taken, or too many lines run beside it
   */
  open(request: LineRequest, lineId: string, ask: (track: LineTrack) => void): LineTrack {
    const { scope, conversation, settings } = this.#options;
    const { sound } = this.#parts;
    checkRoom(request, this.#active?.line ?? null, this.#tracks.size);
    const line = newLine(request, lineId, {
      epoch: this.#epoch,
      itemId: scope.ids.next('item'),
      modality: settings().modality,
      previousItemId: conversation.lastItemId,
    });
    const track = sound.track(line);
    this.#tracks.set(lineId, track);
    if (track.inBand) {
      conversation.reserve(line.itemId);
      this.#active = track;
      sound.prepare(track);
    }
    scope.log.append({ type: 'line.opened', line });
    ask(track);
    if (track.inBand) sound.opened(track);
    this.watchOpen();
    return track;
  }

  /** The backend has said all of the line: it ends when all of it may be said. */
  end(track: LineTrack, outcome: Outcome): void {
    this.#parts.watch.said(track);
    const waits = this.#options.gate?.end(track, () => this.allSaid(track, outcome)) === true;
    if (!waits) this.allSaid(track, outcome);
  }

  /** Nothing more comes: the line ends with its last sample. */
  allSaid(track: LineTrack, { outcome, usage }: Outcome): void {
    const { intake, sound } = this.#parts;
    track.outcome = { outcome, usage };
    intake.flush(track);
    if (track.closed) return;
    const { inBand, generatedMs, prefaceText, text } = track;
    const spoken = inBand && track.line.modality === 'audio' && prefaceText === '';
    if (spoken && outcome.status === 'completed') {
      this.#options.speech?.()?.said(text.said(generatedMs));
    }
    sound.look();
    if (track.inBand) sound.downlink.pushEnd(track);
    else this.finish(track);
  }

  /** The last sample was given away (or there was none): the line ends as the backend said. */
  finish(track: LineTrack): void {
    const outcome = track.outcome?.outcome;
    if (outcome !== undefined) this.close(track, lineEnd(outcome));
  }

  /** The line is over, whatever is left of it. Idempotent. */
  close(track: LineTrack, end: LineEnd): void {
    if (track.closed) return;
    const { scope, conversation, onCut, onLineDone } = this.#options;
    const { intake, sound, stale } = this.#parts;
    const { lineId } = track.line;
    track.closed = true;
    track.completed = end.status === 'completed';
    this.#tracks.delete(lineId);
    intake.close(track);
    stale.lineClosed(lineId);
    conversation.release(track.line.itemId);
    if (this.#active === track) this.#active = null;
    const extent = track.extent(...this.at());
    const usage = track.outcome?.usage ?? null;
    scope.log.append({ type: 'line.closed', lineId, end, extent, usage });
    if (track.inBand) sound.closed(track);
    const unheard = track.withheld && track.sentSamples === 0 && end.status === 'incomplete';
    if (unheard) onCut([track]);
    onLineDone(track);
    this.watchOpen();
  }

  /** Nothing more is given of any line, and what was heard is settled. */
  closeAll(end: LineEnd): void {
    this.#parts.sound.flush();
    for (const track of this.tracks()) {
      track.settle(...this.at());
      this.close(track, end);
    }
  }

  /** What is owed of the open lines has changed. */
  watchOpen(): void {
    this.#parts.watch.watch(this.#tracks.values());
  }

  /** What of a line was heard is asked of it with this. */
  at(): [nowMs: number, roundTripMs: number] {
    return [this.#options.scope.nowMs(), this.#options.roundTripMs()];
  }
}
