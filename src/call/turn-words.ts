import { samplesToMs } from '../audio/format.ts';
import type { BackendEvent } from '../ports/backend.ts';
import type { CallScope } from './scope.ts';
import type { CallSettings } from '../ports/settings.ts';
import type { Conversation } from './conversation.ts';
import type { MessageItem } from '../ports/conversation.ts';
import type { LogEntry } from '../ports/events.ts';
import type { Timer } from '../time/clock.ts';

/** Words may lie so far before a turn's beginning and behind its end, ms: they come on a coarse grid. */
const beforeMs = 500;
const behindMs = 700;
/** A turn's words have come this long after its end, ms. */
const settledMs = 1_500;
/** Words that belong to no turn are forgotten after this, ms. */
const keptMs = 5_000;
/** Words over the agent that stretch so far are more than a murmur, ms. */
const overMs = 1_000;
/** Most pieces that wait for a turn, and most turns that wait for words (a count each). */
const limit = 64;

interface Piece {
  readonly text: string;
  /** Where it lies on the uplink, ms. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly cameAtMs: number;
}

interface Turn {
  /** `null`: speech over the agent that took no floor. */
  readonly itemId: string | null;
  readonly fromMs: number;
  toMs: number | null;
  text: string;
  /** From its first word to its last, ms. */
  words: { readonly fromMs: number; readonly toMs: number } | null;
  timer: Timer | null;
}

type Follower = (entry: LogEntry) => void;
type Followers = {
  readonly [Type in LogEntry['type']]?: (entry: Extract<LogEntry, { type: Type }>) => void;
};

/**
 * Words of the caller's from a backend without turns, which tells them by their place on the uplink:
 * those that lie in a turn are its transcript. Turns are what the call's own detector takes for one.
 * What was said over the agent and did not stop it is no turn: where it was more than a murmur it
 * becomes an item of the conversation when the agent has finished, so that nothing said is lost.
 */
export class TurnWords {
  readonly #scope: CallScope;
  readonly #conversation: Conversation;
  readonly #settings: () => CallSettings;
  readonly #turns: Turn[] = [];
  /** Lines of the conversation that are open. */
  readonly #lines = new Set<string>();
  /** What was said over them. */
  readonly #overheard: string[] = [];
  #pieces: Piece[] = [];

  readonly #follow: Followers = {
    'speech.started': ({ itemId, audioStartMs }) => void this.#begin(itemId, audioStartMs, null),
    'speech.stopped': ({ itemId, audioEndMs }) => {
      const turn = this.#turn(itemId);
      if (turn !== undefined) turn.toMs = audioEndMs;
    },
    // Its words are waited for once the first of them came.
    'speech.dismissed': ({ audioStartMs, audioEndMs }) =>
      this.#begin(null, audioStartMs, audioEndMs),
    'turn.committed': ({ itemId }) => {
      const turn = this.#turn(itemId);
      if (turn !== undefined) this.#await(turn);
    },
    'line.opened': ({ line }) => {
      if (line.epoch !== null) this.#lines.add(line.lineId);
    },
    'line.closed': ({ lineId }) => {
      this.#lines.delete(lineId);
      this.#addOverheard();
    },
    'call.closed': () => {
      for (const { timer } of this.#turns.splice(0)) timer?.cancel();
    },
  };

  constructor(scope: CallScope, conversation: Conversation, settings: () => CallSettings) {
    this.#scope = scope;
    this.#conversation = conversation;
    this.#settings = settings;
    scope.log.listen((entry) => (this.#follow[entry.type] as Follower | undefined)?.(entry));
  }

  /** @param rateHz of the positions */
  take(event: BackendEvent & { readonly type: 'caller.words' }, rateHz: number): void {
    const fromMs = samplesToMs(event.fromSample, rateHz);
    const toMs = samplesToMs(event.toSample, rateHz);
    const nowMs = this.#scope.nowMs();
    this.#pieces = this.#pieces.filter(({ cameAtMs }) => nowMs - cameAtMs < keptMs).slice(-limit);
    this.#pieces.push({ text: event.text, fromMs, toMs, cameAtMs: nowMs });
    this.#place();
  }

  #turn(itemId: string): Turn | undefined {
    return this.#turns.find((turn) => turn.itemId === itemId);
  }

  #begin(itemId: string | null, fromMs: number, toMs: number | null): Turn {
    const turn: Turn = { itemId, fromMs, toMs, text: '', words: null, timer: null };
    this.#turns.push(turn);
    if (this.#turns.length > limit) this.#turns.shift()?.timer?.cancel();
    this.#place();
    return turn;
  }

  /** Its last words may still come. */
  #await(turn: Turn): void {
    const { clock } = this.#scope;
    turn.timer = clock.timerAt(clock.nowMs() + settledMs, () => this.#settle(turn));
  }

  #place(): void {
    const rest: Piece[] = [];
    for (const piece of this.#pieces) {
      const atMs = (piece.fromMs + piece.toMs) / 2;
      const turn = this.#turns.findLast(
        ({ fromMs, toMs }) => atMs >= fromMs - beforeMs && atMs <= (toMs ?? Infinity) + behindMs,
      );
      if (turn === undefined) {
        rest.push(piece);
        continue;
      }
      turn.text = turn.text === '' ? piece.text.trimStart() : turn.text + piece.text;
      turn.words = { fromMs: turn.words?.fromMs ?? piece.fromMs, toMs: piece.toMs };
      if (turn.itemId === null && turn.timer === null) this.#await(turn);
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
    if (turn.text === '') return;
    this.#tell(turn, true);
    const { itemId, words } = turn;
    if (itemId !== null || words === null || words.toMs - words.fromMs < overMs) return;
    if (this.#overheard.length >= limit) this.#overheard.shift();
    this.#overheard.push(turn.text.trim());
    this.#addOverheard();
  }

  /** The backend has heard it already: it is for the history, and for whoever is shown that. */
  #addOverheard(): void {
    if (this.#lines.size > 0) return;
    for (const text of this.#overheard.splice(0)) {
      const item: MessageItem = {
        kind: 'message',
        role: 'user',
        itemId: this.#scope.ids.next('item'),
        status: 'completed',
        content: [{ type: 'text', text }],
      };
      const previousItemId = this.#conversation.add(item, null);
      this.#scope.log.append({ type: 'item.added', item, previousItemId });
    }
  }

  #tell({ itemId, text }: Turn, final: boolean): void {
    if (itemId === null) return;
    this.#conversation.transcribe(itemId, text);
    if (!this.#settings().callerTranscripts) return;
    this.#scope.log.append({ type: 'caller.transcript', itemId, text, final });
  }
}
