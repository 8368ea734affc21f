import { describe, expect, it } from 'vitest';
import { CaptionFold, heardLength } from '../../console/src/captions/captions.ts';
import { MarkFold } from '../../console/src/timeline/marks.ts';
import { stepsOf } from '../../console/src/turns/stages.ts';
import type { LogEntry } from '../../src/ports/events.ts';

/** Entries as a log has them; only what the folds look at is there. */
function log(...events: readonly object[]): readonly LogEntry[] {
  return events.map((event, seq) => ({ seq, atMs: seq * 100, ...event }) as unknown as LogEntry);
}

const line = [
  { type: 'line.opened', line: { lineId: 'line_1', itemId: 'item_1', epoch: 0 } },
  { type: 'line.first_audio', lineId: 'line_1' },
  { type: 'line.text', lineId: 'line_1', delta: 'one two' },
  { type: 'line.text', lineId: 'line_1', delta: ' three four' },
];

describe('captions', () => {
  const begun = (): CaptionFold => {
    const fold = new CaptionFold();
    for (const entry of log(...line)) fold.push(entry);
    fold.received('item_1', 1_000);
    return fold;
  };
  const heard = (fold: CaptionFold): string => {
    const caption = fold.captions[0]!;
    return caption.text.slice(0, caption.heardChars);
  };

  it('follow the player word by word', () => {
    const fold = begun();
    expect(heard(fold)).toBe('');
    fold.played('item_1', 500);
    expect(heard(fold)).toBe('one two');
    fold.played('item_1', 400);
    expect(heard(fold)).toBe('one two');
    fold.played('item_1', 1_000);
    expect(heard(fold)).toBe('one two three four');
  });

  it('take the log for the truth when the agent was cut', () => {
    const fold = begun();
    fold.played('item_1', 800);
    const extent = { heardText: 'one two' };
    for (const entry of log({ type: 'agent.cut', lineId: 'line_1', extent })) fold.push(entry);
    expect([heard(fold), fold.captions[0]?.cut]).toEqual(['one two', true]);
    fold.played('item_1', 1_000);
    expect(heard(fold)).toBe('one two');
  });

  it('leave lines out of band out, and forget the oldest', () => {
    const fold = new CaptionFold();
    const opened = { type: 'line.opened', line: { lineId: 'x', itemId: 'y', epoch: null } };
    for (const entry of log(opened, { type: 'line.text', lineId: 'x', delta: 'secret' })) {
      fold.push(entry);
    }
    expect(fold.captions).toEqual([]);
    for (let i = 0; i < 600; i += 1) {
      fold.push(log({ type: 'turn.committed', itemId: `i${i}`, speechEndAtMs: i })[0]!);
    }
    expect(fold.captions).toHaveLength(500);
  });

  it('find the heard words whatever space is around them', () => {
    expect(heardLength(' one two', 'one ')).toBe(4);
    expect(heardLength('one two', '')).toBe(0);
    expect(heardLength('one two', 'other')).toBe(5);
  });
});

it('marks are where things happened, spans end with the call', () => {
  const fold = new MarkFold();
  const events = log(
    { type: 'speech.started', itemId: 'a', detectedAtMs: 40 },
    { type: 'speech.stopped', itemId: 'a' },
    { type: 'line.first_audio', lineId: 'l' },
    { type: 'agent.ducked', gainDb: -18 },
    { type: 'call.closed' },
  );
  for (const entry of events) fold.push(entry);
  expect(fold.marks).toEqual([
    { kind: 'speech', lane: 'caller', atMs: 40, label: 'speech' },
    { kind: 'duck', lane: 'agent', atMs: 300, label: '−18 dB' },
  ]);
  expect(fold.spans).toEqual([
    { lane: 'caller', fromMs: 40, toMs: 100 },
    { lane: 'agent', fromMs: 200, toMs: 400 },
  ]);
});

it('steps of a waterfall stand end to end and are the silence', () => {
  const steps = stepsOf({
    silenceMs: 851.25,
    partsMs: {
      ...{ decided: 486, transcript: 0.25, first_token: null, first_clause: null },
      ...{ first_synthesis: 304, first_audible: 2, first_heard: 59 },
    },
  } as never);
  expect(steps.map(({ fromMs }) => fromMs)).toEqual([0, 486, 486.25, 790.25, 792.25]);
  const last = steps.at(-1)!;
  expect(last.fromMs + last.lengthMs).toBe(851.25);
});
