import type { ConversationItem, ItemContent } from '../../../src/ports/conversation.ts';
import type { ModelToolCall } from '../../../src/ports/language-model.ts';

/** What one entry of the conversation is to a model. */
export type HistoryEntry =
  /** A turn of the caller's in speech. `text` is `null` until the recogniser's last word. */
  | {
      readonly kind: 'turn';
      readonly itemId: string;
      text: string | null;
      /** What it is taken for until then. */
      readonly presumed: string;
      /** The caller was silent, and is to be spoken to. */
      readonly silence: boolean;
    }
  | {
      readonly kind: 'message';
      readonly itemId: string;
      readonly role: 'system' | 'user' | 'assistant';
      readonly text: string;
    }
  /** What the agent said as one line; `settled`: what was heard of it is known. */
  | {
      readonly kind: 'line';
      readonly itemId: string;
      readonly lineId: string;
      text: string;
      /** All that went out. */
      sent: string;
      audioMs: number;
      settled: boolean;
    }
  | {
      readonly kind: 'call';
      readonly itemId: string | null;
      readonly lineId: string | null;
      readonly call: ModelToolCall;
    }
  | {
      readonly kind: 'output';
      readonly itemId: string;
      readonly toolCallId: string;
      readonly output: string;
    };

type LineEntry = HistoryEntry & { kind: 'line' };
type TurnEntry = HistoryEntry & { kind: 'turn' };

/** What an entry weighs besides its text, characters. */
const entryCharacters = 16;

/** What the agent knows of the conversation: what was said and heard, bounded in characters. */
export class History {
  readonly #limitCharacters: number;
  readonly #onForgotten: (entries: number) => void;
  readonly #entries: HistoryEntry[] = [];
  #characters = 0;
  #revision = 0;

  constructor(limitCharacters: number, onForgotten: (entries: number) => void) {
    this.#limitCharacters = limitCharacters;
    this.#onForgotten = onForgotten;
  }

  /** Oldest first. */
  get entries(): readonly HistoryEntry[] {
    return this.#entries;
  }

  /** Grows with every change that is neither a turn of the caller's nor a line of the agent's. */
  get revision(): number {
    return this.#revision;
  }

