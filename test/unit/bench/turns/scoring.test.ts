import { describe, expect, test } from 'vitest';
import type { TruthEvent } from '../../../../bench/turns/dialogues/director.ts';
import { agreementOf } from '../../../../bench/turns/scoring/agreement.ts';
import { marksOf } from '../../../../bench/turns/scoring/marks.ts';
import type { Observation, PlayedDialogue } from '../../../../bench/turns/scoring/observed.ts';
import { curvePoint, figuresOf } from '../../../../bench/turns/scoring/summary.ts';

const turn = (startMs: number, endMs: number, early = false): TruthEvent => ({
  type: 'turn',
  exchange: 0,
  kind: 'held',
  early,
  startMs,
  endMs,
});
const gap = (startMs: number, endMs: number, kind: 'hold' | 'resumption' = 'hold'): TruthEvent => ({
  type: 'gap',
  exchange: 0,
  kind,
  startMs,
  endMs,
});
const over = (
  kind: 'backchannel' | 'interruption' | 'cough',
  startMs: number,
  endMs: number,
): TruthEvent => ({ type: 'overlap', exchange: 0, kind, lineId: 'a', startMs, endMs });
const committed = (atMs: number): Observation => ({ type: 'committed', atMs });
const on = (
  type: 'lineStarted' | 'lowered' | 'resumed' | 'yielded',
  atMs: number,
): Observation => ({
  type,
  lineId: 'a',
  atMs,
});
const ended = (atMs: number, cut: boolean): Observation => ({
  type: 'lineEnded',
  lineId: 'a',
  atMs,
  cut,
});

function played(
  truth: readonly TruthEvent[],
  observed: readonly Observation[],
  index = 0,
): PlayedDialogue {
  const line = { snrDb: null, telephone: false, echo: null };
  return { index, line, durationMs: 60_000, truth, observed };
}

describe('a pause inside a turn', () => {
  const truth = [turn(1_000, 4_000), gap(2_000, 2_600)];

  test('is cut into by a turn that ends in it', () => {
    const [hold] = marksOf(played(truth, [committed(2_500), committed(4_500)])).holds;
    expect(hold).toMatchObject({ lengthMs: 600, cutIn: true, heard: false });
  });

  test('is heard to be cut into when the agent begins before the caller has finished', () => {
    const observed = [committed(2_500), on('lineStarted', 3_400), ended(3_600, true)];
    const marks = marksOf(played(truth, observed));
    expect(marks.holds[0]).toMatchObject({ cutIn: true, heard: true });
    // 200 ms are no takeover; a second is.
    expect(marks).toMatchObject({ heldTurns: 1, takeovers: 0 });
    const longer = [committed(2_200), on('lineStarted', 2_500), ended(3_600, true)];
    expect(marksOf(played(truth, longer)).takeovers).toBe(1);
  });

  test('is left alone by a turn that ends after it', () => {
    const marks = marksOf(played(truth, [committed(2_650), committed(4_400)]));
    expect(marks.holds[0]!.cutIn).toBe(false);
    // It is counted apart: the caller was speaking.
    expect(marks.cutInsInSpeech).toBe(1);
  });

  test('is not a pause after what looked like an end', () => {
    const resumed = [turn(1_000, 4_000), gap(2_000, 2_600, 'resumption')];
    const observed = [committed(2_400), { type: 'retracted', atMs: 2_800 } as const];
    const marks = marksOf(played(resumed, observed));
    expect(marks.holds).toHaveLength(0);
    expect(marks.resumptions[0]).toMatchObject({ committed: true, retracted: true, heard: false });
  });
});

describe('the end of a turn', () => {
  test('has a delay, and the first audio after it', () => {
    const observed = [committed(4_600), on('lineStarted', 5_000), ended(9_000, false)];
    const [end] = marksOf(played([turn(1_000, 4_000)], observed)).ends;
    expect(end).toMatchObject({ delayMs: 600, missed: false, firstAudioMs: 1_000 });
  });

  test.each([
    [[committed(5_600)], { delayMs: 1_600, missed: false }],
    [[committed(5_601)], { delayMs: 1_601, missed: true }],
    [[], { delayMs: null, missed: true, firstAudioMs: null }],
  ])('is missed after 1.6 s', (observed, mark) => {
    expect(marksOf(played([turn(1_000, 4_000)], observed)).ends[0]).toMatchObject(mark);
  });

  test('of an early answer is not one of these', () => {
    const early = [turn(1_000, 1_400, true)];
    const taken = marksOf(played(early, [committed(2_000)]));
    expect(taken).toMatchObject({ ends: [], earlyAnswers: 1, earlyAnswersTaken: 1 });
    expect(marksOf(played(early, [])).earlyAnswersTaken).toBe(0);
  });
});

