import { describe, expect, it } from 'vitest';
import { finalOf, type FinalState } from '../../../adapters/speech/stt/shared/final.ts';
import { RunningText } from '../../../adapters/speech/stt/shared/running-text.ts';
import { Stretch } from '../../../adapters/speech/stt/shared/stretch.ts';
import type { SpeechToTextEvent } from '../../../src/ports/speech-to-text.ts';

const known: FinalState = { connected: true, heardMs: 0, wordTimes: false };

/** A closed stretch of a second. */
function closed(text: string, differing: Partial<Stretch> = {}): Stretch {
  const stretch = new Stretch(0);
  const piece = { text, words: null, startMs: 0, endMs: 900, settled: true };
  if (text !== '') stretch.pieces.push(piece);
  return Object.assign(stretch, { endMs: 1000, closedAtMs: 1200, newsAtMs: 1300, ...differing });
}

describe('the final of a stretch', () => {
  it('is complete where the recogniser has given everything', () => {
    const final = finalOf(closed('yes', { through: true }), 3, known);
    expect(final).toEqual({ type: 'final', finishId: 3, text: 'yes', words: null, complete: true });
  });

  it('is not complete at its deadline, and has no hole where the recogniser spoke', () => {
    expect(finalOf(closed('yes'), 3, known)).not.toHaveProperty('hole');
    expect(finalOf(closed('yes'), 3, known)).toMatchObject({ complete: false });
  });

  it('has a hole where audio was lost, or the connection went while words were open', () => {
    const lost = closed('yes', { through: true, lost: true });
    expect(finalOf(lost, 3, known)).toMatchObject({ complete: false, hole: true });
    expect(finalOf(closed('yes'), 3, { ...known, connected: false })).toMatchObject({ hole: true });
  });

  it('has a hole where nothing came, unless all but 400 ms was recognised before', () => {
    const silent = closed('', { newsAtMs: 1200 });
    expect(finalOf(silent, 3, { ...known, heardMs: 599 })).toMatchObject({ hole: true });
    expect(finalOf(silent, 3, { ...known, heardMs: 600 })).not.toHaveProperty('hole');
  });
});

describe('the text of the open stretch', () => {
  function running(wordTimes = false) {
    const events: SpeechToTextEvent[] = [];
    const text = new RunningText({ wordTimes, emit: (event) => void events.push(event) });
    return { text, events };
  }

  it('is told where it changed, or more of it is settled', () => {
    const { text, events } = running();
    text.tell({ text: 'one two', settledText: '', words: null });
    text.tell({ text: 'one two', settledText: '', words: null });
    text.tell({ text: 'one two', settledText: 'one', words: null });
    text.restart();
    text.tell({ text: '', settledText: '', words: null });
    expect(events).toEqual([
      { type: 'partial', text: 'one two', settled: 0 },
      { type: 'partial', text: 'one two', settled: 3 },
    ]);
  });

  it('has its turn taken up again only where it was said to end soon', () => {
    const { text, events } = running();
    text.turn('resumed', 0, 'one');
    text.turn('eager_end', 0.6, '');
    text.turn('eager_end', 0.6, 'one');
    text.turn('resumed', 0, 'one');
    text.turn('resumed', 0, 'one');
    expect(events).toEqual([
      { type: 'eager_end', text: 'one', probability: 0.6 },
      { type: 'resumed' },
    ]);
  });
});
