import { backendFormats } from './backend-formats.ts';
import { takeBackendEvent, type LiveBackendEvent } from './backend-events.ts';
import type { BackendCapabilities } from '../ports/backend.ts';
import type { Clock, Timer } from '../time/clock.ts';
import type { CommandTarget } from './commands.ts';
import type { LineTrack } from './line-track.ts';
import type { OverheardText } from './gate-hold.ts';
import type { Recognised } from './side-listener-vocabulary.ts';
import type { Recognition } from './side-listener-recognition.ts';
import type { WordTime } from '../ports/conversation.ts';

/** The end of a line waits for its words at most so long, ms. */
const holdMs = 1500;
/** Lines whose words are awaited (a count); the oldest goes without. */
const awaitedLimit = 16;

type LineDone = LiveBackendEvent & { readonly type: 'line.done' };

/**
 * Words for what a backend says without any: its audio goes to a recogniser on the way in, and comes
 * back as the line's text with its times. A line that ended well waits for them, as its text has to
 * come before its end; one that was cut gets them afterwards, for the history alone.
 */
export class AgentWords {
  readonly #recognition: Recognition;
  readonly #target: () => CommandTarget;
  readonly #clock: Clock;
  readonly #own: BackendCapabilities;
  /** Lines that have sounded and whose words have not come, oldest first. */
  readonly #lines = new Map<string, LineTrack>();
  /** The line that sounded last, if its stretch is not finished. */
  #sounding: string | null = null;
  #held: { readonly done: LineDone; readonly timer: Timer } | null = null;
  #away = false;

  constructor(
    recognition: Recognition,
    own: BackendCapabilities,
    { target, clock }: { readonly target: () => CommandTarget; readonly clock: Clock },
  ) {
    this.#recognition = recognition;
    this.#own = own;
    this.#target = target;
    this.#clock = clock;
  }

  /** Something that the backend says, on its way to the call. */
  take(event: LiveBackendEvent): void {
    if (event.type === 'line.done' && this.#ends(event)) return;
    // Whatever is said into a line comes before its end, and another line after it.
    if (event.type === 'line.started') this.#release();
    takeBackendEvent(this.#target(), event);
    if (event.type === 'line.audio') this.#hear(event.lineId, event.bytes);
  }

  /** What it says so far. @param id `null`: in the line that sounds now */
  overheard(id: string | null, heard: OverheardText | null): void {
    const lineId = id ?? this.#sounding;
    if (lineId !== null) this.#target().lines.overheard(lineId, heard);
  }

  /** Somebody hears now, or is away: what sounds meanwhile is not waited for. */
  hearing(isThere: boolean): void {
    this.#away = !isThere;
    if (this.#away) this.overheard(null, null);
  }

  /** The last word on a line. */
  heard({ id, text, words }: Recognised): void {
    const track = this.#lines.get(id);
    this.#lines.delete(id);
    if (track !== undefined && text !== '') this.#write(track, wordByWord(text, words));
    if (this.#held?.done.lineId === id) this.#release();
  }

  /** There is none. */
  missed(id: string): void {
    this.overheard(id, null);
    this.#lines.delete(id);
    if (this.#held?.done.lineId === id) this.#release();
  }

  /** Nothing is waited for any more. */
  close(): void {
    this.#held?.timer.cancel();
    this.#held = null;
    this.#lines.clear();
    this.#recognition.close();
  }

  #hear(lineId: string, bytes: Uint8Array): void {
    const { lines, settings } = this.#target();
    const track = lines.find(lineId);
    if (track?.inBand !== true) return;
    if (this.#sounding !== lineId) {
      this.#finish();
      this.#sounding = lineId;
      this.#lines.set(lineId, track);
      if (this.#away) this.overheard(lineId, null);
      if (this.#lines.size > awaitedLimit) {
        const [oldest] = this.#lines.keys();
        if (oldest !== undefined) this.#lines.delete(oldest);
      }
    }
    this.#recognition.push(bytes, backendFormats(this.#own, settings()).outputFormat);
  }

  /** @returns whether the end has to wait */
  #ends(done: LineDone): boolean {
    if (this.#sounding !== done.lineId) return false;
    this.#finish();
    if (done.outcome.status !== 'completed' || !this.#recognition.hearing) return false;
    const timer = this.#clock.timerAt(this.#clock.nowMs() + holdMs, () => this.#release());
    this.#release();
    this.#held = { done, timer };
    return true;
  }

  #finish(): void {
    if (this.#sounding !== null) this.#recognition.finish(this.#sounding);
    this.#sounding = null;
  }

  #release(): void {
    const held = this.#held;
    if (held === null) return;
    this.#held = null;
    held.timer.cancel();
    takeBackendEvent(this.#target(), held.done);
  }

  #write(track: LineTrack, pieces: readonly Piece[]): void {
    const { lines, scope, roundTripMs } = this.#target();
    const { lineId } = track.line;
    if (lines.find(lineId) === track && track.outcome === null) {
      for (const { delta, words } of pieces) {
        takeBackendEvent(this.#target(), { type: 'line.text', lineId, delta, words });
      }
      return;
    }
    for (const { delta, words } of pieces) track.text.append(delta, words);
    // What was heard of it is the same; now there are words for it.
    if (!track.closed) return;
    const extent = track.extent(scope.nowMs(), roundTripMs());
    scope.log.append({ type: 'line.heard', lineId, extent });
  }
}

interface Piece {
  readonly delta: string;
  readonly words: readonly WordTime[] | null;
}

/** Each word goes out with the audio that says it. */
function wordByWord(text: string, words: Recognised['words']): readonly Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const { text: word, startMs, endMs } of words ?? []) {
    const at = text.indexOf(word, from);
    if (at < 0) continue;
    const to = at + word.length;
    pieces.push({ delta: text.slice(from, to), words: [{ text: word, startMs, endMs }] });
    from = to;
  }
  const rest = text.slice(from);
  return rest === '' ? pieces : [...pieces, { delta: rest, words: null }];
}