describe('speech over the agent', () => {
  const line = [on('lineStarted', 1_000)];

  test('is ducked, and waited out', () => {
    const observed = [...line, on('lowered', 3_120), on('resumed', 3_700), ended(9_000, false)];
    const marks = marksOf(played([over('backchannel', 3_000, 3_400)], observed));
    expect(marks.overlaps[0]).toMatchObject({
      duckMs: 120,
      yieldMs: null,
      loweredMs: 580,
      falseResume: false,
    });
    expect(figuresOf([marks])).toMatchObject({ backchannels: 1, falseYieldRate: 0 });
  });

  test('is yielded to', () => {
    const observed = [...line, on('lowered', 3_120), on('yielded', 3_650), ended(3_650, true)];
    const marks = marksOf(played([over('interruption', 3_000, 4_000)], observed));
    expect(marks.overlaps[0]).toMatchObject({ duckMs: 120, yieldMs: 650 });
    expect(figuresOf([marks])).toMatchObject({ interruptions: 1, trueYieldRate: 1 });
  });

  test('is met by a resumption that came too early', () => {
    const observed = [
      ...line,
      on('lowered', 3_120),
      on('resumed', 3_500),
      on('yielded', 3_900),
      ended(3_900, true),
    ];
    const marks = marksOf(played([over('interruption', 3_000, 4_000)], observed));
    expect(marks.overlaps[0]!.falseResume).toBe(true);
  });

  test('counts a plain cut as silence at that moment', () => {
    const observed = [...line, on('yielded', 3_200), ended(3_200, true)];
    const marks = marksOf(played([over('interruption', 3_000, 4_000)], observed));
    expect(marks.overlaps[0]).toMatchObject({ duckMs: 200, yieldMs: 200 });
  });

  test('is none when the agent had stopped before', () => {
    const observed = [...line, ended(2_900, false)];
    expect(marksOf(played([over('interruption', 3_000, 4_000)], observed)).overlaps).toEqual([]);
  });

  test('is too late to be ducked 150 ms after its end', () => {
    const observed = [...line, on('lowered', 3_551), ended(9_000, false)];
    const marks = marksOf(played([over('backchannel', 3_000, 3_400)], observed));
    expect(marks.overlaps[0]!.duckMs).toBeNull();
  });
});

describe('an agent that stops by itself', () => {
  test('is counted when nobody has spoken for two seconds', () => {
    const truth = [turn(1_000, 2_000)];
    const observed = [on('lineStarted', 3_000), on('lowered', 3_900), on('yielded', 4_001)];
    expect(marksOf(played(truth, observed))).toMatchObject({ selfInterruptions: 1, selfDucks: 1 });
    const soon = [on('lineStarted', 3_000), on('yielded', 3_999)];
    expect(marksOf(played(truth, soon)).selfInterruptions).toBe(0);
  });
});

describe('figures', () => {
  const cut = marksOf(
    played([turn(0, 4_000), gap(1_000, 2_000)], [committed(1_700), committed(4_400)], 1),
  );
  const calm = marksOf(played([turn(0, 4_000), gap(1_000, 2_000)], [committed(6_000)], 2));

  test('are shares and distributions over all dialogues', () => {
    expect(figuresOf([cut, calm])).toMatchObject({
      dialogues: 2,
      holds: 2,
      cutInRate: 0.5,
      missedEndRate: 0.5,
      endDelayMs: { n: 1, p50: 400 },
    });
  });

  test('give one point of a curve, missed ends included', () => {
    expect(curvePoint([cut, calm])).toEqual({ delayMs: 1_200, cutInRate: 0.5 });
  });

  test('of nothing are zero', () => {
    expect(figuresOf([])).toMatchObject({ cutInRate: 0, endDelayMs: { n: 0 } });
  });
});

describe('two runs of the same dialogues', () => {
  const marks = (index: number, delayMs: number): ReturnType<typeof marksOf> =>
    marksOf(played([turn(0, 4_000)], [committed(4_000 + delayMs)], index));

  test('are compared event by event', () => {
    const agreement = agreementOf([marks(1, 520), marks(2, 640)], [marks(1, 500), marks(2, 600)]);
    expect(agreement.endDelayMs.differenceMs).toMatchObject({ n: 2, mean: 30, max: 40 });
    expect(agreement.missedEndRate).toMatchObject({ realTime: 0, engine: 0, agrees: true });
  });

  test('do not agree when a rate differs by more than chance', () => {
    const many = (delayMs: number): ReturnType<typeof marksOf>[] =>
      Array.from({ length: 40 }, (_, index) => marks(index, delayMs));
    const half = [...many(500).slice(20), ...many(2_000).slice(20)];
    expect(agreementOf(half, many(500)).missedEndRate).toMatchObject({ agrees: false });
    expect(agreementOf(half, half).missedEndRate).toMatchObject({ z: 0, agrees: true });
  });
});
