import { samplesToMs } from '../audio/format.ts';
import type { BackendEvent } from '../ports/backend.ts';
import type { CallScope } from './scope.ts';
import type { CallSettings } from '../ports/settings.ts';
import type { Conversation } from './conversation.ts';
import type { LogEntry } from '../ports/events.ts';
import type { Timer } from '../time/clock.ts';

/** Words may lie so far before a turn's beginning and behind its end, ms: they come on a coarse grid. */
const beforeMs = 500;
const behindMs = 700;
/** A turn's words have come this long after its end, ms. */
const settledMs = 1_500;
/** Words that belong to no turn are forgotten after this, ms. */
const keptMs = 5_000;
/** Most pieces that wait for a turn, and most turns that wait for words (a count each). */
const limit = 64;

interface Piece {
  readonly text: string;
  /** Middle of it on the uplink, ms. */
  readonly atMs: number;
  readonly cameAtMs: number;
}

interface Turn {
  readonly itemId: string;
  readonly fromMs: number;
  toMs: number | null;
  text: string;
  timer: Timer | null;
}

/**
 * Words of the caller's from a backend without turns, which tells them by their place on the uplink:
 * those that lie in a turn are its transcript. Turns are what the call's own detector takes for one.
 */
export class TurnWords {
  readonly #scope: CallScope;
  readonly #conversation: Conversation;
  readonly #settings: () => CallSettings;
  readonly #turns: Turn[] = [];
  #pieces: Piece[] = [];

  constructor(scope: CallScope, conversation: Conversation, settings: () => CallSettings) {
    this.#scope = scope;
    this.#conversation = conversation;
    this.#settings = settings;
    scope.log.listen((entry) => this.#heard(entry));
  }

  /** @param rateHz of the positions */
  take(event: BackendEvent & { readonly type: 'caller.words' }, rateHz: number): void {
    const atMs = samplesToMs((event.fromSample + event.toSample) / 2, rateHz);
    const nowMs = this.#scope.nowMs();
    this.#pieces = this.#pieces.filter(({ cameAtMs }) => nowMs - cameAtMs < keptMs).slice(-limit);
    this.#pieces.push({ text: event.text, atMs, cameAtMs: nowMs });
    this.#place();
  }

  #heard(entry: LogEntry): void {
    if (entry.type === 'speech.started') {
      const { itemId, audioStartMs: fromMs } = entry;
      this.#turns.push({ itemId, fromMs, toMs: null, text: '', timer: null });
      if (this.#turns.length > limit) this.#turns.shift()?.timer?.cancel();
      this.#place();
    } else if (entry.type === 'speech.stopped') {
      const turn = this.#turns.find(({ itemId }) => itemId === entry.itemId);
      if (turn !== undefined) turn.toMs = entry.audioEndMs;
    } else if (entry.type === 'turn.committed') {
      const turn = this.#turns.find(({ itemId }) => itemId === entry.itemId);
      if (turn === undefined) return;
      const { clock } = this.#scope;
      turn.timer = clock.timerAt(clock.nowMs() + settledMs, () => this.#settle(turn));
    } else if (entry.type === 'call.closed') {
      for (const { timer } of this.#turns.splice(0)) timer?.cancel();
    }
  }

  #place(): void {
    const rest: Piece[] = [];
    for (const piece of this.#pieces) {
      const turn = this.#turns.findLast(
        ({ fromMs, toMs }) =>
          piece.atMs >= fromMs - beforeMs && piece.atMs <= (toMs ?? Infinity) + behindMs,
      );
      if (turn === undefined) {
        rest.push(piece);
        continue;
      }
      turn.text = turn.text === '' ? piece.text.trimStart() : turn.text + piece.text;
      this.#tell(turn, false);
    }
    this.#pieces = rest;
  }

  /** No more words of it come. */
  #settle(turn: Turn): void {
    const at = this.#turns.indexOf(turn);
    if (at < 0) return;
    this.#turns.splice(at, 1);
    // Where nobody tells words there is nothing to wait for, and nothing is lost.
    if (turn.text !== '') this.#tell(turn, true);
  }

  #tell({ itemId, text }: Turn, final: boolean): void {
    this.#conversation.transcribe(itemId, text);
    if (!this.#settings().callerTranscripts) return;
    this.#scope.log.append({ type: 'caller.transcript', itemId, text, final });
  }
}
