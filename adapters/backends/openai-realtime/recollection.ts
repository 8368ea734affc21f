import type { ConversationItem, MessageItem } from '../../../src/ports/conversation.ts';
import type { RanCall } from './server-book.ts';

/** One entry of the conversation, with the words that are known of it. */
interface Entry {
  /** The upstream's name of it; `null` where another connection would have to be given one. */
  id: string | null;
  /** The line it belongs to, where it is one of the agent's. */
  readonly lineId: string | null;
  item: ConversationItem;
}

/** An item as another connection is told it. */
export interface Retold {
  readonly id: string;
  readonly item: ConversationItem;
}

/** A line's words in place of those a connection was told. */
export interface Rewrite extends Retold {
  /** Item of the words that no longer hold. */
  readonly replaces: string;
  /** Item that it stands behind; `null`: it is the first. */
  readonly afterId: string | null;
}

/** Entries that are kept (a count), the latest ones. */
const entryLimit = 400;
/** Of one entry, characters. */
const textLimit = 20_000;

/**
 * The conversation that the upstream remembers, in words, so that the next connection can be told
 * it: a new session there knows nothing.
 */
export class Recollection {
  #entries: Entry[] = [];

  /** An item that the upstream was told. @param after `null`: at the front, absent: at the end */
  told(id: string, item: ConversationItem, after?: string | null): void {
    const entry: Entry = { id, lineId: null, item };
    const place = this.#entries.findIndex((other) => other.id !== null && other.id === after);
    if (after !== null && place < 0) this.#entries.push(entry);
    else this.#entries.splice(place + 1, 0, entry);
    this.#trim();
  }

  /** A turn of the caller's that the upstream has as sound. */
  turn(id: string): void {
    if (this.#entries.some((entry) => entry.id === id)) return;
    this.told(id, message(id, 'user', ''));
  }

  /** What the caller said in a turn. */
  transcribed(id: string, text: string): void {
    const entry = this.#entries.find((other) => other.id === id);
    if (entry !== undefined) entry.item = message(id, 'user', text);
  }

  /** The agent said these words. */
  said(lineId: string, delta: string): void {
    const entry = this.#line(lineId);
    if (entry === undefined) {
      this.#entries.push({ id: null, lineId, item: message(lineId, 'assistant', delta) });
      this.#trim();
    } else {
      entry.item = message(lineId, 'assistant', textOf(entry.item) + delta);
    }
  }

  called(lineId: string, toolCallId: string, name: string, args: string): void {
    const item = {
      kind: 'tool_call',
      itemId: toolCallId,
      status: 'completed',
      toolCallId,
      name,
      arguments: args,
    } as const;
    this.#entries.push({ id: null, lineId: `${lineId}/${toolCallId}`, item });
    this.#trim();
  }

  /** The upstream ran a tool: for another connection, a call and its output like any other. */
  ran({ callId, name, arguments: args, output }: RanCall): void {
    const of = { status: 'completed', toolCallId: callId } as const;
    const call = { kind: 'tool_call', itemId: callId, name, arguments: args, ...of } as const;
    const text = output ?? `The tool "${name}" failed.`;
    const answer = { kind: 'tool_output', itemId: outputOf(callId), output: text, ...of } as const;
    this.#entries.push({ id: callId, lineId: null, item: call });
    this.#entries.push({ id: null, lineId: outputOf(callId), item: answer });
    this.#trim();
  }

  /**
   * Of a line this much was heard.
   *
   * @param heard its words, or the share of them from 0 to 1 where the words are not known
   * @param nextId for a line that the connection was told in words
   * @returns what to tell it then; `null` where it has the line as sound, or not at all
   */
  cut(lineId: string, heard: string | number, nextId: () => string): Rewrite | null {
    const entry = this.#line(lineId);
    if (entry === undefined) return null;
    const said = textOf(entry.item);
    const text = typeof heard === 'string' ? heard : shareOf(said, heard);
    if (text === said) return null;
    entry.item = message(lineId, 'assistant', text);
    const { id: replaces } = entry;
    if (replaces === null) return null;
    entry.id = nextId();
    const place = this.#entries.indexOf(entry);
    const before = this.#entries.slice(0, place).findLast(({ id }) => id !== null);
    return { id: entry.id, item: entry.item, replaces, afterId: before?.id ?? null };
  }

  delete(id: string): void {
    this.#entries = this.#entries.filter(
      (entry) => entry.id !== id && entry.lineId !== outputOf(id),
    );
  }

  /**
   * Everything, for a connection that knows nothing. What has no words is forgotten.
   *
   * @returns what to tell it, in order, and the names of what cannot be told
   */
  retell(nextId: () => string): { readonly items: Retold[]; readonly lost: string[] } {
    const items: Retold[] = [];
    const lost: string[] = [];
    const kept: Entry[] = [];
    for (const entry of this.#entries) {
      if (entry.item.kind === 'message' && textOf(entry.item) === '') {
        if (entry.id !== null) lost.push(entry.id);
        continue;
      }
      entry.id ??= nextId();
      kept.push(entry);
      items.push({ id: entry.id, item: entry.item });
    }
    this.#entries = kept;
    return { items, lost };
  }

  #line(lineId: string): Entry | undefined {
    return this.#entries.findLast((entry) => entry.lineId === lineId);
  }

  /** A call and its output go together: an output alone would be refused. */
  #trim(): void {
    while (this.#entries.length > entryLimit) {
      const first = this.#entries.shift();
      if (first?.item.kind !== 'tool_call') continue;
      const { toolCallId } = first.item;
      this.#entries = this.#entries.filter(
        ({ item }) => item.kind !== 'tool_output' || item.toolCallId !== toolCallId,
      );
    }
  }
}

/** Names the output of a call that the upstream ran: there it is no item of its own. */
function outputOf(callId: string): string {
  return `${callId}/output`;
}

function message(itemId: string, role: MessageItem['role'], text: string): MessageItem {
  const content = [{ type: 'text' as const, text: text.slice(0, textLimit) }];
  return { kind: 'message', itemId, status: 'completed', role, content };
}

function textOf(item: ConversationItem): string {
  if (item.kind !== 'message') return '';
  const words = item.content.map((part) =>
    part.type === 'text' ? part.text : (part.transcript ?? ''),
  );
  return words.join(' ').trimStart();
}

/** Whole words, as many as the share covers. */
function shareOf(text: string, share: number): string {
  const words = text.split(/(?<=\s)(?=\S)/u);
  return words.slice(0, Math.round(words.length * Math.min(1, Math.max(0, share)))).join('');
}
