import { afterEach, describe, expect, it } from 'vitest';
import { ChunkTimeline } from '../../src/audio/chunk.ts';
import { pcm24k } from '../../src/audio/format.ts';
import { encodeSamples } from '../../src/audio/samples.ts';
import { countedSpeech } from '../ear/counted-speech.ts';
import type { StandInOptions } from '../upstream/live/options.ts';
import { LiveRig } from '../upstream/live/rig.ts';

let rig: LiveRig;
afterEach(() => rig.close());

async function start(options: StandInOptions = {}): Promise<void> {
  rig = await LiveRig.start({ callerText: 'counted', ...options });
  await rig.open();
}

describe('a session that takes over', () => {
  it('hears what was said before it began, and is with the caller again in the next pause', async () => {
    await start({ answers: [{ count: 2 }] });
    const uplink = new ChunkTimeline(pcm24k);
    const { samples } = countedSpeech({ firstNumber: 101, words: 3, rateHz: 24_000 });
    // Four seconds at once, and then the microphone in real time.
    const told = new Float32Array(4 * 24_000);
    told.set(samples, 24_000);
    const hear = (piece: Float32Array): void => {
      const chunk = uplink.append(encodeSamples(piece, 'pcm16'), rig.clock.nowMs());
      rig.probe.session.send({ type: 'audio', chunk });
    };
    hear(told);
    for (let passedMs = 0; passedMs < 5_000; passedMs += 20) {
      hear(new Float32Array(480));
      await rig.pass(20);
    }
    const words = rig.events('caller.words');
    expect(words.map(({ text }) => text).join('')).toBe('101 102 103');
    // Where it was said, though less than that was sent.
    expect(words[0]!.fromSample).toBeGreaterThanOrEqual(24_000 - 4_800);
    expect(words[0]!.fromSample).toBeLessThanOrEqual(24_000 + 4_800);
    expect(rig.numbers()).toEqual([1, 2]);
    const figures = rig.backend.figures();
    expect(figures).toMatchObject({ inputDroppedSamples: 0 });
    // Nine seconds came in five: all but what may wait was made up for.
    expect(figures['silenceSkippedMs']).toBeGreaterThanOrEqual(3_400);
    expect(figures['silenceSkippedMs']).toBeLessThanOrEqual(4_000);
  });

  it('answers when a tool brings something that another one had asked for', async () => {
    await start({ answers: [{ count: 3 }] });
    await rig.talk(500);
    const item = {
      kind: 'tool_output',
      itemId: 'out',
      toolCallId: 'of-another',
      output: '7',
      status: 'completed',
    } as const;
    rig.probe.session.send({ type: 'item.add', item, afterItemId: undefined });
    await rig.talk(5_000);
    const contents = rig.received('session.thinking.append').map(({ content }) => content);
    expect(contents).toEqual(['A tool that was asked for earlier brought: 7']);
    expect(rig.numbers()).toEqual([1, 2, 3]);
  });
});

describe('a session whose upstream is lost', () => {
  const drop = (afterMs: number): StandInOptions => ({
    answers: [{ count: 12 }],
    faults: [{ kind: 'drop', at: 'audio', afterMs, connection: 1 }],
  });

  it.each([
    ['while it speaks', 3_500],
    ['while it owes an answer', 1_200],
  ])('says so at once %s', async (_when, afterMs) => {
    await start(drop(afterMs));
    rig.count(101, 2);
    await rig.talk(afterMs + 400);
    expect(rig.events('upstream.lost').map(({ error }) => error.code)).toEqual(['backend_closed']);
  });

  it('says nothing of it while nothing is said or owed', async () => {
    await start(drop(1_500));
    await rig.talk(4_000);
    expect(rig.server.sessions).toHaveLength(2);
    expect(rig.events('upstream.lost')).toEqual([]);
  });
});
