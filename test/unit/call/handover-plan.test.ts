import { describe, expect, it } from 'vitest';
import { pcm24k } from '../../../src/audio/format.ts';
import { retell, type CommittedTurn, type Loss } from '../../../src/call/handover-plan.ts';
import { silence, speech } from '../../support/call-harness.ts';
import { turnCapabilities } from '../../support/scripted-backend.ts';
import type { ConversationItem } from '../../../src/ports/conversation.ts';

const perMs = 24;

/** Sound from the start of the call on. */
function lossOf(sound: Uint8Array, turns: readonly CommittedTurn[], openFromMs: number): Loss {
  const items = turns.map(({ itemId }): ConversationItem => ({
    kind: 'message',
    itemId,
    role: 'user',
    status: 'completed',
    content: [{ type: 'audio', transcript: null, durationMs: 1000 }],
  }));
  const endAtMs = sound.byteLength / 2 / perMs;
  const audio = { format: pcm24k, startSample: 0, bytes: sound, endAtMs };
  return { items, turns, audio, openFromSample: openFromMs * perMs };
}

const turn = (itemId: string, fromMs: number, toMs: number): CommittedTurn => ({
  itemId,
  fromSample: fromMs * perMs,
  toSample: toMs * perMs,
  silence: false,
  answered: false,
});

/** What is told of sound, ms: from where, how much; and the commits. */
function told(loss: Loss, fasterThanRealTime: boolean) {
  const capabilities = { ...turnCapabilities, fasterThanRealTime };
  const { commands } = retell(loss, { authority: 'gateway', capabilities });
  const chunks = commands.flatMap((each) => (each.type === 'audio' ? [each.chunk] : []));
  const commits = commands.flatMap((each) =>
    each.type === 'commit' ? [[each.fromSample / perMs, each.toSample / perMs]] : [],
  );
  const samples = chunks.reduce((sum, chunk) => sum + chunk.samples, 0);
  const fromMs = chunks.length === 0 ? null : chunks[0]!.startSample / perMs;
  return { fromMs, soundMs: samples / perMs, commits };
}

describe('sound that is told again', () => {
  const long = Buffer.concat([silence(8000), speech(1000), silence(200)]);

  it('is told whole to one that takes it at any pace', () => {
    const loss = lossOf(long, [turn('a', 0, 9000)], 9000);
    expect(told(loss, true)).toEqual({ fromMs: 0, soundMs: 9200, commits: [[0, 9000]] });
  });

  it('begins half a second before its first sound for one that listens in real time', () => {
    const loss = lossOf(long, [turn('a', 0, 9000)], 9000);
    expect(told(loss, false)).toEqual({ fromMs: 7500, soundMs: 1700, commits: [[7500, 9000]] });
    const open = lossOf(long, [], 0);
    expect(told(open, false)).toEqual({ fromMs: 7500, soundMs: 1700, commits: [] });
  });

  it('leaves something of every turn, and all that begins with speech', () => {
    const quiet = lossOf(long, [turn('a', 0, 3000), turn('b', 3000, 9000)], 9000);
    expect(told(quiet, false).commits).toEqual([
      [2500, 3000],
      [3000, 9000],
    ]);
    const loud = lossOf(Buffer.concat([speech(1000)]), [turn('a', 0, 1000)], 1000);
    expect(told(loud, false)).toEqual({ fromMs: 0, soundMs: 1000, commits: [[0, 1000]] });
    const nothing = lossOf(silence(9000), [], 0);
    expect(told(nothing, false)).toEqual({ fromMs: 8500, soundMs: 500, commits: [] });
  });
});
