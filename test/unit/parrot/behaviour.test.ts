import { describe, expect, test } from 'vitest';

import { frameSamples, type ParrotFrame } from '../../../models/parrot/reference.ts';
import {
  converse,
  framed,
  isSilent,
  joined,
  loud,
  marksOf,
  openParrotLoop,
  quiet,
  sound,
  speechFixture,
} from '../../support/parrot-rig.ts';

async function hear(frames: readonly Int16Array[]): Promise<ParrotFrame[]> {
  return converse(await openParrotLoop(), 0, frames);
}

/** The frames in which it spoke, as one piece. */
function spoken(frames: readonly ParrotFrame[]): Int16Array {
  return joined(frames.map(({ speech }) => speech).filter((speech) => !isSilent(speech)));
}

describe('parrot answers', () => {
  test('an utterance comes back bit for bit when the caller was quiet for 640 ms', async () => {
    const utterance = loud(10);
    const said = await hear([...quiet(5), ...utterance, ...quiet(30)]);
    // 5 quiet, 10 loud, the eighth quiet frame is number 22; two frames of pre-roll come first.
    expect(marksOf(said)).toEqual(['speech_started@22', 'speech_ended@37']);
    expect(said[23]!.speech.every((sample) => sample === 0)).toBe(true);
    expect(joined(said.slice(24, 34).map(({ speech }) => speech))).toEqual(joined(utterance));
    expect(said.slice(0, 22).every(({ speech }) => isSilent(speech))).toBe(true);
  });

  test.each(['table', 'museum', 'booking', 'thanks'])(
    'recorded speech (%s) comes back from the first to the last audible sample',
    async (name) => {
      const clip = speechFixture(name);
      const said = await hear([...quiet(3), ...framed(clip), ...quiet(90)]);
      const started = said.findIndex(({ mark }) => mark === 'speech_started');
      const ended = said.findIndex(({ mark }) => mark === 'speech_ended');
      const answer = joined(said.slice(started, ended).map(({ speech }) => speech));
      const heard = joined([...quiet(3), ...framed(clip), ...quiet(90)]);
      const at = findPiece(heard, answer);
      // What is not in the answer is never audible: no 10 ms window of it is above −50 dBFS.
      const missed = [heard.subarray(0, at), heard.subarray(at + answer.length)];
      for (const part of missed) expect(loudestDbfs(part)).toBeLessThan(-50);
      expect(said.filter(({ mark }) => mark !== null)).toHaveLength(2);
    },
  );

  test('pauses below 640 ms stay inside one answer', async () => {
    const said = await hear([...loud(6, 1), ...quiet(7), ...loud(6, 2), ...quiet(40)]);
    // The 19 frames that were said, three of hangover, and none before the first.
    expect(marksOf(said)).toEqual(['speech_started@26', 'speech_ended@48']);
    expect(said[33]!.speech.every((sample) => sample === 0)).toBe(true);
    expect(joined(said.slice(39, 45).map(({ speech }) => speech))).toEqual(joined(loud(6, 2)));
  });

  test('two utterances are answered one after the other', async () => {
    const said = await hear([...loud(4, 1), ...quiet(25), ...loud(4, 2), ...quiet(25)]);
    expect(spoken(said)).toEqual(joined([...loud(4, 1), ...loud(4, 2)]));
  });

  test('of an utterance longer than its memory the oldest part is forgotten', async () => {
    const utterance = loud(300);
    const said = await hear([...utterance, ...quiet(260)]);
    // 250 frames are remembered, eight of them the quiet that ended the utterance.
    expect(spoken(said)).toEqual(joined(utterance.slice(300 - 243)));
  });

  test('silence and sound below the gate are not answered', async () => {
    // −53 dBFS: 16-bit noise with a peak of 127.
    const murmur = Array.from({ length: 40 }, (_, i) => sound(frameSamples, 127, i));
    const said = await hear([...murmur, ...quiet(30)]);
    expect(marksOf(said)).toEqual([]);
    expect(spoken(said)).toHaveLength(0);
  });
});

describe('parrot listens while it speaks', () => {
  const told = [...loud(20, 1), ...quiet(8)];

  test('480 ms of speech over it make it stop at once and forget the rest', async () => {
    const said = await hear([...told, ...quiet(2), ...loud(6, 2), ...quiet(60)]);
    // It speaks from frame 27; the caller from 30; the sixth loud frame is 35.
    expect(marksOf(said).slice(0, 2)).toEqual(['speech_started@27', 'yielded@35']);
    expect(said[34]!.speech).toEqual(loud(20, 1)[7]);
    expect(isSilent(said[35]!.speech)).toBe(true);
  });

  test('after yielding it answers what stopped it, and nothing of before', async () => {
    const said = await hear([...told, ...quiet(2), ...loud(9, 2), ...quiet(60)]);
    const answers = said.findLastIndex(({ mark }) => mark === 'speech_started');
    expect(answers).toBe(46);
    expect(spoken(said.slice(answers))).toEqual(joined(loud(9, 2)));
  });

  test('a shorter sound over it neither stops it nor is answered', async () => {
    const said = await hear([...told, ...quiet(2), ...loud(5, 2), ...quiet(60)]);
    expect(marksOf(said)).toEqual(['speech_started@27', 'speech_ended@50']);
    expect(spoken(said)).toEqual(joined(loud(20, 1)));
  });

  test('what began over it and went on after it had finished is answered whole', async () => {
    // It speaks 23 frames from 27 to 49; the caller speaks from 47 to 54.
    const said = await hear([...told, ...quiet(19), ...loud(8, 2), ...quiet(60)]);
    const answers = said.findLastIndex(({ mark }) => mark === 'speech_started');
    expect(marksOf(said).slice(0, 2)).toEqual(['speech_started@27', 'speech_ended@50']);
    expect(answers).toBe(62);
    expect(spoken(said.slice(answers + 2))).toEqual(joined(loud(8, 2)));
  });
});

/** Where `piece` lies in `whole`, exactly. */
function findPiece(whole: Int16Array, piece: Int16Array): number {
  for (let at = 0; at + piece.length <= whole.length; at += 1) {
    let same = 0;
    while (same < piece.length && whole[at + same] === piece[same]) same += 1;
    if (same === piece.length) return at;
  }
  throw new Error('the answer is not a piece of what was said');
}

/** Level of the loudest 10 ms, at any position. */
function loudestDbfs(samples: Int16Array): number {
  const window = 240;
  let energy = 0;
  let loudest = 0;
  for (let i = 0; i < samples.length; i += 1) {
    energy += samples[i]! ** 2;
    if (i >= window) energy -= samples[i - window]! ** 2;
    loudest = Math.max(loudest, energy);
  }
  return 10 * Math.log10(loudest / window / 32_768 ** 2);
}
