import type { CallError } from '../ports/errors.ts';
import type { CallScope } from './scope.ts';
import type { LineBook, LineParts } from './line-book.ts';
import type { LineTrack } from './line-track.ts';

/**
 * The line that a lost backend was at: `owed`, as nothing of it was heard; `broken` off; or `over`
 * without a sound.
 */
export interface LeftLine {
  readonly kind: 'owed' | 'broken' | 'over';
  readonly track: LineTrack;
}

/** What becomes of a call's lines when their backend is lost and another takes over. */
export class LeftLines {
  readonly #scope: CallScope;
  readonly #book: LineBook;
  readonly #parts: LineParts;

  constructor(scope: CallScope, book: LineBook, parts: LineParts) {
    this.#scope = scope;
    this.#book = book;
    this.#parts = parts;
  }

  /**
   * What the lost backend had finished plays on; of what it was saying the caller still hears what is
   * here up to the next good place to stop; what nobody has heard of is owed. Lines out of band fail.
   *
   * @param bare whether a line may be asked for once more: nothing was done in it
   */
  leave({ code, message }: CallError, bare: (track: LineTrack) => boolean): LeftLine | null {
    const { intake, sound } = this.#parts;
    const book = this.#book;
    const end = { status: 'failed', code, message } as const;
    for (const track of book.tracks()) {
      if (!track.inBand && track.outcome === null) book.close(track, end);
    }
    const track = book.active;
    if (track?.outcome !== null) return null;
    // What a change of rate holds back belongs to a sound that is not going on.
    intake.close(track);
    if (track.unheard && bare(track)) {
      // The phrase that it may begin with is nobody's who was lost: it is said to its end.
      sound.downlink.forget(track);
      track.restart(this.#scope.nowMs());
      return { kind: 'owed', track };
    }
    track.breakAt(sound.downlink.shorten(track), book.figures);
    const outcome = { status: 'incomplete', reason: 'backend_lost' } as const;
    const broken = track.generatedSamples > 0;
    book.end(track, { outcome, usage: null });
    return { kind: broken ? 'broken' : 'over', track };
  }

  /** A line that is owed has been asked for once more. */
  askedAgain(track: LineTrack): void {
    track.askedAtMs = null;
    track.lastEventAtMs = this.#scope.nowMs();
    this.#parts.watch.again(track);
    this.#book.watchOpen();
  }

  /** What was asked for reaches a backend only now: it was not late before that. */
  askedNow(): void {
    const track = this.#book.active;
    if (track?.outcome !== null) return;
    const nowMs = this.#scope.nowMs();
    if (track.askedAtMs !== null) track.askedAtMs = nowMs;
    track.lastEventAtMs = nowMs;
    this.#book.watchOpen();
  }

  /** A line that is owed will not come: whoever answers now does so by itself. */
  abandon(track: LineTrack): void {
    const book = this.#book;
    const end = { status: 'incomplete', reason: 'backend_lost' } as const;
    // A phrase that it begins with is said to its end.
    if (track.prefaceSamples > 0) book.end(track, { outcome: end, usage: null });
    else book.close(track, end);
  }
}
