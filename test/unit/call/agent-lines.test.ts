import { beforeAll, describe, expect, it } from 'vitest';
import { answer, audio, done, silence, text } from '../../support/call-harness.ts';
import { CallError } from '../../../src/ports/errors.ts';
import { linesRig } from './agent-lines-rig.ts';
import { prepareResampler } from '../../../src/audio/resampler.ts';
import type { StreamFrame } from '../../../src/ports/backend.ts';

beforeAll(prepareResampler);

function frame(bytes: Uint8Array, mark: StreamFrame['mark'] = null): StreamFrame {
  return { startSample: 0, bytes, heardInputSample: 0, text: null, mark };
}

/** A line of which `ms` were said; the agent was held 100 ms after it began. */
function held(ms: number) {
  const rig = linesRig();
  const track = rig.open();
  const { lineId } = track.line;
  rig.lines.take(audio(lineId, answer(ms)));
  rig.clock.advance(100);
  rig.lines.hold();
  rig.clock.advance(100);
  return { ...rig, track, lineId };
}

describe('a held line', () => {
  it('that the backend finishes closes with its last sample, after the resume', () => {
    const { clock, lines, lineId, entries, told, sentMs } = held(1000);
    lines.take(done(lineId));
    clock.advance(5000);
    expect(entries('line.closed')).toEqual([]);
    expect(sentMs()).toBe(320);
    lines.resume();
    clock.advance(5000);
    expect(sentMs()).toBe(1000);
    expect(entries('line.closed')).toMatchObject([{ lineId, end: { status: 'completed' } }]);
    expect(entries('line.heard')).toMatchObject([{ lineId, extent: { heardMs: 1000 } }]);
    expect(told('playback')).toMatchObject([{ lineId, playedMs: 1000, bufferedMs: 0 }]);
  });

  it('that is cut is settled at what was heard, and the next one is at full gain', () => {
    const { clock, lines, track, lineId, entries, open, sentMs, cuts } = held(1000);
    lines.duck(-18);
    clock.advance(5000);
    expect(lines.cut('caller', 'turn_detected')).toBe(track);
    expect(entries('agent.cut')).toMatchObject([
      { droppedMs: 680, lineId, extent: { heardMs: 320, heardBy: 'clock' } },
    ]);
    expect(entries('line.closed')).toMatchObject([{ lineId, end: { status: 'cancelled' } }]);
    expect(cuts).toEqual([[track]]);
    const next = open();
    lines.take(audio(next.line.lineId, answer(100)));
    expect(sentMs()).toBe(420);
    expect(next.audio()).toEqual(Buffer.from(answer(100)));
    expect(entries('agent.resumed')).toEqual([]);
  });

  it('that fails with its backend ends as failed, with nothing more said', () => {
    const { clock, lines, lineId, entries, sentMs } = held(1000);
    lines.failAll(new CallError('backend_closed', 'lost'));
    lines.resume();
    clock.advance(20_000);
    expect(entries('line.closed')).toMatchObject([
      { lineId, end: { status: 'failed' }, extent: { sentMs: 320, heardMs: 140 } },
    ]);
    expect(sentMs()).toBe(320);
    expect(clock.pending).toBe(0);
  });

  it('keeps its place before a line that a deciding backend begins meanwhile', () => {
    const { clock, lines, lineId, entries, sentMs, faults } = held(1000);
    lines.take(done(lineId));
    lines.openForBackend('own_2');
    lines.take(audio('own_2', answer(200)));
    lines.take(done('own_2'));
    lines.openForBackend('own_3');
    lines.take(audio('own_3', answer(200)));
    clock.advance(5000);
    expect(sentMs()).toBe(320);
    expect(lines.active?.line.lineId).toBe('own_3');
    lines.resume();
    clock.advance(5000);
    expect(entries('line.closed').map((each) => each.lineId)).toEqual([lineId, 'own_2']);
    expect(sentMs()).toBe(1400);
    lines.take(done('own_3'));
    clock.advance(5000);
    expect(entries('line.heard').map((each) => each.lineId)).toEqual([lineId, 'own_2', 'own_3']);
    expect(faults).toEqual([]);
  });

  it('ends with the one behind it when both are cut', () => {
    const { clock, lines, lineId, entries, cuts } = held(1000);
    lines.take(done(lineId));
    lines.openForBackend('own_2');
    lines.take(audio('own_2', answer(200)));
    lines.cut('caller', 'turn_detected');
    expect(entries('line.closed')).toMatchObject([
      { lineId, end: { status: 'cancelled' }, extent: { heardMs: 140 } },
      { lineId: 'own_2', end: { status: 'cancelled' }, extent: { sentMs: 0, heardMs: 0 } },
    ]);
    expect(entries('agent.cut')).toMatchObject([{ lineId: 'own_2' }]);
    expect(cuts.flat().map(({ line }) => line.lineId)).toEqual([lineId, 'own_2']);
    clock.advance(20_000);
    expect(clock.pending).toBe(0);
    expect(lines.active).toBeNull();
  });

  it('is not the reason for a stall, and its backend still is', () => {
    const { clock, lines, lineId, faults } = held(30_000);
    for (let second = 0; second < 30; second += 1) {
      lines.take(audio(lineId, answer(100)));
      clock.advance(1000);
    }
    expect(faults).toEqual([]);
    clock.advance(35_000);
    expect(faults.map(({ code }) => code)).toEqual(['backend_stalled']);
  });

  it('was the model’s own: then it is not held', () => {
    const rig = linesRig();
    rig.lines.take({ type: 'stream.frame', frame: frame(answer(400)) });
    rig.lines.hold();
    rig.lines.take({ type: 'stream.frame', frame: frame(answer(400)) });
    rig.clock.advance(2000);
    expect(rig.sentMs()).toBe(800);
    rig.lines.take({ type: 'stream.frame', frame: frame(silence(80), 'speech_ended') });
    rig.clock.advance(2000);
    expect(rig.entries('line.closed')).toHaveLength(1);
    expect(rig.entries('agent.held')).toEqual([]);
  });
});

