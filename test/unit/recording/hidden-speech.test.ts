import { describe, expect, test } from 'vitest';
import { compileRule } from '../../../src/gate/rules.ts';
import type { LogEntry } from '../../../src/ports/events.ts';
import { CallerTrack } from '../../../src/recording/caller-track.ts';
import { without } from '../../../src/recording/heard-line.ts';
import { HiddenSpeech } from '../../../src/recording/hidden-speech.ts';

function entry(more: object): LogEntry {
  return { seq: 0, atMs: 0, ...more } as unknown as LogEntry;
}

function hidden(...entries: readonly [object, sentSamples: number][]): HiddenSpeech {
  const speech = new HiddenSpeech([
    compileRule({ kind: 'phrases', name: 'pin', phrases: ['swordfish'] }),
  ]);
  for (const [more, sent] of entries) speech.push(entry(more), () => sent);
  return speech;
}

const turn = (itemId: string, fromSample: number, toSample: number): [object, number] => [
  { type: 'turn.committed', itemId, fromSample, toSample },
  0,
];
const said = (itemId: string, text: string): [object, number] => [
  { type: 'caller.transcript', itemId, text, final: true },
  0,
];
const delta = (text: string, sent: number): [object, number] => [
  { type: 'line.text', lineId: 'line', delta: text },
  sent,
];
const closed = (wordsBy: 'times' | 'proportion'): [object, number] => [
  { type: 'line.closed', lineId: 'line', extent: { wordsBy } },
  0,
];

describe('of the caller', () => {
  test('only turns are heard that were written down and hold nothing of the kind', () => {
    const speech = hidden(
      ...[turn('a', 100, 200), turn('b', 300, 400), turn('c', 500, 600)],
      ...[said('a', 'Good day.'), said('b', 'The word is Swordfish.')],
    );
    expect(speech.ofCaller(700)).toEqual([
      [0, 100],
      [200, 700],
    ]);
  });

  test('a later word on a turn counts', () => {
    const speech = hidden(turn('a', 0, 100), said('a', 'fine'), said('a', 'swordfish'));
    expect(speech.ofCaller(100)).toEqual([[0, 100]]);
  });
});

describe('of the agent', () => {
  const words = [delta('It is ', 0), delta('swordfish', 1_000), delta(', sir.', 2_000)] as const;

  test('the stretch around the words is silent where their times are known', () => {
    expect(hidden(...words, closed('times')).ofLine('line', 3_000, 250)).toEqual([[750, 2_250]]);
  });

  test('the whole line is, where they are not, and a line of which there is no text', () => {
    expect(hidden(...words, closed('proportion')).ofLine('line', 3_000, 250)).toEqual([[0, 3_000]]);
    expect(hidden().ofLine('line', 3_000, 250)).toEqual([[0, 3_000]]);
    expect(hidden(delta('Good day.', 0)).ofLine('line', 3_000, 250)).toEqual([]);
  });
});

test('what is hidden leaves the rest where it was', () => {
  const placements = [{ fromSample: 100, samples: 100, atSample: 1_000 }];
  expect(without(placements, [[120, 150]])).toEqual([
    { fromSample: 100, samples: 20, atSample: 1_000 },
    { fromSample: 150, samples: 50, atSample: 1_050 },
  ]);
  expect(without(placements, [[0, 500]])).toEqual([]);
  expect(without(placements, [[200, 300]])).toEqual(placements);
});

test('jitter of arrivals is no silence, a gap is, and nothing drifts', () => {
  const track = new CallerTrack({ codec: 'pcm16', rateHz: 1_000 });
  for (const atMs of [20, 45, 55, 80, 500, 520]) track.push(20, atMs);
  expect(track.placements).toEqual([
    { fromSample: 0, samples: 80, atSample: 0 },
    { fromSample: 80, samples: 40, atSample: 480 },
  ]);
  // A microphone that is 1 % slow falls behind by no more than a gap.
  const slow = new CallerTrack({ codec: 'pcm16', rateHz: 1_000 });
  for (let count = 1; count <= 1_000; count += 1) slow.push(20, count * 20.2);
  const last = slow.placements.at(-1)!;
  expect(20_200 - (last.atSample + last.samples)).toBeLessThanOrEqual(61);
});
