import type { InitialItem } from '../../../protocol/openai-live/values.ts';
import type { ConversationItem } from '../../../src/ports/conversation.ts';

/** Most entries that a session may start with (a count), and how long they may be, characters. */
const entryLimit = 128;
const charactersLimit = 8_192 * 3;
/** Longest single entry, characters. */
const textLimit = 6_000;

type Role = InitialItem['role'];

/** What was said, in words: all that a new session can be told. The newest is kept. */
export class History {
  readonly #entries: { readonly role: Role; readonly itemId: string | null; text: string }[] = [];

  /** Adds an entry. Whatever has no words is left out. */
  add(item: ConversationItem): void {
    const text = wordsOf(item);
    if (text === '') return;
    this.#push(roleOf(item), text, item.itemId);
  }

  note(role: Role, text: string): void {
    if (text.trim() !== '') this.#push(role, text, null);
  }

  delete(itemId: string): void {
    const at = this.#entries.findIndex((entry) => entry.itemId === itemId);
    if (at >= 0) this.#entries.splice(at, 1);
  }

  /** Somebody said this: goes on with what was said last where it is the same speaker. */
  said(role: 'user' | 'assistant', delta: string): void {
    const last = this.#entries.at(-1);
    if (last?.role === role && last.itemId === null && last.text.length < textLimit) {
      last.text += delta;
    } else if (delta.trim() !== '') {
      this.#push(role, delta.trimStart(), null);
    }
  }

  /** What the caller said last. */
  get request(): string {
    return this.#entries.findLast(({ role }) => role === 'user')?.text ?? '';
  }

  /** The agent's words since it last began to speak. */
  get latestSaid(): string {
    const last = this.#entries.findLast(({ role }) => role === 'assistant');
    return last?.itemId === null ? last.text : '';
  }

  /** Of what it said last, the caller heard this. */
  heardOnly(text: string): void {
    const last = this.#entries.findLast(({ role }) => role === 'assistant');
    if (last?.itemId === null) last.text = text;
  }

  /** As a session starts with it: the newest that fits, oldest first. */
  input(): readonly InitialItem[] {
    const items: InitialItem[] = [];
    let characters = 0;
    for (const { role, text } of this.#entries.toReversed()) {
      characters += text.length;
      if (characters > charactersLimit) break;
      items.unshift(itemOf(role, text));
    }
    return items;
  }

  #push(role: Role, text: string, itemId: string | null): void {
    this.#entries.push({ role, itemId, text: text.slice(0, textLimit) });
    if (this.#entries.length > entryLimit) this.#entries.shift();
  }
}

function itemOf(role: Role, text: string): InitialItem {
  return role === 'assistant'
    ? { role, content: [{ type: 'output_text', text }] }
    : { role, content: [{ type: 'input_text', text }] };
}

function roleOf(item: ConversationItem): Role {
  if (item.kind !== 'message') return 'developer';
  return item.role === 'system' ? 'developer' : item.role;
}

/** An item in words. */
export function wordsOf(item: ConversationItem): string {
  switch (item.kind) {
    case 'message':
      return item.content
        .map((part) => (part.type === 'text' ? part.text : (part.transcript ?? '')))
        .filter((words) => words !== '')
        .join(' ');
    case 'tool_call':
      return `The tool ${item.name} was called with ${item.arguments}.`;
    case 'tool_output':
      return `The tool brought: ${item.output}`;
  }
}
