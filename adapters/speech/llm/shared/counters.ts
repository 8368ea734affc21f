import type { ModelEvent } from '../../../../src/ports/language-model.ts';

/** What a language model counts of its answers; names of its figures. */
export interface ModelCounters {
  answersStarted: number;
  answersCompleted: number;
  /** Ended because nobody wanted them any more. */
  answersAborted: number;
  answersFailed: number;
  /** Failed because nothing came in time, before the first token or between two. */
  answersStalled: number;
  toolCalls: number;
  /** UTF-16 code units. */
  textCharacters: number;
  inputTokens: number;
  inputCachedTokens: number;
  outputTokens: number;
  /** Prefixes sent ahead, and those that came to nothing. */
  warmsStarted: number;
  warmsFailed: number;
}

export function zeroCounters(): ModelCounters {
  return {
    answersStarted: 0,
    answersCompleted: 0,
    answersAborted: 0,
    answersFailed: 0,
    answersStalled: 0,
    toolCalls: 0,
    textCharacters: 0,
    inputTokens: 0,
    inputCachedTokens: 0,
    outputTokens: 0,
    warmsStarted: 0,
    warmsFailed: 0,
  };
}

export function countEvent(counters: ModelCounters, event: ModelEvent): void {
  switch (event.type) {
    case 'text':
      counters.textCharacters += event.delta.length;
      return;
    case 'tool_call':
      counters.toolCalls += 1;
      return;
    case 'done':
      counters.inputTokens += event.usage?.inputTokens ?? 0;
      counters.inputCachedTokens += event.usage?.inputCachedTokens ?? 0;
      counters.outputTokens += event.usage?.outputTokens ?? 0;
  }
}
