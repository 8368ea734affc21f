import { Placing, Spacing, type Stretch } from './placing.ts';

/** Most turns whose words are still to come (a count). */
const openLimit = 64;

export interface CallerFragment extends Stretch {
  readonly delta: string;
}

interface Turn {
  startMs: number;
  endMs: number | null;
  sent: string;
  latest: string;
}

/**
 * What the caller said, as fragments that only ever grow: of words that may still change, those are
 * given that two transcripts in a row agree about, and never the last one.
 */
export class CallerWords {
  readonly #placing: Placing;
  readonly #spacing = new Spacing();
  readonly #turns = new Map<string, Turn>();
  #revised = 0;

  constructor(placing: Placing) {
    this.#placing = placing;
  }

  /** Transcripts that turned out other than what had been given of them (a count). */
  get revised(): number {
    return this.#revised;
  }

  started(itemId: string, startMs: number): void {
    this.#turn(itemId, startMs).startMs = startMs;
  }

  stopped(itemId: string, endMs: number): void {
    this.#turn(itemId, endMs).endMs = endMs;
  }

  /** @param nowMs on the timeline */
  transcript(
    { itemId, text, final }: { itemId: string; text: string; final: boolean },
    nowMs: number,
  ): CallerFragment | null {
    const turn = this.#turn(itemId, nowMs);
    const given = final ? text : stablePart(turn.latest, text);
    turn.latest = text;
    const delta = this.#rest(turn.sent, given);
    if (final) this.#turns.delete(itemId);
    if (delta === '') return null;
    if (turn.sent === '') this.#spacing.next();
    turn.sent += delta;
    const endMs = final ? (turn.endMs ?? nowMs) : Math.min(nowMs, turn.endMs ?? nowMs);
    return { delta: this.#spacing.join(delta), ...this.#placing.place(turn.startMs, endMs) };
  }

  /** Something said over the agent that is no turn. */
  aside(text: string, startMs: number, endMs: number): CallerFragment | null {
    if (text.trim() === '') return null;
    this.#spacing.next();
    return { delta: this.#spacing.join(text), ...this.#placing.place(startMs, endMs) };
  }

  #turn(itemId: string, startMs: number): Turn {
    const known = this.#turns.get(itemId);
    if (known !== undefined) return known;
    const turn: Turn = { startMs, endMs: null, sent: '', latest: '' };
    this.#turns.set(itemId, turn);
    if (this.#turns.size > openLimit) this.#turns.delete(this.#turns.keys().next().value!);
    return turn;
  }

  /** What is new. Words that were given cannot be taken back: of others, only the rest is told. */
  #rest(sent: string, given: string): string {
    if (given.startsWith(sent)) return given.slice(sent.length);
    if (sent.startsWith(given)) return '';
    this.#revised += 1;
    const told = sent.trim().split(/\s+/u).length;
    const rest = given.trim().split(/\s+/u).slice(told).join(' ');
    return rest === '' ? '' : ` ${rest}`;
  }
}

/** Whole words at the beginning of both, without the last one of the later. */
function stablePart(before: string, now: string): string {
  let end = 0;
  while (end < before.length && before[end] === now[end]) end += 1;
  const space = now.slice(0, end).lastIndexOf(' ');
  return space <= 0 ? '' : now.slice(0, space);
}