describe('a hold', () => {
  it('before any sample lets nothing of the line out, though it runs to its end', () => {
    const { clock, lines, open, sentMs, entries, told } = linesRig();
    const { lineId } = open().line;
    lines.hold();
    lines.take(text(lineId, 'Two rooms.'));
    lines.take(audio(lineId, answer(500)));
    lines.take(done(lineId));
    clock.advance(5000);
    expect(sentMs()).toBe(0);
    expect(entries('line.text')).toEqual([]);
    expect(entries('line.closed')).toEqual([]);
    expect(told('line.audio')).toEqual([]);
    lines.cut('caller', 'turn_detected');
    expect(entries('line.closed')).toMatchObject([{ extent: { sentMs: 0, sentText: '' } }]);
    expect(lines.active).toBeNull();
  });

  it('is over when nothing is left to hold: the next line begins by itself', () => {
    const { clock, lines, open, sentMs, entries } = linesRig();
    const first = open().line.lineId;
    lines.hold();
    lines.take(done(first));
    expect(entries('agent.resumed')).toMatchObject([{ lineId: first, cause: 'over' }]);
    const second = open().line.lineId;
    lines.take(audio(second, answer(100)));
    lines.take(done(second));
    expect(sentMs()).toBe(100);
    lines.hold();
    clock.advance(1000);
    expect(entries('agent.resumed').slice(1)).toMatchObject([{ lineId: second, cause: 'over' }]);
    const third = open();
    lines.take(audio(third.line.lineId, answer(100)));
    expect(third.audio()).toEqual(Buffer.from(answer(100)));
  });

  it('is not over while a line is still to say something', () => {
    const { clock, lines, open, sentMs, entries } = linesRig();
    const first = open().line.lineId;
    lines.take(audio(first, answer(100)));
    lines.take(done(first));
    const second = open().line.lineId;
    lines.hold();
    clock.advance(1000);
    lines.take(audio(second, answer(100)));
    clock.advance(1000);
    expect(entries('line.heard')).toHaveLength(1);
    expect(sentMs()).toBe(100);
    lines.resume();
    expect(sentMs()).toBe(200);
  });

  it('of nothing is ended by a cut of nothing', () => {
    const { lines, open, sentMs, entries } = linesRig();
    lines.hold();
    expect(lines.cut('caller', 'turn_detected')).toBeNull();
    lines.take(audio(open().line.lineId, answer(100)));
    expect(sentMs()).toBe(100);
    expect(entries('agent.held')).toMatchObject([{ lineId: null, lineMs: 0 }]);
  });

  it('leaves lines in text alone', () => {
    const { lines, open, entries } = linesRig();
    const { lineId } = open('text').line;
    lines.hold();
    lines.take(text(lineId, 'Two rooms.'));
    lines.take(done(lineId));
    expect(entries('line.closed')).toMatchObject([{ extent: { sentText: 'Two rooms.' } }]);
  });
});

