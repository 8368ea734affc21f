import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LineEvent } from '../../../../../adapters/backends/gemini-live/answer.ts';
import { Answers } from '../../../../../adapters/backends/gemini-live/answers.ts';
import { CallError } from '../../../../../src/ports/errors.ts';

const completed = { status: 'completed' } as const;
/** 10 ms at 24 kHz. */
const piece = new Uint8Array(480);

function answers(own = false): { answers: Answers; told: string[]; events: LineEvent[] } {
  const events: LineEvent[] = [];
  const told: string[] = [];
  let count = 0;
  const show = (event: LineEvent): string => {
    if (event.type === 'line.done') return `${event.lineId} ${event.outcome.status}`;
    if (event.type === 'line.text') return `${event.lineId} "${event.delta}"`;
    return `${event.lineId} ${event.type.replace('line.', '')}`;
  };
  return {
    told,
    events,
    answers: new Answers({
      ownLineId: () => (own ? `own_${(count += 1)}` : null),
      bytesPerMs: 48,
      emit: (event) => {
        events.push(event);
        told.push(show(event));
      },
      turnId: () => 'turn',
      onEnded: () => undefined,
      onUnasked: () => told.push('unasked'),
      onOtherUsage: () => told.push('usage'),
      onStale: () => told.push('stale'),
    }),
  };
}

function asked(it: Answers, lineId: string, nowMs: number): void {
  it.ask(lineId);
  if (it.next(nowMs, false) === 'request') it.requested(nowMs);
}

