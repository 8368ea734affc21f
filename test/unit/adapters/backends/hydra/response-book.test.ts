import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ResponseBook,
  type BookEffect,
} from '../../../../../adapters/backends/hydra/response-book.ts';
import { CallError } from '../../../../../src/ports/errors.ts';

function book(toolSettleMs = 200): ResponseBook {
  let lines = 0;
  const made = new ResponseBook({ ownLineId: () => `own_${++lines}`, toolSettleMs });
  made.open(0);
  return made;
}

const create = (lineId: string): BookEffect => ({ type: 'create', lineId });
const cancel = (responseId: string): BookEffect => ({ type: 'cancel', responseId });
const started = (lineId: string): BookEffect => ({
  type: 'emit',
  event: { type: 'line.started', lineId },
});
const ended = (lineId: string, status: 'completed' | 'cancelled' = 'completed'): BookEffect => ({
  type: 'emit',
  event: { type: 'line.done', lineId, outcome: { status }, usage: null },
});
const completed = { status: 'completed' } as const;
const refusal = new CallError('backend_refused', 'no');

describe('hydra, the response book', () => {
  it('asks for a line, and finds it in the response that comes', () => {
    const it = book();
    expect(it.respond('a', 0)).toEqual([create('a')]);
    expect(it.respond('a', 1)).toBeNull();
    expect(it.created('r1', 2)).toEqual([started('a')]);
    expect(it.lineOf('r1')).toMatchObject({ lineId: 'a', live: true });
    expect(it.done('r1', completed, 3)).toEqual([ended('a')]);
    expect(it.lineOf('r1')).toBeUndefined();
  });

  it('takes what nobody asked for as a line of the upstream’s own', () => {
    const it = book();
    expect(it.created('r1', 0)).toEqual([started('own_1')]);
    expect(it.done('r1', completed, 1)).toEqual([ended('own_1')]);
    expect(it.done('r1', completed, 2)).toEqual([]);
  });

  it('asks for nothing before the session takes requests', () => {
    const it = new ResponseBook({ ownLineId: () => 'own', toolSettleMs: 200 });
    expect(it.respond('a', 0)).toEqual([]);
    expect(it.wakeAtMs).toBeNull();
    expect(it.open(5)).toEqual([create('a')]);
  });

  it('lets the settings ask for the first', () => {
    const it = new ResponseBook({ ownLineId: () => 'own', toolSettleMs: 200 });
    expect(it.askedBySettings(0)).toBe(false);
    it.respond('a', 0);
    expect(it.askedBySettings(1)).toBe(true);
    expect(it.open(2)).toEqual([]);
    expect(it.created('r1', 3)).toEqual([started('a')]);
  });

  it('has one at a time', () => {
    const it = book();
    it.respond('a', 0);
    expect(it.respond('b', 1)).toEqual([]);
    it.created('r1', 2);
    expect(it.done('r1', completed, 3)).toEqual([ended('a'), create('b')]);
  });

  it('cancels a line that waits, one that is asked for, and one that runs', () => {
    const it = book();
    it.respond('a', 0);
    it.respond('b', 0);
    expect(it.cancel('b')).toEqual([ended('b', 'cancelled')]);
    expect(it.cancel('a')).toEqual([ended('a', 'cancelled')]);
    expect(it.cancel('a')).toBeNull();
    expect(it.created('r1', 1)).toEqual([cancel('r1')]);
    expect(it.lineOf('r1')).toMatchObject({ live: false });
    expect(it.done('r1', completed, 2)).toEqual([]);
    it.created('r2', 3);
    expect(it.cancel('own_1')).toEqual([cancel('r2')]);
    expect(it.cancel('own_1')).toBeNull();
    expect(it.done('r2', completed, 4)).toEqual([ended('own_1', 'cancelled')]);
  });

  it('forgets a cancelled request of which nothing comes: the next answer is heard', () => {
    const it = book();
    it.respond('a', 0);
    it.cancel('a');
    expect(it.created('r1', 6000)).toEqual([started('own_1')]);
  });

  it('stops everything when the caller speaks', () => {
    const it = book();
    it.created('r1', 0);
    it.respond('a', 1);
    expect(it.interrupted()).toEqual([cancel('r1'), ended('a', 'cancelled')]);
    expect(it.interrupted()).toEqual([]);
    expect(it.done('r1', { status: 'cancelled' }, 2)).toEqual([ended('own_1', 'cancelled')]);
    expect(it.created('r2', 3)).toEqual([started('own_2')]);
  });

  it('ends a line whose response gives way to another', () => {
    const it = book();
    it.created('r1', 0);
    expect(it.created('r2', 1)).toEqual([ended('own_1', 'cancelled'), started('own_2')]);
    expect(it.lineOf('r1')).toMatchObject({ live: false });
    expect(it.done('r1', completed, 2)).toEqual([]);
  });

  it('asks again for what was refused while another ran', () => {
    const it = book();
    it.respond('a', 0);
    it.cancel('a');
    expect(it.respond('b', 1)).toEqual([create('b')]);
    // The cancelled one was begun after all, and stood in the way.
    expect(it.created('r1', 2)).toEqual([cancel('r1')]);
    expect(it.createFailed('b', refusal, 3)).toEqual([]);
    expect(it.done('r1', { status: 'cancelled' }, 4)).toEqual([create('b')]);
    expect(it.created('r2', 5)).toEqual([started('b')]);
  });

  it('ends a line whose request is refused, and not one that has begun', () => {
    const it = book();
    it.respond('a', 0);
    expect(it.createFailed('a', refusal, 1)).toEqual([
      {
        type: 'emit',
        event: {
          type: 'line.done',
          lineId: 'a',
          outcome: { status: 'failed', error: refusal },
          usage: null,
        },
      },
    ]);
    it.respond('b', 2);
    it.created('r1', 3);
    expect(it.createFailed('b', refusal, 4)).toEqual([]);
    expect(it.lineOf('r1')).toMatchObject({ lineId: 'b', live: true });
  });

  it('asks for one answer when all outputs are in, a while after the last', () => {
    const it = book();
    it.created('r1', 0);
    expect([it.toolCalled('t1'), it.toolCalled('t2'), it.toolCalled('t1')]).toEqual([
      true,
      true,
      false,
    ]);
    it.done('r1', completed, 10);
    expect(it.outputCame('t1', 20)).toBe(true);
    expect(it.outputCame('t1', 21)).toBe(false);
    expect(it.outputCame('nobody', 21)).toBe(false);
    expect(it.respond('a', 30)).toEqual([]);
    expect(it.wakeAtMs).toBe(8030);
    expect(it.next(500)).toEqual([]);
    it.outputCame('t2', 600);
    expect(it.wakeAtMs).toBe(800);
    expect(it.next(799)).toEqual([]);
    expect(it.next(800)).toEqual([create('a')]);
    expect(it.wakeAtMs).toBeNull();
  });

  it('waits no longer for outputs of a turn that the caller spoke over', () => {
    const it = book();
    it.created('r1', 0);
    it.toolCalled('t1');
    it.done('r1', completed, 10);
    it.interrupted();
    it.created('r2', 20);
    it.done('r2', completed, 30);
    expect(it.respond('a', 1000)).toEqual([create('a')]);
    // What it brings late is still passed on.
    expect(it.outputCame('t1', 2000)).toBe(true);
  });

  it('has no place for too many', () => {
    const it = book();
    for (let i = 0; i < 33; i += 1) it.respond(`a${i}`, 0);
    expect(it.respond('z', 0)).toMatchObject([
      { event: { lineId: 'z', outcome: { error: { code: 'backend_overloaded' } } } },
    ]);
  });

  it('starts each line at most once and ends it exactly once, whatever happens', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('respond'), id: fc.nat(5) }),
      fc.record({ do: fc.constant('cancel'), id: fc.nat(5) }),
      fc.record({ do: fc.constant('created'), id: fc.nat(0) }),
      fc.record({ do: fc.constant('done'), id: fc.nat(5) }),
      fc.record({ do: fc.constant('failed'), id: fc.nat(5) }),
      fc.record({ do: fc.constant('interrupted'), id: fc.nat(0) }),
      fc.record({ do: fc.constant('tool'), id: fc.nat(3) }),
      fc.record({ do: fc.constant('output'), id: fc.nat(3) }),
      fc.record({ do: fc.constant('wait'), id: fc.nat(9000) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const it = book();
        const seen: BookEffect[] = [];
        let nowMs = 0;
        let responses = 0;
        let round = 0;
        for (const { do: what, id } of steps) {
          nowMs += what === 'wait' ? id : 7;
          round += 1;
          // Ids of lines are never used again.
          const effects = {
            respond: () => it.respond(`line_${round}`, nowMs),
            cancel: () => it.cancel(`line_${round - 1 - id}`),
            created: () => it.created(`r${++responses}`, nowMs),
            done: () => it.done(`r${Math.max(1, responses - id)}`, completed, nowMs),
            failed: () => it.createFailed(`line_${round - 1 - id}`, refusal, nowMs),
            interrupted: () => it.interrupted(),
            tool: () => void it.toolCalled(`t${id}`),
            output: () => void it.outputCame(`t${id}`, nowMs),
            wait: () => it.next(nowMs),
          }[what]();
          seen.push(...(effects ?? []));
        }
        // The end of it all: nothing is left hanging.
        seen.push(...it.interrupted());
        for (let i = 1; i <= responses; i += 1) seen.push(...it.done(`r${i}`, completed, nowMs));
        const count = new Map<string, number>();
        for (const effect of seen) {
          if (effect.type !== 'emit') continue;
          const { type, lineId } = effect.event;
          const name = `${type} ${lineId}`;
          count.set(name, (count.get(name) ?? 0) + 1);
          expect(count.get(name)).toBe(1);
          // Nothing begins after its end.
          if (type === 'line.started') expect(count.has(`line.done ${lineId}`)).toBe(false);
        }
        for (const name of [...count.keys()].filter((key) => key.startsWith('line.started'))) {
          expect(count.get(name.replace('started', 'done'))).toBe(1);
        }
      }),
      { numRuns: 500 },
    );
  });
});