describe('a line without a sound', () => {
  /** A line of 500 ms that is given away and still sounds; the floor is promised to the next. */
  function behindSound() {
    const rig = linesRig(2000);
    const first = rig.open();
    rig.lines.take(audio(first.line.lineId, answer(500)));
    rig.lines.take(done(first.line.lineId));
    rig.clock.advance(100);
    return { ...rig, first };
  }

  it('that ends while another one sounds frees the floor only when that was heard', () => {
    const { clock, lines, open, told, turns, first } = behindSound();
    const { lineId } = open().line;
    lines.take(done(lineId));
    expect(told('line.closed').map((each) => each.lineId)).toEqual([first.line.lineId]);
    clock.advance(459);
    expect(turns.at(-1)).toMatchObject({ type: 'line.opened' });
    clock.advance(1);
    expect(turns.slice(-2)).toMatchObject([
      { type: 'playback', lineId: first.line.lineId, bufferedMs: 0 },
      { type: 'line.closed', lineId },
    ]);
  });

  it('is written, and it is the same', () => {
    const { clock, lines, open, told } = behindSound();
    const { lineId } = open('text').line;
    lines.take(text(lineId, 'Two rooms.'));
    lines.take(done(lineId));
    expect(told('line.closed')).toHaveLength(1);
    clock.advance(460);
    expect(told('line.closed').map((each) => each.lineId)).toContain(lineId);
  });

  it('is told as over after the next one has the floor', () => {
    const { lines, open, turns } = behindSound();
    const silent = open().line.lineId;
    lines.take(done(silent));
    const { lineId } = open().line;
    expect(turns.slice(-2)).toEqual([
      { type: 'line.opened', lineId },
      { type: 'line.closed', lineId: silent },
    ]);
  });

  it('does not keep a cut from the sound before it', () => {
    const { lines, open, entries, turns, first, cuts } = behindSound();
    const silent = open().line.lineId;
    lines.take(done(silent));
    expect(lines.cut('caller', 'turn_detected')).toBe(first);
    expect(cuts).toEqual([[first]]);
    const extent = { heardMs: 40, heardBy: 'clock' };
    expect(entries('agent.cut')).toMatchObject([{ lineId: first.line.lineId, extent }]);
    expect(entries('line.heard')).toMatchObject([{ lineId: first.line.lineId, extent }]);
    expect(turns.slice(-2)).toMatchObject([
      { type: 'playback', lineId: first.line.lineId, playedMs: 40 },
      { type: 'line.closed', lineId: silent },
    ]);
  });

  it('alone frees the floor at once', () => {
    const { lines, open, turns } = linesRig();
    const { lineId } = open().line;
    lines.take(done(lineId));
    expect(turns.at(-1)).toEqual({ type: 'line.closed', lineId });
  });
});

describe('a duck', () => {
  it('is told with its reason, and is over with the line: the next one is at full gain', () => {
    const { clock, lines, open, entries } = linesRig();
    const { lineId } = open().line;
    lines.take(audio(lineId, answer(500)));
    lines.duck(-18, -30);
    lines.take(done(lineId));
    clock.advance(1000);
    expect(entries('agent.ducked')).toMatchObject([
      { lineId, atSample: 4800, gainDb: -18, onsetAtMs: -30, atMs: 20 },
    ]);
    expect(entries('agent.resumed')).toMatchObject([{ lineId, lineMs: 500, cause: 'over' }]);
    const next = open();
    lines.take(audio(next.line.lineId, answer(100)));
    expect(next.audio()).toEqual(Buffer.from(answer(100)));
  });
});

