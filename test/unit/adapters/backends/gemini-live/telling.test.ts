import { describe, expect, it } from 'vitest';
import { familyOf } from '../../../../../adapters/backends/gemini-live/families.ts';
import { Memory } from '../../../../../adapters/backends/gemini-live/memory.ts';
import { Telling } from '../../../../../adapters/backends/gemini-live/telling.ts';
import type { ClientMessage } from '../../../../../protocol/gemini-live/client-messages.ts';

const hello = { role: 'user', parts: [{ text: 'Hello' }] } as const;
const result = { name: 'look', response: { found: 2 } };
const nothing = { responses: [], words: [] };

function telling(model = 'gemini-3.8-live') {
  const wire: ClientMessage[] = [];
  const memory = new Memory();
  const family = familyOf(model);
  const told = new Telling({
    family,
    memory,
    write: (message) => wire.push(structuredClone(message)),
  });
  return { told, memory, wire };
}

describe('gemini-live, what the upstream is told in words', () => {
  it('tells words once, before a turn or with a request, and remembers them', () => {
    const { told, memory, wire } = telling();
    told.words();
    expect(wire).toEqual([]);
    told.add(hello);
    expect(told.hasNews).toBe(true);
    told.words();
    told.request(nothing);
    expect(wire).toEqual([
      { clientContent: { turns: [hello], turnComplete: false } },
      { clientContent: { turnComplete: true } },
    ]);
    expect(memory.turns).toEqual([hello]);
  });

  it('asks for no answer to results that are answered by themselves', () => {
    const { told, memory, wire } = telling();
    told.request({ responses: [result], words: [] });
    expect(wire).toEqual([{ toolResponse: { functionResponses: [result] } }]);
    expect(memory.turns).toHaveLength(1);
  });

  it('asks for one where the upstream takes the results in silence, or is told words too', () => {
    const silent = { ...result, scheduling: 'SILENT' } as const;
    for (const news of [
      { responses: [silent], words: [] },
      { responses: [result], words: [hello] },
    ]) {
      const { told, wire } = telling();
      told.request(news);
      expect(wire).toHaveLength(2);
      expect(wire[1]).toMatchObject({ clientContent: { turnComplete: true } });
    }
  });

  it('tells a new connection everything, and nothing twice', () => {
    const { told, memory, wire } = telling();
    told.history();
    expect(wire).toEqual([]);
    told.history(true);
    memory.add('model', 'Good day');
    told.history();
    told.uncovered();
    expect(wire).toEqual([
      { clientContent: { turns: [], turnComplete: true } },
      { clientContent: { turns: memory.turns, turnComplete: true } },
    ]);
  });

  it('ends the history of a model that takes it for context with the user', () => {
    const { told, memory, wire } = telling('gemini-2.5-flash-native-audio');
    memory.add('model', 'Good day');
    told.history();
    const turns = [...memory.turns, { role: 'user', parts: [{ text: '.' }] }];
    expect(wire).toEqual([{ clientContent: { turns, turnComplete: false } }]);
  });
});
