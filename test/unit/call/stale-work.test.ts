import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import { plainScope } from '../../support/call-harness.ts';
import { StaleWork } from '../../../src/call/stale-work.ts';

function setUp() {
  const scope = plainScope(new ManualClock());
  const faults: string[] = [];
  const stale = new StaleWork(scope, ({ code }) => faults.push(code));
  const logged = (): readonly string[] =>
    scope.log
      .entries()
      .map((entry) =>
        entry.type === 'stale.dropped' ? `${entry.lineId} ${entry.what}` : entry.type,
      );
  return { stale, faults, logged };
}

const audio = (lineId: string) =>
  ({ type: 'line.audio', lineId, bytes: new Uint8Array(2) }) as const;
const text = (lineId: string) =>
  ({ type: 'line.text', lineId, delta: 'late', words: null }) as const;

describe('stale work', () => {
  it('of a closed line is logged once per line and kind', () => {
    const { stale, faults, logged } = setUp();
    stale.lineClosed('a');
    stale.lineClosed('b');
    for (let count = 0; count < 500; count += 1) {
      stale.drop(audio('a'));
      stale.drop(text('a'));
    }
    stale.drop(audio('b'));
    expect(logged()).toEqual(['a audio', 'a text', 'b audio']);
    expect(faults).toEqual([]);
  });

  it('that is only an end is expected and not logged', () => {
    const { stale, logged } = setUp();
    stale.lineClosed('a');
    stale.drop({ type: 'line.done', lineId: 'a', outcome: { status: 'cancelled' }, usage: null });
    stale.drop({ type: 'line.started', lineId: 'a' });
    expect(logged()).toEqual([]);
  });

  it('of lines that never were breaks the backend after the hundredth', () => {
    const { stale, faults, logged } = setUp();
    for (let count = 0; count < 100; count += 1) stale.drop(audio(`nobody ${count}`));
    expect(faults).toEqual([]);
    stale.drop(text('nobody'));
    expect(faults).toEqual(['backend_protocol']);
    expect(logged()).toEqual([]);
  });

  it('is told from nonsense for the last 256 lines', () => {
    const { stale, logged } = setUp();
    for (let count = 0; count < 257; count += 1) stale.lineClosed(`line ${count}`);
    stale.drop(audio('line 0'));
    stale.drop(audio('line 1'));
    expect(logged()).toEqual(['line 1 audio']);
  });
});
