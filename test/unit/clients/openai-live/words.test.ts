import { describe, expect, it } from 'vitest';
import { AgentWords } from '../../../../adapters/clients/openai-live/agent-words.ts';
import { CallerWords } from '../../../../adapters/clients/openai-live/caller-words.ts';
import { Placing } from '../../../../adapters/clients/openai-live/placing.ts';

describe('what the caller said', () => {
  it('grows and is never taken back', () => {
    const words = new CallerWords(new Placing());
    words.started('a', 250);
    const say = (text: string, final = false): string | undefined =>
      words.transcript({ itemId: 'a', text, final }, 2_000)?.delta;
    expect(say('I want a')).toBeUndefined();
    expect(say('I want a cake')).toBe('I want');
    expect(say('I want the cake')).toBeUndefined();
    words.stopped('a', 1_700);
    expect(say('I want the cake now', true)).toBe(' the cake now');
    expect(words.revised).toBe(0);
  });

  it('of words that turned out others, only the rest is told', () => {
    const words = new CallerWords(new Placing());
    const say = (text: string, final = false): string | undefined =>
      words.transcript({ itemId: 'a', text, final }, 1_000)?.delta;
    say('two tee shirts');
    expect(say('two tee shirts please')).toBe('two tee');
    expect(say('two T shirts please', true)).toBe(' shirts please');
    expect(words.revised).toBe(1);
  });

  it('starts each turn with a space but the first, on the grid', () => {
    const words = new CallerWords(new Placing());
    words.started('a', 250);
    words.stopped('a', 730);
    expect(words.transcript({ itemId: 'a', text: 'One.', final: true }, 900)).toEqual({
      delta: 'One.',
      start_ms: 200,
      end_ms: 800,
    });
    expect(words.transcript({ itemId: 'b', text: 'Two.', final: true }, 900)?.delta).toBe(' Two.');
  });
});

describe('what the agent says', () => {
  const sentence = 'The museum opens at nine in the morning and closes at half past five.';

  it('is told at the pace of speech, and not beyond a cut', () => {
    const words = new AgentWords(new Placing());
    let told = words
      .reached(sentence, 0, 100)
      .map(({ delta }) => delta)
      .join('');
    for (let endMs = 100; endMs <= 2_000; endMs += 100) {
      for (const { delta } of words.voiced(endMs - 100, endMs)) told += delta;
    }
    expect(sentence.startsWith(told)).toBe(true);
    expect(told.length).toBeGreaterThan(15);
    expect(told.length).toBeLessThan(35);
    words.cut();
    expect(words.reached(null, 2_000, 2_100)).toEqual([]);
  });

  it('is told whole when its line ends', () => {
    const words = new AgentWords(new Placing());
    words.reached(sentence, 0, 100);
    expect(words.reached(null, 300, 400)).toEqual([
      { delta: sentence, start_ms: 200, end_ms: 400 },
    ]);
  });
});
