import type { Usage } from '../../../src/ports/backend.ts';
import type { ConversationItem, WordTime } from '../../../src/ports/conversation.ts';
import { wordsHeard, wordsOf } from './speech.ts';

/** One entry of what a rehearsal believes was said, oldest first. */
export interface BelievedEntry {
  /** Id of the item, of the line, or of the tool call. */
  readonly id: string;
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  /** For its own lines: what it generated, or what it was told was heard. */
  readonly text: string | null;
  /** Length of the audio, `null` where it was text. */
  readonly audioMs: number | null;
}

interface Entry {
  believed: BelievedEntry;
  /** Words of a line of its own, with how many of them are said; `null` for all else. */
  readonly line: { words: readonly WordTime[]; said: number; truncated: boolean } | null;
}

/** What a rehearsal knows of the conversation. */
export class RehearsalContext {
  readonly #limit: number;
  #entries: Entry[] = [];
  #forgotten = 0;

  /** @param limit entries kept; the oldest are forgotten first, and counted */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get entries(): readonly BelievedEntry[] {
    return this.#entries.map(({ believed, line }) =>
      line === null || line.truncated
        ? believed
        : { ...believed, text: joined(line.words.slice(0, line.said)) },
    );
  }

  /** Entries lost to the limit. */
  get forgotten(): number {
    return this.#forgotten;
  }

  /** @param afterItemId `null` = at the front; unknown or `undefined` = at the end */
  addItem(item: ConversationItem, afterItemId: string | null | undefined): void {
    const believed = ofItem(item);
    // Its own tool call comes back to it as an item: that is the same thing.
    if (item.kind === 'tool_call' && this.#has(believed.id)) return;
    this.#insert({ believed, line: null }, afterItemId);
  }

  addCaller(itemId: string, audioMs: number, text: string | null): void {
    this.#append({ id: itemId, role: 'user', text, audioMs });
  }

  addToolCall(toolCallId: string, name: string, argumentsText: string): void {
    this.#append({
      id: toolCallId,
      role: 'assistant',
      text: `${name}${argumentsText}`,
      audioMs: null,
    });
  }

  /** A line of its own begins; `words` are all it is going to say. */
  openLine(lineId: string, modality: 'audio' | 'text', words: readonly WordTime[]): void {
    const audioMs = modality === 'audio' ? 0 : null;
    const believed = { id: lineId, role: 'assistant', text: '', audioMs } as const;
    this.#insert({ believed, line: { words, said: 0, truncated: false } }, undefined);
  }

  /**
   * How far the line has been generated.
   *
   * @param words how many of its words (a count)
   */
  progress(lineId: string, words: number, audioMs: number): void {
    const entry = this.#find(lineId);
    if (entry?.line?.truncated !== false) return;
    entry.line.said = words;
    if (entry.believed.audioMs !== null) entry.believed = { ...entry.believed, audioMs };
  }

  /**
   * The caller heard this much of the line; what it still generates does not count. Returns false
   * when it is not a line of its own.
   */
  truncate(lineId: string, heardMs: number, heardText: string | null): boolean {
    const entry = this.#find(lineId);
    if (entry === undefined || entry.line === null) return false;
    const { believed, line } = entry;
    line.words = wordsHeard(line.words.slice(0, line.said), heardMs);
    line.said = line.words.length;
    line.truncated = true;
    entry.believed = {
      ...believed,
      text: heardText ?? joined(line.words),
      audioMs: believed.audioMs === null ? null : Math.min(believed.audioMs, heardMs),
    };
    return true;
  }

  /** Returns false when there is no such entry. */
  delete(itemId: string): boolean {
    const before = this.#entries.length;
    this.#entries = this.#entries.filter((entry) => entry.believed.id !== itemId);
    return this.#entries.length < before;
  }

  #has(id: string): boolean {
    return this.#find(id) !== undefined;
  }

  #find(id: string): Entry | undefined {
    return this.#entries.findLast((entry) => entry.believed.id === id);
  }

  #append(believed: BelievedEntry): void {
    this.#insert({ believed, line: null }, undefined);
  }

  #insert(entry: Entry, afterItemId: string | null | undefined): void {
    const after = this.#entries.findIndex((each) => each.believed.id === afterItemId);
    const place = afterItemId === null ? 0 : after < 0 ? this.#entries.length : after + 1;
    this.#entries.splice(place, 0, entry);
    if (this.#entries.length <= this.#limit) return;
    this.#entries.shift();
    this.#forgotten += 1;
  }
}

function joined(words: readonly WordTime[]): string {
  return words.map((word) => word.text).join(' ');
}

/** An item as an entry. */
export function ofItem(item: ConversationItem): BelievedEntry {
  switch (item.kind) {
    case 'message': {
      const texts = item.content.map((part) =>
        part.type === 'text' ? part.text : part.transcript,
      );
      const audio = item.content.filter((part) => part.type === 'audio');
      return {
        id: item.itemId,
        role: item.role,
        text: texts.filter((text) => text !== null).join(' ') || null,
        audioMs: audio.length === 0 ? null : audio.reduce((sum, part) => sum + part.durationMs, 0),
      };
    }
    case 'tool_call':
      return {
        id: item.toolCallId,
        role: 'assistant',
        text: `${item.name}${item.arguments}`,
        audioMs: null,
      };
    case 'tool_output':
      return { id: item.itemId, role: 'tool', text: item.output, audioMs: null };
  }
}

/** Tokens of `audioMs` of the agent's audio: one per 50 ms, as OpenAI counts them. */
export function agentAudioTokens(audioMs: number): number {
  return Math.ceil(audioMs / 50);
}

/** A rehearsal's text token is one word; it says so in its documentation. */
function textTokens(text: string): number {
  return wordsOf(text).length;
}

/** What an answer to this context takes in: text by words, caller audio one token per 100 ms. */
export function inputTokens(
  instructions: string,
  entries: readonly BelievedEntry[],
): Pick<Usage, 'inputTextTokens' | 'inputAudioTokens'> {
  let inputTextTokens = textTokens(instructions);
  let inputAudioTokens = 0;
  for (const { role, text, audioMs } of entries) {
    if (audioMs === null) inputTextTokens += textTokens(text ?? '');
    else if (role === 'assistant') inputAudioTokens += agentAudioTokens(audioMs);
    else inputAudioTokens += Math.ceil(audioMs / 100);
  }
  return { inputTextTokens, inputAudioTokens };
}