describe('the outlook', () => {
  it('is told when the end is known, gone while held, and later by the time held', () => {
    const { clock, lines, open, told } = linesRig();
    const { lineId } = open().line;
    lines.take(audio(lineId, answer(1000)));
    clock.advance(100);
    expect(told('line.outlook')).toEqual([]);
    lines.take(done(lineId));
    expect(told('line.outlook')).toEqual([
      { type: 'line.outlook', lineId, endsAtMs: 1060, question: false },
    ]);
    clock.advance(100);
    lines.hold();
    clock.advance(500);
    expect(told('line.outlook').slice(1)).toMatchObject([{ endsAtMs: null }]);
    lines.resume();
    // 420 ms were given by 200, and played by 420; the other 580 go on at 700.
    expect(told('line.outlook').slice(2)).toMatchObject([{ endsAtMs: 700 + 580 + 60 }]);
    clock.advance(2000);
    expect(told('playback')).toHaveLength(1);
    expect(told('line.outlook')).toHaveLength(3);
  });

  it('is a question when what was given so far ends as one, or the whole does', () => {
    const { clock, lines, open, told } = linesRig();
    const { lineId } = open().line;
    const word = (said: string, startMs: number) =>
      ({
        type: 'line.text',
        lineId,
        delta: said,
        words: [{ text: said.trim(), startMs, endMs: startMs + 300 }],
      }) as const;
    lines.take(audio(lineId, answer(2000)));
    lines.take(word('Well? ', 100));
    clock.advance(20);
    expect(told('line.outlook')).toEqual([
      { type: 'line.outlook', lineId, endsAtMs: null, question: true },
    ]);
    lines.take(word('Rooms ', 800));
    clock.advance(680);
    expect(told('line.outlook').at(-1)).toMatchObject({ question: false });
    lines.take(word('tonight?” ', 1500));
    expect(told('line.outlook')).toHaveLength(2);
    lines.take(done(lineId));
    expect(told('line.outlook').at(-1)).toMatchObject({ endsAtMs: 2060, question: true });
  });

  it.each(['Ready?', 'Ready? ', '「いいですか？」', 'هل أنت جاهز؟', '(Ready?)'])(
    'knows %s for a question',
    (said) => {
      const { lines, open, told } = linesRig();
      const { lineId } = open().line;
      lines.take(text(lineId, said));
      lines.take(audio(lineId, answer(100)));
      lines.take(done(lineId));
      expect(told('line.outlook').at(-1)).toMatchObject({ question: true });
    },
  );

  it('is none for a line in text, nor for one that is cut', () => {
    const { lines, open, told } = linesRig();
    const written = open('text').line.lineId;
    lines.take(text(written, 'Ready?'));
    lines.take(done(written));
    const spoken = open().line.lineId;
    lines.take(audio(spoken, answer(500)));
    lines.cut('caller', 'turn_detected');
    lines.resume();
    expect(told('line.outlook')).toEqual([]);
  });
});

describe('an acknowledgement after a cut', () => {
  function cutLine() {
    const rig = linesRig();
    const track = rig.open();
    rig.lines.take(text(track.line.lineId, 'aaaa bbbb'));
    rig.lines.take(audio(track.line.lineId, answer(1000)));
    rig.lines.take(done(track.line.lineId));
    rig.clock.advance(600);
    rig.lines.cut('caller', 'turn_detected');
    const heard = () => rig.conversation.item(track.line.itemId, { nowMs: 9000, roundTripMs: 0 });
    return { ...rig, track, heard };
  }

  it('settles what was heard: item, log and backend follow, nothing is told twice', () => {
    const { clock, lines, track, heard, entries, cuts } = cutLine();
    expect(entries('agent.cut')).toMatchObject([
      { extent: { heardMs: 540, heardText: 'aaaa', heardBy: 'clock', wordsBy: 'proportion' } },
    ]);
    clock.advance(300);
    lines.acknowledge(track, 200);
    lines.acknowledge(track, 200);
    expect(heard()).toMatchObject({ content: [{ transcript: '', durationMs: 200 }] });
    expect(entries('line.heard')).toMatchObject([
      { extent: { heardMs: 200, heardText: '', heardBy: 'acknowledgement' } },
    ]);
    expect(cuts).toEqual([[track], [track]]);
    lines.acknowledge(track, 5000);
    expect(heard()).toMatchObject({ content: [{ transcript: 'aaaa bbbb', durationMs: 800 }] });
    expect(entries('line.closed')).toHaveLength(1);
  });

  it('counts for a second only', () => {
    const { clock, lines, track, heard, entries } = cutLine();
    clock.advance(1001);
    lines.acknowledge(track, 200);
    expect(heard()).toMatchObject({ content: [{ transcript: 'aaaa', durationMs: 540 }] });
    expect(entries('line.heard')).toEqual([]);
  });
});
