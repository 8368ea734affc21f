import { describe, expect, it } from 'vitest';
import { Conversation } from '../../../src/call/conversation.ts';
import { TurnWords } from '../../../src/call/turn-words.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import { plainLine, plainScope } from '../../support/call-harness.ts';

/** Positions of the test are on an uplink of 1,000 samples a second: samples are ms. */
const rateHz = 1_000;

function room({ callerTranscripts = true } = {}) {
  const clock = new ManualClock(0);
  const scope = plainScope(clock);
  const conversation = new Conversation();
  const words = new TurnWords(scope, conversation, () => ({ callerTranscripts }) as never);
  const { log } = scope;
  const of = (type: string) => log.entries().filter((entry) => entry.type === type);
  return {
    clock,
    log,
    conversation,
    hear: (text: string, fromMs: number, toMs: number) =>
      words.take({ type: 'caller.words', text, fromSample: fromMs, toSample: toMs }, rateHz),
    starts: (itemId: string, audioStartMs: number) =>
      log.append({ type: 'speech.started', itemId, audioStartMs, detectedAtMs: clock.nowMs() }),
    stops: (itemId: string, audioEndMs: number) => {
      log.append({ type: 'speech.stopped', itemId, audioEndMs });
      const audio = { type: 'audio', transcript: null, durationMs: 0 } as const;
      const item = {
        kind: 'message',
        role: 'user',
        status: 'completed',
        content: [audio],
      } as const;
      conversation.add({ ...item, itemId }, null);
      const turn = { itemId, previousItemId: null, fromSample: 0, toSample: audioEndMs };
      log.append({ type: 'turn.committed', cause: 'model', speechEndAtMs: null, ...turn });
    },
    overheard: (audioStartMs: number, audioEndMs: number) =>
      log.append({
        type: 'speech.dismissed',
        verdict: 'backchannel',
        audioStartMs,
        audioEndMs,
        text: '',
      }),
    told: () =>
      of('caller.transcript').map((entry) =>
        entry.type === 'caller.transcript' ? [entry.itemId, entry.text, entry.final] : [],
      ),
    added: () =>
      of('item.added').flatMap((entry) =>
        entry.type === 'item.added' && entry.item.kind === 'message'
          ? entry.item.content.map((part) => (part.type === 'text' ? part.text : ''))
          : [],
      ),
    end: () => log.append({ type: 'call.closed', reason: { kind: 'client', wireCode: 1000 } }),
  };
}

describe('words by their place', () => {
  it('are the transcript of the turn in which they lie, piece by piece, and final once', () => {
    const { clock, hear, starts, stops, told, conversation, end } = room();
    starts('one', 1_000);
    hear(' When does', 1_200, 1_400);
    hear(' it open?', 1_400, 1_600);
    stops('one', 1_800);
    clock.advance(1_499);
    expect(told()).toEqual([
      ['one', 'When does', false],
      ['one', 'When does it open?', false],
    ]);
    clock.advance(1);
    expect(told().at(-1)).toEqual(['one', 'When does it open?', true]);
    expect(JSON.stringify(conversation.item('one', { nowMs: 0, roundTripMs: 0 }))).toContain(
      'When does it open?',
    );
    clock.advance(10_000);
    expect(told()).toHaveLength(3);
    end();
    expect(clock.pending).toBe(0);
  });

  it('that come before their turn is known wait for it; of two turns each has its own', () => {
    const { hear, starts, stops, told } = room();
    hear('Yes.', 900, 1_100);
    starts('one', 1_000);
    stops('one', 1_500);
    starts('two', 3_000);
    hear('And', 3_000, 3_200);
    // Late, and still the first one's.
    hear(' please.', 1_200, 1_400);
    expect(told()).toEqual([
      ['one', 'Yes.', false],
      ['two', 'And', false],
      ['one', 'Yes. please.', false],
    ]);
  });

  it('lie up to 500 ms before a turn and 700 ms behind it, and no further', () => {
    const { clock, hear, starts, stops, told } = room();
    starts('one', 2_000);
    stops('one', 3_000);
    hear('early', 1_400, 1_598);
    hear('first', 1_400, 1_600);
    hear('last', 3_600, 3_800);
    hear('late', 3_602, 3_800);
    clock.advance(2_000);
    expect(told().at(-1)).toEqual(['one', 'firstlast', true]);
  });

  it('of nobody’s turn are forgotten after five seconds', () => {
    const { clock, hear, starts, told } = room();
    hear('old', 1_000, 1_200);
    clock.advance(5_000);
    hear('new', 6_000, 6_200);
    starts('one', 1_000);
    expect(told()).toEqual([['one', 'new', false]]);
  });

  it('are kept and not told where the client wants no captions', () => {
    const { hear, starts, stops, told, conversation } = room({ callerTranscripts: false });
    starts('one', 1_000);
    stops('one', 2_000);
    hear('Yes.', 1_000, 1_200);
    expect(told()).toEqual([]);
    const item = conversation.item('one', { nowMs: 0, roundTripMs: 0 });
    // The item was there before its words.
    expect(JSON.stringify(item)).toContain('Yes.');
  });

  it('are waited for by 64 turns at most, and none waits once the call is over', () => {
    const { clock, starts, stops, hear, told, end } = room();
    for (let turn = 0; turn < 70; turn += 1) {
      starts(`turn_${turn}`, turn * 10_000);
      stops(`turn_${turn}`, turn * 10_000 + 1_000);
    }
    expect(clock.pending).toBe(64);
    hear('gone', 50_000, 51_000);
    hear('there', 60_000, 61_000);
    expect(told()).toEqual([['turn_6', 'there', false]]);
    end();
    expect(clock.pending).toBe(0);
  });
});

describe('words over the agent that did not stop it', () => {
  it('become an item when the agent has finished, if they are more than a murmur', () => {
    const { clock, log, hear, overheard, added, told } = room();
    log.append({ type: 'line.opened', line: plainLine() });
    hear('I would', 1_000, 1_600);
    hear(' rather not.', 1_600, 2_200);
    overheard(900, 2_700);
    clock.advance(1_500);
    expect(added()).toEqual([]);
    log.append({ type: 'line.closed', lineId: 'line_1' } as never);
    expect(added()).toEqual(['I would rather not.']);
    expect(told()).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('become one at once where the agent had finished before they came', () => {
    const { clock, hear, overheard, added } = room();
    hear('Well,', 1_000, 1_200);
    overheard(900, 2_700);
    hear(' I would rather not.', 1_200, 2_400);
    expect(added()).toEqual([]);
    clock.advance(1_500);
    expect(added()).toEqual(['Well, I would rather not.']);
  });

  it('are dropped where they are a murmur', () => {
    const { clock, hear, overheard, added } = room();
    hear('Mhm.', 1_000, 1_200);
    overheard(900, 1_700);
    clock.advance(10_000);
    expect(added()).toEqual([]);
  });

  it('are not waited for where nobody ever tells words', () => {
    const { clock, overheard } = room();
    overheard(900, 4_700);
    expect(clock.pending).toBe(0);
  });
});
