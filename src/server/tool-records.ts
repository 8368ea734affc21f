import type { LogEntry } from '../ports/events.ts';
import type { ToolRecord } from '../ports/store.ts';

/** A tool call that was just asked for. */
export function toolAsked({ item, runner, atMs }: LogEntry & { type: 'tool.called' }): ToolRecord {
  const { name, arguments: text, toolCallId } = item;
  return {
    name,
    arguments: text,
    atMs,
    toolCallId,
    runner,
    state: 'running',
    answeredAtMs: null,
    sharedWith: null,
  };
}

/** Puts what became of a tool call into its record. @param tools changed in place */
export function toolAnswered(
  tools: ToolRecord[],
  { toolCallId, state, sharedWith, atMs }: LogEntry & { type: 'tool.answered' },
): void {
  const index = tools.findLastIndex((tool) => tool.toolCallId === toolCallId);
  const record = tools[index];
  if (record === undefined) return;
  tools[index] = { ...record, state, sharedWith, answeredAtMs: atMs };
}
