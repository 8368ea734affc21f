import type { ModelMessage, ModelToolCall } from '../../../src/ports/language-model.ts';
import type { HistoryEntry } from './history.ts';

/** What a model is told of a tool that has not answered. */
export const stillRunning = '{"status":"still running: there is no result yet"}';
/** Stands where a model must have something to answer to and nobody has said anything. */
const nothingSaidNote = '[The caller says nothing.]';

export interface Folded {
  readonly messages: readonly ModelMessage[];
  /** Outputs of calls that are not there: left out (a count). */
  readonly unmatched: number;
}

interface Fold {
  readonly messages: ModelMessage[];
  /** Line of the message added last, if it is one's text. */
  lineId: string | null;
}

/**
 * The conversation as a model is shown it: turns that follow one another are one, calls stand with
 * what was said before them, and each is followed by its output, or by the word that there is none.
 *
 * @param next what the caller says now, as far as it is known; `null` = nothing
 */
export function foldHistory(
  instructions: string,
  entries: readonly HistoryEntry[],
  next: string | null,
): Folded {
  const outputs = new Map<string, string>();
  const called = new Set<string>();
  let silent = false;
  for (const entry of entries) {
    if (entry.kind === 'output') outputs.set(entry.toolCallId, entry.output);
    if (entry.kind === 'call') called.add(entry.call.toolCallId);
  }
  const fold: Fold = { messages: [], lineId: null };
  for (const [index, entry] of entries.entries()) {
    if (entry.kind !== 'line' || entry.text !== '')
      silent = entry.kind === 'turn' && entry.silence && entry.text === '';
    switch (entry.kind) {
      case 'turn':
        say(fold, 'user', entry.text ?? entry.presumed);
        break;
      case 'message':
        say(fold, entry.role, entry.text);
        break;
      case 'line':
        say(fold, 'assistant', entry.text);
        if (entry.text !== '') fold.lineId = entry.lineId;
        break;
      case 'call':
        if (goesOn(entries[index - 1], entry)) break;
        call(fold, callsFrom(entries, index), entry.lineId, outputs);
        break;
      case 'output':
    }
  }
  if (next !== null) say(fold, 'user', next);
  silent &&= next === null;
  const { messages } = fold;
  const last = messages.at(-1);
  // Models answer somebody: most refuse to go on from a word of their own.
  if (silent || last === undefined || last.role === 'assistant' || last.role === 'system') {
    say(fold, 'user', nothingSaidNote);
  }
  const system: readonly ModelMessage[] =
    instructions === '' ? [] : [{ role: 'system', text: instructions }];
  const unmatched = [...outputs.keys()].filter((toolCallId) => !called.has(toolCallId)).length;
  return { messages: [...system, ...messages], unmatched };
}

function say(fold: Fold, role: 'system' | 'user' | 'assistant', text: string): void {
  if (text.trim() === '') return;
  const last = fold.messages.at(-1);
  fold.lineId = null;
  if (role === 'user' && last?.role === 'user') {
    fold.messages[fold.messages.length - 1] = { role, text: `${last.text}\n${text}` };
  } else fold.messages.push({ role, text });
}

/** Whether a call belongs to those called in one go with the one before it. */
function goesOn(before: HistoryEntry | undefined, entry: HistoryEntry & { kind: 'call' }): boolean {
  return before?.kind === 'call' && before.lineId === entry.lineId;
}

function callsFrom(entries: readonly HistoryEntry[], from: number): readonly ModelToolCall[] {
  const calls: ModelToolCall[] = [];
  for (const entry of entries.slice(from)) {
    if (entry.kind !== 'call') break;
    const first = entries[from];
    if (first?.kind !== 'call' || first.lineId !== entry.lineId) break;
    calls.push(entry.call);
  }
  return calls;
}

function call(
  fold: Fold,
  calls: readonly ModelToolCall[],
  lineId: string | null,
  outputs: ReadonlyMap<string, string>,
): void {
  const last = fold.messages.at(-1);
  const saidBefore = last?.role === 'assistant' && lineId !== null && fold.lineId === lineId;
  if (saidBefore) fold.messages.pop();
  fold.messages.push({ role: 'assistant.tools', text: saidBefore ? last.text : '', calls });
  for (const { toolCallId, name } of calls) {
    const output = outputs.get(toolCallId) ?? stillRunning;
    fold.messages.push({ role: 'tool', toolCallId, name, output });
  }
  fold.lineId = null;
}
