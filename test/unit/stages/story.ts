import type { Line, LogEntry, LogEvent } from '../../../src/ports/events.ts';
import { StageClock } from '../../../src/call/stage-clock.ts';
import type { TurnStages } from '../../../src/ports/stages.ts';
import { plainLine } from '../../support/call-harness.ts';

/** A log entry to be: when, and what. */
export type At = readonly [atMs: number, event: LogEvent];

/** What the stage clock says about a log. */
export function stagesOf(story: readonly At[]): readonly TurnStages[] {
  const clock = new StageClock();
  return story.flatMap(([atMs, event], seq) => {
    const entry: LogEntry = { ...event, seq, atMs };
    return clock.push(entry) ?? [];
  });
}

export function committed(itemId: string, speechEndAtMs: number | null): LogEvent {
  return {
    type: 'turn.committed',
    itemId,
    previousItemId: null,
    cause: 'silence',
    fromSample: 0,
    toSample: 1,
    speechEndAtMs,
  };
}

export function opened(lineId: string, line: Partial<Line> = {}): LogEvent {
  return { type: 'line.opened', line: plainLine({ lineId, cause: 'turn', ...line }) };
}

export function stage(
  lineId: string,
  name: (LogEvent & { type: 'line.stage' })['stage'],
  reachedAtMs: number,
): LogEvent {
  return { type: 'line.stage', lineId, stage: name, reachedAtMs };
}

export function audible(lineId: string): LogEvent {
  return { type: 'line.first_audio', lineId };
}

export function heard(lineId: string, heardAtMs: number): LogEvent {
  return { type: 'line.first_heard', lineId, heardAtMs, by: 'clock' };
}

const extent = {
  generatedMs: 0,
  sentMs: 0,
  heardMs: 0,
  sentText: '',
  heardText: '',
  heardBy: 'clock',
  wordsBy: 'proportion',
} as const;

export function closed(lineId: string): LogEvent {
  return { type: 'line.closed', lineId, end: { status: 'completed' }, extent, usage: null };
}

export function cut(lineId: string): LogEvent {
  return { type: 'agent.cut', epoch: 1, by: 'caller', droppedMs: 0, lineId, extent };
}
