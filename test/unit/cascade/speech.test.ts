import { describe, expect, it } from 'vitest';
import type { BackendEvent } from '../../../src/ports/backend.ts';
import { cascadeCall } from './cascade-rig.ts';

/** Events of a line without its stages: text as it is, audio by the number of its piece. */
function outline(events: readonly BackendEvent[]): string[] {
  const shown = events.flatMap((event) => {
    if (event.type === 'line.text') return [event.delta];
    if (event.type === 'line.audio') return [`audio ${(event.bytes[0] ?? 0) - 1}`];
    return [];
  });
  return shown.filter((entry, index) => entry !== shown[index - 1]);
}

const threeClauses = 'Here is the first of it. And here is the second one of them. Then the third.';

describe('text beside sound', () => {
  it('comes right before the first audio of its clause', async () => {
    const { probe, llm, pass } = await cascadeCall();
    llm.writings = [[10, threeClauses]];
    probe.respond('line_1');
    await pass(3000);
    expect(outline(probe.line('line_1'))).toEqual([
      'Here is the first of it.',
      'audio 0',
      ' And here is the second one of them.',
      'audio 1',
      ' Then the third.',
      'audio 2',
    ]);
  });

  it('comes as the voice is given it where audio does not say what it is of', async () => {
    const { probe, llm, pass } = await cascadeCall({ voice: { anonymous: true } });
    llm.writings = [[10, 'Here is the first of it. And ', 500, 'here is the second one of them.']];
    probe.respond('line_1');
    await pass(3000);
    expect(outline(probe.line('line_1'))).toEqual([
      'Here is the first of it.',
      'audio 0',
      ' And here is the second one of them.',
      'audio 1',
    ]);
  });

  it('has a time for every written word where the voice tells when words are said', async () => {
    const { probe, llm, tts, pass } = await cascadeCall({ voice: { timing: 'word' } });
    llm.writings = [[10, 'That is **$4.50** for 2 teas 😀 today. Pay until 3 p.m. at the bar.']];
    probe.respond('line_1');
    await pass(5000);
    expect(tts.said.join(' ')).toBe(
      'That is four dollars and fifty cents for two teas today. Pay until three P M at the bar.',
    );
    const texts = probe.line('line_1').filter((event) => event.type === 'line.text');
    const words = texts.flatMap((event) => event.words ?? []);
    const written = probe.text('line_1');
    expect(written).toBe('That is **$4.50** for 2 teas 😀 today. Pay until 3 p.m. at the bar.');
    expect(words.map(({ text }) => text)).toEqual(written.split(' '));
    // "four dollars and fifty cents" begins behind "That is " and is 28 characters of 20 ms long.
    expect(words[2]).toEqual({ text: '**$4.50**', startMs: 160, endMs: 160 + 28 * 20 });
    let endMs = 0;
    for (const word of words) {
      expect(word.startMs).toBeGreaterThanOrEqual(endMs);
      endMs = word.endMs;
    }
  });

  it('is all there where nothing of it is said', async () => {
    const { probe, llm, tts, pass, figure } = await cascadeCall();
    llm.writings = [[10, '```\nx = 1\n```\n']];
    probe.respond('line_1');
    await pass(3000);
    expect(tts.utterances).toHaveLength(0);
    expect(probe.text('line_1')).toBe('```\nx = 1\n```');
    expect(probe.done('line_1')?.outcome).toEqual({ status: 'completed' });
    expect(figure('textDropped')).toBeGreaterThan(0);
  });
});

