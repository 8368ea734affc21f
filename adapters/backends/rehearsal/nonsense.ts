import type { BackendEvent } from '../../../src/ports/backend.ts';

/** Events of a backend gone wrong that a call must survive. */
export function nonsenseNow(lineId: string | null): readonly BackendEvent[] {
  const nobody = 'line_nobody';
  const events: BackendEvent[] = [
    { type: 'line.audio', lineId: nobody, bytes: new Uint8Array(960) },
    { type: 'line.text', lineId: nobody, delta: 'nonsense', words: null },
    { type: 'line.done', lineId: nobody, outcome: { status: 'completed' }, usage: null },
  ];
  if (lineId === null) return events;
  return [
    ...events,
    { type: 'line.started', lineId },
    {
      type: 'line.text',
      lineId,
      delta: '',
      words: [
        { text: 'nonsense', startMs: 900, endMs: 800 },
        { text: 'nonsense', startMs: 100, endMs: 50 },
      ],
    },
  ];
}

/** What such a backend still has to say of a line that is over. */
export function nonsenseAfter(lineId: string): readonly BackendEvent[] {
  return [
    { type: 'line.audio', lineId, bytes: new Uint8Array(960).fill(17) },
    { type: 'line.text', lineId, delta: ' nonsense', words: null },
    { type: 'line.done', lineId, outcome: { status: 'completed' }, usage: null },
  ];
}