describe('gemini-live, which answer is which line', () => {
  it('gives an answer to the line that asked', () => {
    const { answers: it, told } = answers();
    asked(it, 'a', 0);
    it.audio(piece, 400);
    it.text('Hi', 410);
    it.generationComplete(420);
    it.turnComplete(completed, 900);
    expect(told).toEqual(['a started', 'a audio', 'a "Hi"', 'a completed']);
    expect(it.idle).toBe(true);
  });

  it('starts another line where audio follows the end of a turn', () => {
    const { answers: it, told } = answers(true);
    it.audio(piece, 0);
    it.text('x', 0);
    it.turnComplete(completed, 10);
    it.audio(piece, 20);
    expect(told).toEqual([
      'own_1 started',
      'own_1 audio',
      'own_1 "x"',
      'own_1 completed',
      'own_2 started',
      'own_2 audio',
    ]);
  });

  it('takes audio after the end of a generation for another answer, with no end of the turn', () => {
    const { answers: it, told } = answers(true);
    it.audio(piece, 0);
    it.generationComplete(10);
    it.audio(piece, 500);
    expect(told).toEqual([
      'own_1 started',
      'own_1 audio',
      'own_1 completed',
      'own_2 started',
      'own_2 audio',
    ]);
  });

  it('ends an answer by itself some time after it was played, where nobody says so', () => {
    const { answers: it, told } = answers(true);
    it.audio(piece, 0);
    it.generationComplete(5);
    expect(it.wakeAtMs).toBe(1510);
    it.tick(1510);
    expect(told.at(-1)).toBe('own_1 completed');
    expect(it.wakeAtMs).toBeNull();
  });

  it('waits a little for the words of an answer that had none', () => {
    const { answers: it, told } = answers(true);
    it.audio(piece, 0);
    it.turnComplete(completed, 100);
    it.text('late', 300);
    it.tick(500);
    expect(told.slice(-2)).toEqual(['own_1 "late"', 'own_1 completed']);
  });

  it('waits for the rest of the words where the upstream says when they are whole', () => {
    const { answers: it, told } = answers(true);
    it.audio(piece, 0);
    it.text('First.', 0, true);
    it.turnComplete(completed, 100);
    expect(told.at(-1)).toBe('own_1 completed');
    it.audio(piece, 200);
    it.text('Half', 210);
    it.turnComplete(completed, 300);
    expect(told.at(-1)).toBe('own_2 "Half"');
    it.text(' of it.', 320, true);
    expect(told.slice(-2)).toEqual(['own_2 " of it."', 'own_2 completed']);
    it.audio(piece, 500);
    it.text('No', 510);
    it.turnComplete(completed, 600);
    it.tick(999);
    expect(told.at(-1)).toBe('own_3 "No"');
    it.tick(1_000);
    expect(told.at(-1)).toBe('own_3 completed');
    expect(it.idle).toBe(true);
  });

  it('does not give late words to the next line', () => {
    const { answers: it, told } = answers();
    asked(it, 'a', 0);
    it.audio(piece, 100);
    it.text('one', 100);
    it.turnComplete(completed, 200);
    asked(it, 'b', 250);
    it.text('late', 300);
    it.audio(piece, 700);
    it.text('two', 710);
    expect(told.slice(4)).toEqual(['stale', 'b started', 'b audio', 'b "two"']);
  });

  it('keeps words that come before their audio', () => {
    const { answers: it, told } = answers();
    asked(it, 'a', 1000);
    it.text('early', 1400);
    it.audio(piece, 1500);
    expect(told).toEqual(['a started', 'a "early"', 'a audio']);
  });

  it('ends an interrupted answer and passes over the end of its turn', () => {
    const { answers: it, told } = answers();
    asked(it, 'a', 0);
    it.audio(piece, 100);
    expect(it.interrupted(200)).toBe(true);
    asked(it, 'b', 210);
    it.turnComplete(completed, 220);
    it.audio(piece, 600);
    expect(told).toEqual(['a started', 'a audio', 'a cancelled', 'b started', 'b audio']);
  });

  it('tells nothing more of a cancelled answer, however much of it is still on its way', () => {
    const { answers: it, told } = answers();
    asked(it, 'a', 0);
    it.audio(piece, 100);
    expect(it.cancel('a')).toBe(true);
    expect(it.cancel('a')).toBe(false);
    asked(it, 'b', 200);
    it.audio(piece, 250);
    it.interrupted(300);
    it.turnComplete(completed, 300);
    it.audio(piece, 600);
    expect(told).toEqual(['a started', 'a audio', 'a cancelled', 'stale', 'b started', 'b audio']);
  });

  it('does not wait for ever for the end of a cancelled answer', () => {
    const { answers: it, told } = answers();
    asked(it, 'a', 0);
    it.audio(piece, 100);
    it.cancel('a');
    asked(it, 'b', 200);
    it.audio(piece, 600);
    expect(told.slice(3)).toEqual(['b started', 'b audio']);
  });

  it('gives the answer that is owed to whoever asks after a cancel', () => {
    const { answers: it, told } = answers();
    asked(it, 'a', 0);
    it.cancel('a');
    it.ask('b');
    expect(it.next(50, false)).toBe('nothing');
    it.audio(piece, 300);
    expect(told).toEqual(['a cancelled', 'b started', 'b audio']);
  });

  it('drops the answer that was owed to a cancelled line', () => {
    const { answers: it, told } = answers();
    asked(it, 'a', 0);
    it.cancel('a');
    it.audio(piece, 300);
    it.turnComplete(completed, 400);
    expect(told).toEqual(['a cancelled', 'stale']);
    expect(it.idle).toBe(true);
  });

  it('does not take what was still on its way for the answer to what was asked since', () => {
    const { answers: it, told } = answers();
    it.requested(0);
    asked(it, 'a', 90);
    it.requested(100);
    it.audio(piece, 200);
    it.interrupted(250);
    it.turnComplete(completed, 250);
    it.audio(piece, 300);
    expect(told).toEqual(['stale', 'a started', 'a audio']);
  });

  it('holds what nobody asked for, and gives it whole to who asks', () => {
    const { answers: it, told } = answers();
    it.requested(0);
    it.audio(piece, 100);
    it.text('Hi', 100);
    it.turnComplete(completed, 200);
    it.text(' late', 250);
    expect(told).toEqual([]);
    expect(it.idle).toBe(true);
    it.ask('a');
    expect(it.next(5000, false)).toBe('nothing');
    expect(told).toEqual(['a started', 'a audio', 'a "Hi"', 'a " late"', 'a completed']);
  });

  it('goes on with an answer that is taken while it is being said', () => {
    const { answers: it, told } = answers();
    it.requested(0);
    it.audio(piece, 100);
    it.ask('a');
    it.next(120, false);
    it.text('x', 130);
    it.audio(piece, 130);
    it.turnComplete(completed, 200);
    expect(told).toEqual(['a started', 'a audio', 'a "x"', 'a audio', 'a completed']);
  });

  it('throws an unasked answer away where there is something new to answer', () => {
    const { answers: it, told } = answers();
    it.requested(0);
    it.audio(piece, 100);
    it.turnComplete(completed, 200);
    it.ask('a');
    expect(it.next(5000, true)).toBe('request');
    it.requested(5000);
    it.audio(piece, 5400);
    expect(told).toEqual(['unasked', 'a started', 'a audio']);
  });

  it('ends a line to which the upstream has nothing to say', () => {
    const { answers: it, told } = answers();
    asked(it, 'a', 0);
    it.turnComplete({ status: 'incomplete', reason: 'content_filter' }, 300);
    expect(told).toEqual(['a started', 'a incomplete']);
  });

  it('serves lines one after another', () => {
    const { answers: it, told } = answers();
    asked(it, 'a', 0);
    asked(it, 'b', 10);
    it.audio(piece, 300);
    it.text('x', 300);
    expect(it.next(310, false)).toBe('nothing');
    it.turnComplete(completed, 400);
    expect(it.next(400, false)).toBe('request');
    it.requested(400);
    it.audio(piece, 800);
    expect(told.slice(3)).toEqual(['a completed', 'b started', 'b audio']);
  });

  it('lets only so many lines wait', () => {
    const { answers: it, events } = answers();
    for (let n = 0; n < 33; n += 1) it.ask(`line_${n}`);
    expect(events).toMatchObject([
      { lineId: 'line_32', outcome: { status: 'failed', error: { code: 'backend_overloaded' } } },
    ]);
  });

  it('ends a line with its tool calls where the model waits for them', () => {
    const { answers: it, told } = answers();
    asked(it, 'a', 0);
    it.tools([{ toolCallId: 'c', name: 'n', arguments: '{}' }], 300, true);
    it.turnComplete(completed, 310);
    expect(told).toEqual(['a started', 'a tool.called', 'a completed']);
  });

  it('loses nothing that was said when a connection goes, and says what is owed', () => {
    const error = new CallError('backend_closed', 'gone');
    const one = answers();
    asked(one.answers, 'a', 0);
    expect(one.answers.lost(error, 100)).toBe(true);
    expect(one.told).toEqual([]);
    const other = answers();
    asked(other.answers, 'a', 0);
    other.answers.audio(piece, 100);
    other.answers.generationComplete(110);
    expect(other.answers.lost(error, 200)).toBe(false);
    expect(other.told.at(-1)).toBe('a completed');
    const third = answers();
    asked(third.answers, 'a', 0);
    third.answers.audio(piece, 100);
    expect(third.answers.lost(error, 200)).toBe(false);
    expect(third.told.at(-1)).toBe('a failed');
  });

  it('starts and ends every line once, whatever comes', () => {
    const lineId = fc.constantFrom('a', 'b', 'c', 'd');
    const step = fc.oneof(
      fc.record({ do: fc.constant('ask' as const), lineId }),
      fc.record({ do: fc.constant('cancel' as const), lineId }),
      fc.constantFrom(
        ...(['audio', 'text', 'tool', 'generated', 'complete', 'interrupted'] as const),
        ...(['requested', 'tick', 'lost', 'usage'] as const),
      ),
    );
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.array(fc.tuple(fc.nat(600), step), { maxLength: 60 }),
        (own, steps) => {
          const { answers: it, events } = answers(own);
          const known = new Set<string>();
          let nowMs = 0;
          for (const [afterMs, what] of steps) {
            nowMs += afterMs;
            if (typeof what === 'object') {
              if (what.do === 'cancel') it.cancel(what.lineId);
              else if (!known.has(what.lineId)) {
                known.add(what.lineId);
                asked(it, what.lineId, nowMs);
              }
              continue;
            }
            switch (what) {
              case 'audio':
                it.audio(piece, nowMs);
                break;
              case 'text':
                it.text('x', nowMs);
                break;
              case 'tool':
                it.tools([{ toolCallId: 't', name: 'n', arguments: '{}' }], nowMs, true);
                break;
              case 'generated':
                it.generationComplete(nowMs);
                break;
              case 'complete':
                it.turnComplete(completed, nowMs);
                break;
              case 'interrupted':
                it.interrupted(nowMs);
                break;
              case 'requested':
                it.requested(nowMs);
                break;
              case 'tick':
                it.tick(nowMs);
                break;
              case 'lost':
                it.lost(new CallError('backend_closed', 'gone'), nowMs);
                break;
              case 'usage':
                it.usage({
                  inputTextTokens: 1,
                  inputAudioTokens: 1,
                  inputCachedTokens: 1,
                  outputTextTokens: 1,
                  outputAudioTokens: 1,
                });
            }
          }
          const started = new Set<string>();
          const done = new Set<string>();
          for (const event of events) {
            expect(event.lineId).not.toBe('');
            expect(done.has(event.lineId)).toBe(false);
            if (event.type === 'line.started') {
              expect(started.has(event.lineId)).toBe(false);
              started.add(event.lineId);
            } else if (event.type === 'line.done') done.add(event.lineId);
            else expect(started.has(event.lineId)).toBe(true);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
