import { expect, it } from 'vitest';
import { FirstSounds } from '../../../src/call/first-sounds.ts';
import type { LogEntry, LogEvent } from '../../../src/ports/events.ts';

let seq = 0;
const at = (atMs: number, event: LogEvent): LogEntry => ({ ...event, atMs, seq: (seq += 1) });
const opened = (lineId: string): LogEvent => ({
  type: 'line.opened',
  line: {
    lineId,
    cause: 'turn',
    requestId: null,
    epoch: 0,
    modality: 'audio',
    overrides: {},
    metadata: null,
    itemId: 'i',
    previousItemId: null,
  },
});

it('tells the slowest of the latest four lines, to a sound or a tool, each timed once', () => {
  const sounds = new FirstSounds();
  expect(sounds.slowestMs).toBe(0);
  const delaysMs = [800, 100, 300, 200, 250];
  const slowest = delaysMs.map((delayMs, i) => {
    const lineId = `line_${i}`;
    sounds.push(at(i * 10_000, opened(lineId)));
    sounds.push(at(i * 10_000 + delayMs, { type: 'line.first_audio', lineId }));
    sounds.push(at(i * 10_000 + 5_000, { type: 'line.first_audio', lineId }));
    return sounds.slowestMs;
  });
  expect(slowest).toEqual([800, 800, 800, 800, 300]);
});

it('leaves out what never began', () => {
  const sounds = new FirstSounds();
  for (let i = 0; i < 40; i += 1) sounds.push(at(i, opened(`line_${i}`)));
  sounds.push(at(5_000, { type: 'line.first_audio', lineId: 'line_0' }));
  expect(sounds.slowestMs).toBe(0);
  sounds.push(at(5_000, { type: 'line.first_audio', lineId: 'line_39' }));
  expect(sounds.slowestMs).toBe(4_961);
});
