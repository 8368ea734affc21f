import { describe, expect, it } from 'vitest';
import type { ToolChoice } from '../../../../../src/ports/settings.ts';
import { Prompter, type Cue } from '../../../../../adapters/backends/rehearsal/prompter.ts';
import { parseScript } from '../../../../../adapters/backends/rehearsal/script.ts';

const tools = ['find_room', 'book_room'].map((name) => ({
  name,
  description: null,
  parameters: null,
}));

function settings(toolChoice: ToolChoice = { mode: 'auto' }) {
  return { tools, toolChoice };
}

function brief(cue: Cue): string {
  return cue.kind === 'say' ? cue.answer.text : `${cue.name}${cue.arguments}`;
}

const withTool = `
turns:
  - { tool: { name: find_room, arguments: { beds: 2 } }, then: { text: 'Found {output}.' } }
  - { text: Second. }
`;

describe('prompter', () => {
  it('goes through the turns and begins again', () => {
    const prompter = new Prompter(parseScript('turns: [{ text: a }, { text: b }]'));
    const said = Array.from({ length: 5 }, () => brief(prompter.next(settings())));
    expect(said).toEqual(['a', 'b', 'a', 'b', 'a']);
  });

  it('keeps to the fallback once the turns are used up', () => {
    const prompter = new Prompter(parseScript('turns: [{ text: a }]\nfallback: { text: z }'));
    const said = Array.from({ length: 3 }, () => brief(prompter.next(settings())));
    expect(said).toEqual(['a', 'z', 'z']);
  });

  it('says what follows a tool once its output is there, and the next turn before', () => {
    const prompter = new Prompter(parseScript(withTool));
    const cue = prompter.next(settings());
    expect(brief(cue)).toBe('find_room{"beds":2}');
    if (cue.kind !== 'call' || cue.then === null) throw new TypeError('not a call');
    prompter.wait('call_1', cue.then);
    expect(brief(prompter.next(settings()))).toBe('Second.');
    prompter.answered('call_nobody', 'nothing');
    prompter.answered('call_1', 'two rooms');
    prompter.answered('call_1', 'three rooms');
    expect(brief(prompter.next(settings()))).toBe('Found two rooms.');
    expect(brief(prompter.next(settings()))).toBe('find_room{"beds":2}');
  });

  it('does not call a tool that the call lacks or forbids, and says so', () => {
    const refusal = 'The script calls the tool find_room, which this call does not have.';
    const lacking = new Prompter(parseScript(withTool));
    expect(brief(lacking.next({ tools: [], toolChoice: { mode: 'auto' } }))).toBe(refusal);
    const forbidding = new Prompter(parseScript(withTool));
    expect(brief(forbidding.next(settings({ mode: 'none' })))).toBe(refusal);
  });

  it('follows an order to call a tool, then says its turn, even if the order stands', () => {
    const prompter = new Prompter(parseScript('turns: [{ text: a }, { text: b }]'));
    const order = settings({ mode: 'tool', name: 'book_room' });
    const cue = prompter.next(order);
    expect(brief(cue)).toBe('book_room{}');
    if (cue.kind !== 'call' || cue.then === null) throw new TypeError('not a call');
    prompter.wait('call_1', cue.then);
    prompter.answered('call_1', 'booked');
    expect(brief(prompter.next(order))).toBe('a');
    expect(brief(prompter.next(settings({ mode: 'required' })))).toBe('find_room{}');
  });

  it('says so when it is ordered to call a tool that is not there', () => {
    const prompter = new Prompter(parseScript('turns: [{ text: a }]'));
    const cue = prompter.next(settings({ mode: 'tool', name: 'nothing' }));
    expect(brief(cue)).toBe('I was told to call a tool that this call does not have.');
  });

  it('answers out of band by its own list, and lets nothing follow a tool there', () => {
    const prompter = new Prompter(
      parseScript('turns: [{ text: a }]\noutOfBand: [{ text: x }, { tool: { name: find_room } }]'),
    );
    expect(brief(prompter.nextOutOfBand(settings()))).toBe('x');
    expect(prompter.nextOutOfBand(settings())).toMatchObject({ kind: 'call', then: null });
    expect(brief(prompter.nextOutOfBand(settings()))).toBe('x');
    expect(brief(prompter.next(settings()))).toBe('a');
  });

  it('knows what the caller is taken to have said before the next answer', () => {
    const prompter = new Prompter(
      parseScript('turns: [{ callerText: hello, text: a }, { text: b }]'),
    );
    expect(prompter.callerText).toBe('hello');
    prompter.next(settings());
    expect(prompter.callerText).toBeNull();
  });
});