describe('the voice', () => {
  it('gets the first clause while the model still writes', async () => {
    const { probe, llm, pass } = await cascadeCall();
    llm.writings = [[40, 'Well, of course. ', 2000, 'We open at nine.']];
    probe.respond('line_1');
    await pass(100);
    expect(probe.audio('line_1').byteLength).toBeGreaterThan(0);
    const stages = probe.line('line_1').filter((event) => event.type === 'line.stage');
    expect(stages.map(({ stage, clockMs }) => [stage, clockMs])).toEqual([
      ['transcript', 0],
      ['first_token', 40],
      ['first_clause', 40],
      ['first_synthesis', 60],
    ]);
  });

  it('is told of styles that it has, in its own words, and of the dictionary', async () => {
    const { probe, llm, tts, pass } = await cascadeCall({
      voice: { styles: { whisper: 'soft' } },
      options: { pronunciations: [{ written: 'Siobhan', spoken: 'Shivawn' }] },
    });
    llm.writings = [[10, 'Hi <whisper>Siobhan</whisper>, [sad] come in.']];
    probe.respond('line_1', { overrides: { voice: 'bob' } });
    await pass(3000);
    const [piece] = tts.utterances[0]?.pieces ?? [];
    expect(piece?.text).toBe('Hi Shivawn,');
    expect(piece?.styles).toEqual([{ style: 'soft', start: 3, end: 10 }]);
    expect(tts.utterances[0]?.options).toMatchObject({ voice: 'bob', language: null });
  });

  it('is not asked for more than what can be heard soon', async () => {
    const { probe, llm, tts, pass } = await cascadeCall({ options: { aheadMs: 5000 } });
    llm.writings = [[10, 'This sentence is said over and over again, and again. '.repeat(40)]];
    probe.respond('line_1');
    await pass(1000);
    const early = tts.said.join(' ').length;
    expect(early * 65).toBeLessThan(12_000);
    await pass(140_000);
    expect(probe.done('line_1')?.outcome).toEqual({ status: 'completed' });
    expect(tts.said.join(' ').length).toBeGreaterThan(2000);
  });

  it('speaks one line after the other where it has one context, the conversation first', async () => {
    const { probe, llm, tts, pass } = await cascadeCall({
      voice: { contexts: 1, firstAudioMs: 200 },
    });
    llm.writings = [
      [10, 'A first answer.'],
      [20, 'A second one.'],
      [20, 'Quite another.'],
    ];
    probe.respond('line_1', { outOfBand: true });
    await pass(15);
    probe.respond('line_2', { outOfBand: true });
    probe.respond('line_3');
    await pass(3000);
    for (const lineId of ['line_1', 'line_2', 'line_3']) {
      expect(probe.done(lineId)?.outcome).toEqual({ status: 'completed' });
    }
    expect(tts.said).toEqual(['A first answer.', 'Quite another.', 'A second one.']);
  });
});

describe('phrases that are kept', () => {
  it('are synthesised when the call opens, and play without the voice at the beginning', async () => {
    const { probe, llm, tts, pass, figure } = await cascadeCall({
      options: { cachedPhrases: ['One moment, please.'] },
      voice: { timing: 'word' },
    });
    await pass(500);
    expect(tts.said).toEqual(['One moment, please.']);
    expect(figure('phrasesCached')).toBe(1);
    llm.writings = [[10, 'One moment, please. I am looking it up for you now.']];
    probe.respond('line_1');
    await pass(0);
    await pass(10);
    expect(probe.audio('line_1').byteLength).toBeGreaterThan(0);
    await pass(3000);
    expect(tts.said).toEqual(['One moment, please.', 'I am looking it up for you now.']);
    expect(probe.text('line_1')).toBe('One moment, please. I am looking it up for you now.');
    const words = probe
      .line('line_1')
      .flatMap((event) => (event.type === 'line.text' ? (event.words ?? []) : []));
    // "I" begins where the kept 19 characters of 20 ms end.
    expect(words.find(({ text }) => text === 'I')?.startMs).toBe(380);
    expect(figure('phrasesPlayed')).toBe(1);
  });

  it('do not go over their limit', async () => {
    const { pass, figure } = await cascadeCall({
      options: { cachedPhrases: ['One moment, please.', 'Hi.'], cacheLimitBytes: 5000 },
    });
    await pass(500);
    expect(figure('phrasesFailed')).toBe(1);
    expect(figure('phraseBytes')).toBeLessThanOrEqual(5000);
    expect(figure('phrasesCached')).toBe(1);
  });
});
