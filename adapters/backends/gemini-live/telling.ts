import type {
  ClientMessage,
  WireContent,
  WireFunctionResponse,
} from '../../../protocol/gemini-live/client-messages.ts';
import {
  encodeContext,
  encodeHistory,
  encodeRequest,
  encodeResponses,
  toolWords,
} from './encode.ts';
import type { Family } from './families.ts';
import type { Memory } from './memory.ts';
import type { ToolNews } from './tool-book.ts';

export interface TellingOptions {
  readonly family: Family;
  readonly memory: Memory;
  readonly write: (message: ClientMessage) => void;
}

/**
 * What the upstream is told beside the caller's voice: words that wait for the next request, results
 * of tools, and the conversation so far. What is told is remembered for the connections to come.
 */
export class Telling {
  readonly #options: TellingOptions;
  /** Words that the upstream is told with the next request. */
  readonly #words: WireContent[] = [];

  constructor(options: TellingOptions) {
    this.#options = options;
  }

  /** There are words that were not told yet. */
  get hasNews(): boolean {
    return this.#words.length > 0;
  }

  add(content: WireContent): void {
    this.#words.push(content);
  }

  /** Words since the last answer, where a turn of the caller's follows and not a request. */
  words(): void {
    const { family, write } = this.#options;
    const words = this.#words.splice(0);
    if (words.length === 0) return;
    this.#remember(words);
    write(family.text === 'content' ? encodeContext(words) : encodeRequest(words, family));
  }

  /** Asks for an answer, with all that is new. */
  request(news: ToolNews): void {
    const { family, write } = this.#options;
    const isAnswered = this.results(news.responses);
    const told = [...news.words, ...this.#words.splice(0)];
    this.#remember(told);
    if (told.length > 0 || !isAnswered) write(encodeRequest(told, family));
  }

  /** Asks again for an answer to what the upstream knows. */
  requestAgain(): void {
    this.#options.write(encodeRequest([], this.#options.family));
  }

  /** @returns whether the upstream answers them by themselves; it takes some in silence */
  results(responses: readonly WireFunctionResponse[]): boolean {
    if (responses.length > 0) {
      this.#options.write(encodeResponses(responses));
      this.#remember(
        responses.map(({ name, response }) => toolWords(name, JSON.stringify(response))),
      );
    }
    return responses.some(({ scheduling }) => scheduling !== 'SILENT');
  }

  /**
   * The conversation so far, to a connection that begins anew.
   *
   * @param announced the upstream waits for it, were there nothing to tell
   */
  history(announced = false): void {
    const { family, memory, write } = this.#options;
    const { turns } = memory;
    if (turns.length === 0 && !announced) return;
    write(family.initialHistory ? encodeHistory(turns) : encodeContext(endingWithUser(turns)));
    memory.told();
  }

  /** What a connection that was taken up again cannot know. */
  uncovered(): void {
    const { memory, write } = this.#options;
    if (memory.uncovered.length > 0) write(encodeContext(memory.uncovered));
  }

  #remember(contents: readonly WireContent[]): void {
    for (const { role, parts } of contents) {
      for (const { text } of parts) this.#options.memory.add(role, text);
    }
  }
}

function endingWithUser(turns: readonly WireContent[]): readonly WireContent[] {
  if (turns.at(-1)?.role === 'user') return turns;
  return [...turns, { role: 'user', parts: [{ text: '.' }] }];
}
