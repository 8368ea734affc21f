import { beforeAll, describe, expect, it } from 'vitest';
import { answer, audio, text } from '../../support/call-harness.ts';
import { CallError } from '../../../src/ports/errors.ts';
import { linesRig } from './agent-lines-rig.ts';
import { prepareResampler } from '../../../src/audio/resampler.ts';
import { unasked } from '../../../src/call/line-request.ts';

beforeAll(prepareResampler);

const lost = new CallError('backend_closed', 'lost');
const bare = (): boolean => true;

describe('the lines of a backend that is lost', () => {
  it('are owed where nothing was heard of them, and can be asked for once more', () => {
    const { lines, open, entries, clock, faults } = linesRig();
    const track = open();
    expect(lines.left.leave(lost, bare)).toEqual({ kind: 'owed', track });
    expect(lines.active).toBe(track);
    lines.left.askedAgain(track);
    expect(track.askedAtMs).toBeNull();
    clock.advance(19_000);
    lines.take(audio(track.line.lineId, answer(100)));
    expect([track.generatedMs, faults, entries('line.closed')]).toEqual([100, [], []]);
  });

  it('are not asked for again where something was done in them', () => {
    const { lines, open, entries } = linesRig();
    const track = open();
    expect(lines.left.leave(lost, () => false)).toEqual({ kind: 'over', track });
    expect(entries('line.closed')).toMatchObject([
      { end: { status: 'incomplete', reason: 'backend_lost' } },
    ]);
  });

  it('break off where something of them was heard: what is here plays on', () => {
    const { lines, open, entries, clock, sentMs } = linesRig();
    const track = open();
    lines.take(text(track.line.lineId, 'One two three.'));
    lines.take(audio(track.line.lineId, answer(1000)));
    clock.advance(100);
    expect(lines.left.leave(lost, bare)).toEqual({ kind: 'broken', track });
    clock.advance(5000);
    expect(sentMs()).toBeGreaterThan(300);
    expect(entries('line.closed')).toMatchObject([
      { end: { status: 'incomplete', reason: 'backend_lost' } },
    ]);
    expect(lines.left.leave(lost, bare)).toBeNull();
  });

  it('fail at once out of band', () => {
    const { lines, entries } = linesRig();
    lines.open({ ...unasked, cause: 'client', outOfBand: true });
    expect(lines.left.leave(lost, bare)).toBeNull();
    expect(entries('line.closed')).toMatchObject([
      { end: { status: 'failed', code: 'backend_closed' } },
    ]);
  });

  it('end unsaid where the one that is owed will not come', () => {
    const { lines, open, entries, clock } = linesRig();
    const track = open();
    lines.left.leave(lost, bare);
    lines.left.abandon(track);
    expect(lines.active).toBeNull();
    expect(entries('line.closed')).toMatchObject([{ end: { reason: 'backend_lost' } }]);
    expect(clock.pending).toBe(0);
  });
});
