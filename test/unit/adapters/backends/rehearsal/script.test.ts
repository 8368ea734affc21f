import { describe, expect, it } from 'vitest';
import { defaultScript } from '../../../../../adapters/backends/rehearsal/default-script.ts';
import { rehearsalOptionsSchema } from '../../../../../adapters/backends/rehearsal/options.ts';
import { parseScript, recordingsOf } from '../../../../../adapters/backends/rehearsal/script.ts';

describe('script', () => {
  it('is read from YAML', () => {
    const script = parseScript(`
turns:
  - callerText: a room please
    tool: { name: find_room, arguments: { beds: 2 } }
    then: { text: "There is {output}." }
  - audio: bye.wav
    text: Good bye
    words: [{ text: Good, startMs: 0, endMs: 200 }, { text: bye, startMs: 250, endMs: 500 }]
    firstAudioMs: 120
fallback: { text: That was all. }
`);
    const spoken = { kind: 'spoken', recording: null, words: null, firstAudioMs: null };
    expect(script).toEqual({
      turns: [
        {
          callerText: 'a room please',
          answer: {
            kind: 'tool',
            name: 'find_room',
            arguments: '{"beds":2}',
            then: { ...spoken, text: 'There is {output}.' },
            firstAudioMs: null,
          },
        },
        {
          callerText: null,
          answer: {
            ...spoken,
            text: 'Good bye',
            recording: 'bye.wav',
            words: [
              { text: 'Good', startMs: 0, endMs: 200 },
              { text: 'bye', startMs: 250, endMs: 500 },
            ],
            firstAudioMs: 120,
          },
        },
      ],
      outOfBand: [{ ...spoken, text: 'This answer was given out of band.' }],
      whenDone: 'fallback',
      fallback: { ...spoken, text: 'That was all.' },
    });
    expect(recordingsOf(script)).toEqual(['bye.wav']);
  });

  it('is read from JSON and repeats unless it has a fallback', () => {
    expect(parseScript('{"turns":[{"text":"Yes."}]}').whenDone).toBe('repeat');
  });

  it('may call one tool after another', () => {
    const script = parseScript(
      'turns: [{ tool: { name: a }, then: { tool: { name: b }, then: { text: c } } }]',
    );
    expect(script.turns[0]?.answer).toMatchObject({
      name: 'a',
      then: { name: 'b', then: { text: 'c' } },
    });
  });

  it.each([
    ['turns: []', 'turns'],
    ['turns: [{}]', 'turns.0.text'],
    ['turns: [{ text: a, tool: { name: b } }]', 'turns.0.text'],
    ['turns: [{ text: a, then: { text: b } }]', 'turns.0.then'],
    ['turns: [{ tool: { name: a }, audio: b.wav }]', 'turns.0.audio'],
    ['turns: [{ tool: { name: a }, then: {} }]', 'turns.0.then.text'],
    ['turns: [{ text: a b, audio: c.wav, words: [] }]', 'turns.0.words'],
    ['turns: [{ text: a, words: [{ text: a, startMs: 0, endMs: 1 }] }]', 'turns.0.words'],
    ['turns: [{ text: a, txet: b }]', 'turns.0'],
    ['turns: [{ text: a, audio: b.wav, words: [{ text: a, startMs: 9, endMs: 1 }] }]', 'backwards'],
    [`turns: [{ text: ${'a'.repeat(1201)} }]`, 'turns.0.text'],
    ['turns: [', 'flow'],
    ['- a', 'script'],
  ])('names what is wrong with %j', (text, place) => {
    expect(() => parseScript(text)).toThrow(RangeError);
    expect(() => parseScript(text)).toThrow(new RegExp(place, 'iu'));
  });

  it('has a built-in one that repeats and needs no file', () => {
    expect(defaultScript.whenDone).toBe('repeat');
    expect(recordingsOf(defaultScript)).toEqual([]);
  });
});

describe('options', () => {
  it('need nothing', () => {
    expect(rehearsalOptionsSchema.parse({})).toEqual({
      firstAudioMs: { p50: 300, p95: 600 },
      shape: 'lognormal',
      realTimeFactor: 4,
      seed: 1,
    });
  });

  it('take a script in place of its path, and can be read again', () => {
    const options = rehearsalOptionsSchema.parse({
      script: { turns: [{ tool: { name: 'a' }, then: { text: 'Yes.' } }] },
      fail: { kind: 'stall' },
    });
    expect(options.script).toMatchObject({ turns: [{ then: { text: 'Yes.' } }] });
    expect(rehearsalOptionsSchema.parse(options)).toEqual(options);
  });

  it.each([
    { firstAudioMs: { p50: 300, p95: 200 } },
    { fail: { kind: 'refuse', atMs: 5 } },
    { fail: { kind: 'explode' } },
    { speed: 2 },
  ])('refuse %j', (input) => {
    expect(rehearsalOptionsSchema.safeParse(input).success).toBe(false);
  });
});
