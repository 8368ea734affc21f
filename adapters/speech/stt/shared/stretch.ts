import type { RecognisedWord } from '../../../../src/ports/speech-to-text.ts';
import { joinText, joinTexts, type Segment } from './segment.ts';

/** Why a stretch is over: it was finished, or it was nothing. */
export type StretchEnd =
  { readonly kind: 'finish'; readonly finishId: number } | { readonly kind: 'discard' };

/** Audio from one `finish` to the next, and what is known of its words. */
export class Stretch {
  readonly startMs: number;
  /** `null` while audio still belongs to it. */
  endMs: number | null = null;
  end: StretchEnd | null = null;
  /** On the clock; 0 while it is open. */
  closedAtMs = 0;
  /** When anything was last heard of it, on the clock. */
  newsAtMs = 0;
  /** The vendor's own name for it, where it has one. */
  key: string | null = null;
  /** The recogniser was asked for the rest. */
  asked = false;
  /** The recogniser has given everything. */
  through = false;
  /** Its `final` was given, or it needs none. */
  answered = false;
  /** Audio of it was never recognised. */
  lost = false;
  pieces: Segment[] = [];
  /** What may still change; `null`: nothing is known to be on its way. */
  open: Segment | null = null;
  /** What was open when the connection went: all there is if nothing better comes in time. */
  fallback: Segment | null = null;

  constructor(startMs: number) {
    this.startMs = startMs;
  }

  get settledText(): string {
    return joinTexts(this.pieces);
  }

  get text(): string {
    return joinText(this.settledText, (this.open ?? this.fallback)?.text.trim() ?? '');
  }

  /** Where recognising would have to begin anew, ms of the session's audio. */
  get resumeFromMs(): number {
    return this.pieces.reduce((atMs, { endMs }) => Math.max(atMs, endMs ?? 0), this.startMs);
  }

  /** Times of all its words; `null` where any of them has none. */
  get words(): readonly RecognisedWord[] | null {
    const all = [...this.pieces];
    const rest = this.open ?? this.fallback;
    if (rest !== null) all.push(rest);
    const words: RecognisedWord[] = [];
    for (const piece of all) {
      if (piece.text.trim() === '') continue;
      if (piece.words === null) return null;
      words.push(...piece.words);
    }
    return words;
  }

  /** The connection is gone: what was open will be heard again, what has no place is dropped. */
  reset(): void {
    this.fallback = this.open ?? this.fallback;
    this.open = null;
    this.key = null;
    this.asked = false;
    if (this.pieces.some((piece) => piece.endMs === null)) this.pieces = [];
  }
}
