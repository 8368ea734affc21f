import { beforeAll, describe, expect, it } from 'vitest';
import { prepareResampler } from '../../../src/audio/resampler.ts';
import { seededRandom } from '../../ear/seeded-random.ts';
import { playCuts, type Cut, type CutKind, type CutLine } from './history-rig.ts';

const seed = 4040;
/** What a client can do to end a line, the caller's voice among it. */
const everyKind: readonly CutKind[] = ['speech', 'interrupt', 'cancel', 'key', 'clear', 'truncate'];
/** After these a stock client says where it stopped. */
const kindsThatTruncate: readonly CutKind[] = ['speech', 'key', 'truncate'];

beforeAll(() => prepareResampler());

/** Cuts at random places, over random lines, to ears with random buffers. */
function randomCuts(
  count: number,
  kinds: readonly CutKind[],
  how: Pick<Cut, 'acknowledges' | 'wordTimes'>,
): readonly Cut[] {
  const random = seededRandom(seed + count + kinds.length);
  return Array.from({ length: count }, (_, i) => ({
    ...how,
    kind: kinds[i % kinds.length]!,
    afterMs: 400 + Math.floor(random() * 5000),
    firstNumber: 100 + (i % 20) * 40,
    oneWayMs: 1 + Math.floor(random() * 30),
    bufferMs: 100 + Math.floor(random() * 100),
  }));
}

/** What went wrong, for the message of a failed test. */
function told(cut: Cut | undefined, line: CutLine): string {
  return JSON.stringify({ ...cut, ...line });
}

/** Everybody who remembers the line remembers the same words. */
function expectOneTruth(cut: Cut | undefined, line: CutLine): void {
  expect(line.ear.length, told(cut, line)).toBeGreaterThan(0);
  expect(line.conversation, told(cut, line)).toEqual(line.view);
  expect(line.backend, told(cut, line)).toEqual(line.view);
}

describe('history after interruptions is what the ear recorded', () => {
  it('to the word, for 60 cuts of a client that says what it plays', async () => {
    const how = { acknowledges: true, wordTimes: true };
    const cuts = randomCuts(60, everyKind, how);
    for (const [i, line] of (await playCuts(cuts)).entries()) {
      expectOneTruth(cuts[i], line);
      expect(line.view, told(cuts[i], line)).toEqual(line.ear);
      expect(line.wordsBy).toBe('times');
    }
  });

  it('to the word, for 40 cuts of a client that only says where it stopped', async () => {
    const how = { acknowledges: false, wordTimes: true };
    const cuts = randomCuts(40, kindsThatTruncate, how);
    for (const [i, line] of (await playCuts(cuts)).entries()) {
      expectOneTruth(cuts[i], line);
      expect(line.view, told(cuts[i], line)).toEqual(line.ear);
      expect(line.heardBy, told(cuts[i], line)).not.toBe('acknowledgement');
    }
  });

  it('to one word, for 30 cuts where the backend times no words, and says so', async () => {
    const cuts = randomCuts(30, everyKind, { acknowledges: true, wordTimes: false });
    let exact = 0;
    for (const [i, line] of (await playCuts(cuts)).entries()) {
      expectOneTruth(cuts[i], line);
      const off = Math.abs(line.view.length - line.ear.length);
      expect(off, told(cuts[i], line)).toBeLessThanOrEqual(1);
      if (off === 0) exact += 1;
      expect(line.wordsBy).toBe('proportion');
    }
    // Counted words are all of one length, which flatters an estimate by proportion.
    expect(exact).toBeGreaterThanOrEqual(24);
  });
});
