import { describe, expect, it } from 'vitest';
import { History } from '../../../adapters/backends/cascade/history.ts';
import { foldHistory, stillRunning } from '../../../adapters/backends/cascade/model-messages.ts';

function history(limitCharacters = 100_000): { history: History; forgotten: () => number } {
  let forgotten = 0;
  const made = new History(limitCharacters, (entries) => (forgotten += entries));
  return { history: made, forgotten: () => forgotten };
}

function call(toolCallId: string) {
  return { toolCallId, name: 'look', arguments: '{}' };
}

describe('history', () => {
  it('drops the oldest beyond its limit, and no output without its call', () => {
    const { history: kept, forgotten } = history(200);
    kept.openLine('line_1', 'item_1');
    kept.addCall('line_1', call('c1'));
    const output = { status: 'completed', toolCallId: 'c1', output: 'x'.repeat(40) } as const;
    kept.addItem({ kind: 'tool_output', itemId: 'o1', ...output }, undefined);
    for (let turn = 0; turn < 4; turn += 1) {
      kept.addTurn(`turn_${turn}`, '', false);
      kept.settleTurn(`turn_${turn}`, 'y'.repeat(30));
    }
    expect(kept.entries.some(({ kind }) => kind === 'output' || kind === 'call')).toBe(false);
    expect(kept.entries.map(({ itemId }) => itemId)).toEqual([
      'turn_0',
      'turn_1',
      'turn_2',
      'turn_3',
    ]);
    expect(forgotten()).toBe(3);
  });

  it('keeps the newest entry, however long it is', () => {
    const { history: kept } = history(50);
    kept.addTurn('a', '', false);
    kept.addTurn('b', 'z'.repeat(100), false);
    expect(kept.entries.map(({ itemId }) => itemId)).toEqual(['b']);
  });

  it('knows whether there is anything to answer', () => {
    const { history: kept } = history();
    expect(kept.nothingSaid).toBe(false);
    kept.addTurn('a', '', false);
    kept.settleTurn('a', '');
    expect(kept.nothingSaid).toBe(true);
    kept.openLine('l', 'i');
    expect(kept.nothingSaid).toBe(true);
    kept.delete('a');
    kept.addTurn('b', '', false);
    kept.settleTurn('b', 'hello');
    kept.addTurn('c', '', false);
    kept.settleTurn('c', '');
    // The turn before it was not answered.
    expect(kept.nothingSaid).toBe(false);
    kept.openLine('m', 'j');
    kept.said('m', 'Hello!');
    kept.addTurn('d', '', false);
    kept.settleTurn('d', '');
    expect(kept.nothingSaid).toBe(true);
    kept.addTurn('e', '', true);
    kept.settleTurn('e', '');
    expect(kept.nothingSaid).toBe(false);
  });

  it('says nothing more of a line once what was heard of it is known', () => {
    const { history: kept } = history();
    kept.openLine('l', 'i');
    kept.said('l', 'One two three');
    expect(kept.truncate('l', 100, 'One')).toBe(true);
    kept.said('l', ' four');
    expect(foldHistory('', kept.entries, 'hm').messages[0]).toEqual({
      role: 'assistant',
      text: 'One',
    });
    expect(kept.truncate('nobody', 0, '')).toBe(false);
  });
});

describe('what a model is shown', () => {
  it('has every output behind its call, however late it came, and calls of one line together', () => {
    const { history: kept } = history();
    kept.openLine('l', 'i');
    kept.said('l', 'Wait.');
    kept.addCall('l', call('c1'));
    kept.addCall('l', call('c2'));
    kept.addTurn('a', '', false);
    kept.settleTurn('a', 'are you there');
    const output = { status: 'completed', toolCallId: 'c2', output: 'two' } as const;
    kept.addItem({ kind: 'tool_output', itemId: 'o2', ...output }, undefined);
    expect(foldHistory('', kept.entries, null).messages).toEqual([
      { role: 'assistant.tools', text: 'Wait.', calls: [call('c1'), call('c2')] },
      { role: 'tool', toolCallId: 'c1', name: 'look', output: stillRunning },
      { role: 'tool', toolCallId: 'c2', name: 'look', output: 'two' },
      { role: 'user', text: 'are you there' },
    ]);
  });

  it('has no output of a call that is not there, and counts it', () => {
    const output = { kind: 'output', itemId: 'o', toolCallId: 'c9', output: 'lost' } as const;
    const { messages, unmatched } = foldHistory('', [output], 'hello');
    expect(messages).toEqual([{ role: 'user', text: 'hello' }]);
    expect(unmatched).toBe(1);
  });

  it('ends with somebody to answer to', () => {
    expect(foldHistory('Be kind.', [], null).messages).toEqual([
      { role: 'system', text: 'Be kind.' },
      { role: 'user', text: '[The caller says nothing.]' },
    ]);
  });
});