  /** Turns that wait for the recogniser's last word, oldest first. */
  get pendingTurns(): readonly string[] {
    return this.#entries.flatMap((entry) =>
      entry.kind === 'turn' && entry.text === null ? [entry.itemId] : [],
    );
  }

  /** The newest turn of the caller's in speech. */
  get newestTurn(): TurnEntry | undefined {
    return this.#entries.findLast((entry) => entry.kind === 'turn');
  }

  /** Whether the newest thing is a turn in which nothing was said, and nothing else is unanswered. */
  get nothingSaid(): boolean {
    for (const entry of this.#entries.toReversed()) {
      if (entry.kind === 'line' && entry.text === '') continue;
      if (entry.kind === 'message' && entry.role === 'system') continue;
      if (entry.kind !== 'turn') return entry.kind === 'line' && this.#endsInTurn();
      if (entry.silence || (entry.text ?? entry.presumed).trim() !== '') return false;
    }
    return this.#endsInTurn();
  }

  turn(itemId: string): TurnEntry | undefined {
    return this.#entries.findLast(
      (entry): entry is TurnEntry => entry.kind === 'turn' && entry.itemId === itemId,
    );
  }

  /** @param presumed what it is taken for until the last word on it */
  addTurn(itemId: string, presumed: string, silence: boolean): void {
    // Nobody waits for the last word on a silence.
    const text = silence ? '' : null;
    this.#insert({ kind: 'turn', itemId, text, presumed, silence }, undefined);
  }

  settleTurn(itemId: string, text: string): void {
    const turn = this.turn(itemId);
    if (turn !== undefined) this.#write(turn, text);
  }

  /** @param afterItemId `null` = at the front; unknown or `undefined` = at the end */
  addItem(item: ConversationItem, afterItemId: string | null | undefined): void {
    const entry = entryOf(item);
    // The agent's own tool call comes back to it as an item: that is the same thing.
    if (entry.kind === 'call' && this.#hasCall(entry.call.toolCallId)) return;
    this.#revision += 1;
    this.#insert(entry, afterItemId);
  }

  /** Returns false when there is no such item. */
  delete(itemId: string): boolean {
    const at = this.#entries.findIndex((entry) => entry.itemId === itemId);
    const [entry] = at < 0 ? [] : this.#entries.splice(at, 1);
    if (entry === undefined) return false;
    this.#characters -= charactersOf(entry);
    this.#revision += 1;
    return true;
  }

  openLine(lineId: string, itemId: string): void {
    this.#insert(
      { kind: 'line', itemId, lineId, text: '', sent: '', audioMs: 0, settled: false },
      undefined,
    );
  }

  /** More of the line went out. */
  said(lineId: string, delta: string): void {
    const line = this.#line(lineId);
    if (line?.settled !== false) return;
    line.sent += delta;
    this.#write(line, line.sent);
  }

  /** More of the line's sound went out. */
  sounded(lineId: string, audioMs: number): void {
    const line = this.#line(lineId);
    if (line !== undefined) line.audioMs += audioMs;
  }

  addCall(lineId: string, call: ModelToolCall): void {
    this.#insert({ kind: 'call', itemId: null, lineId, call }, undefined);
  }

  /** Nothing more of the line goes out. @param keep whether what went out was received */
  stopLine(lineId: string, keep: boolean): void {
    const line = this.#line(lineId);
    if (line === undefined) return;
    line.settled = true;
    // What of its sound was heard is told by a truncation, if any of it was.
    if (!keep) this.#write(line, '');
  }

  /**
   * This much of the line was heard, and no more will be.
   * @param heardText `null` = its words up to there by proportion
   * @returns false when it is no line of this conversation
   */
  truncate(lineId: string, heardMs: number, heardText: string | null): boolean {
    const line = this.#line(lineId);
    if (line === undefined) return false;
    this.#write(line, heardText ?? heardPart(line, heardMs));
    line.settled = true;
    this.#revision += 1;
    return true;
  }

  #endsInTurn(): boolean {
    const newest = this.#entries.findLast((entry) => entry.kind !== 'line' || entry.text !== '');
    return newest?.kind === 'turn';
  }

  #line(lineId: string): LineEntry | undefined {
    return this.#entries.findLast(
      (entry): entry is LineEntry => entry.kind === 'line' && entry.lineId === lineId,
    );
  }

  #hasCall(toolCallId: string): boolean {
    return this.#entries.some(
      (entry) => entry.kind === 'call' && entry.call.toolCallId === toolCallId,
    );
  }

  #insert(entry: HistoryEntry, afterItemId: string | null | undefined): void {
    const after = this.#entries.findIndex(
      ({ itemId }) => itemId !== null && itemId === afterItemId,
    );
    const place = afterItemId === null ? 0 : after < 0 ? this.#entries.length : after + 1;
    this.#entries.splice(place, 0, entry);
    this.#characters += charactersOf(entry);
    this.#forget();
  }

  #write(entry: LineEntry | TurnEntry, text: string): void {
    this.#characters -= charactersOf(entry);
    entry.text = text;
    this.#characters += charactersOf(entry);
    this.#forget();
  }

  /** Drops the oldest, and with a call what answered it; the newest entry always stays. */
  #forget(): void {
    const before = this.#entries.length;
    while (this.#characters > this.#limitCharacters && this.#entries.length > 1) {
      const [oldest] = this.#entries.splice(0, 1);
      if (oldest === undefined) break;
      this.#characters -= charactersOf(oldest);
      if (oldest.kind !== 'call') continue;
      const { toolCallId } = oldest.call;
      const answer = this.#entries.findIndex(
        (entry) => entry.kind === 'output' && entry.toolCallId === toolCallId,
      );
      const [output] = answer < 0 ? [] : this.#entries.splice(answer, 1);
      if (output !== undefined) this.#characters -= charactersOf(output);
    }
    if (this.#entries.length < before) this.#onForgotten(before - this.#entries.length);
  }
}

/** The words of a line that lie before a place on its audio, were they spread evenly. */
function heardPart({ sent: text, audioMs }: LineEntry, heardMs: number): string {
  if (audioMs > 0 && heardMs >= audioMs) return text;
  const heardCharacters = audioMs > 0 ? (heardMs / audioMs) * text.length : 0;
  let end = 0;
  for (const { 0: word, index } of text.matchAll(/\S+/gu)) {
    if (index + word.length / 2 > heardCharacters) break;
    end = index + word.length;
  }
  return text.slice(0, end);
}

function charactersOf(entry: HistoryEntry): number {
  switch (entry.kind) {
    case 'turn':
      return entryCharacters + (entry.text ?? entry.presumed).length;
    case 'message':
    case 'line':
      return entryCharacters + entry.text.length;
    case 'call':
      return entryCharacters + entry.call.name.length + entry.call.arguments.length;
    case 'output':
      return entryCharacters + entry.output.length;
  }
}

/** An item as an entry. */
export function entryOf(item: ConversationItem): HistoryEntry {
  const { itemId } = item;
  switch (item.kind) {
    case 'message':
      return { kind: 'message', itemId, role: item.role, text: item.content.map(textOf).join(' ') };
    case 'tool_call': {
      const { toolCallId, name } = item;
      const call = { toolCallId, name, arguments: item.arguments };
      return { kind: 'call', itemId, lineId: null, call };
    }
    case 'tool_output':
      return { kind: 'output', itemId, toolCallId: item.toolCallId, output: item.output };
  }
}

function textOf(part: ItemContent): string {
  return part.type === 'text' ? part.text : (part.transcript ?? '[speech that nobody wrote down]');
}
