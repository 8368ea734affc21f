import type { BackendEvent } from '../../src/ports/backend.ts';

/** What every hosted backend counts of its lines; names of its figures. */
export interface LineCounters {
  linesStarted: number;
  linesCompleted: number;
  linesCancelled: number;
  linesFailed: number;
}

/** What it counts of tokens, where the upstream tells them apart. */
export interface TokenCounters {
  inputTextTokens: number;
  inputAudioTokens: number;
  inputCachedTokens: number;
  outputTextTokens: number;
  outputAudioTokens: number;
}

/** Counts what became of a line; other events are none. */
export function countLine(counters: LineCounters, event: BackendEvent): void {
  if (event.type === 'line.started') counters.linesStarted += 1;
  if (event.type !== 'line.done') return;
  switch (event.outcome.status) {
    case 'completed':
    case 'incomplete':
      counters.linesCompleted += 1;
      return;
    case 'cancelled':
      counters.linesCancelled += 1;
      return;
    case 'failed':
      counters.linesFailed += 1;
  }
}

/** The same, and what the line used; also what was used beside lines. */
export function countBilledLine(counters: LineCounters & TokenCounters, event: BackendEvent): void {
  countLine(counters, event);
  if (event.type !== 'line.done' && event.type !== 'usage') return;
  const { usage } = event;
  counters.inputTextTokens += usage?.inputTextTokens ?? 0;
  counters.inputAudioTokens += usage?.inputAudioTokens ?? 0;
  counters.inputCachedTokens += usage?.inputCachedTokens ?? 0;
  counters.outputTextTokens += usage?.outputTextTokens ?? 0;
  counters.outputAudioTokens += usage?.outputAudioTokens ?? 0;
}
