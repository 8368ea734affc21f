import { expect, test } from 'vitest';
import { rehearsedLlm, rehearsedLlmOptions } from '../../../adapters/speech/llm/rehearsed/index.ts';
import type { ModelRequest } from '../../../src/ports/language-model.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import { passTime } from '../../upstream/pass-time.ts';
import { asking } from '../../upstream/llm/rig.ts';

async function write(
  options: object,
  requests: readonly ModelRequest[],
): Promise<readonly { text: string; firstMs: number; endMs: number; finish: string }[]> {
  const clock = new ManualClock();
  const pass = passTime(clock, 1);
  const model = rehearsedLlm(rehearsedLlmOptions.parse(options), { clock });
  const results = [];
  for (const request of requests) {
    const beganMs = clock.nowMs();
    const result = { text: '', firstMs: 0, endMs: 0, finish: '' };
    const ended = new AbortController();
    const read = async (): Promise<void> => {
      for await (const event of model.write(request, new AbortController().signal)) {
        if (result.text === '') result.firstMs = clock.nowMs() - beganMs;
        if (event.type === 'text') result.text += event.delta;
        if (event.type === 'done') result.finish = event.finish;
      }
      result.endMs = clock.nowMs() - beganMs;
      ended.abort();
    };
    const reading = read();
    while (!ended.signal.aborted) await pass(10);
    await reading;
    results.push(result);
  }
  expect(clock.pending).toBe(0);
  return results;
}

test('the first reply that fits is given, and the fallback repeats what it heard', async () => {
  const replies = [
    { turn: 2, hears: 'room', say: 'The second time you ask for a room.' },
    { hears: 'ROOM', say: 'Which night?' },
  ];
  const again = [
    { role: 'user', text: 'A room.' },
    { role: 'assistant', text: 'Which night?' },
    { role: 'user', text: 'Any room.' },
  ] as const;
  const said = await write({ replies }, [
    asking('A room, please.'),
    asking('', { messages: again }),
    asking('A $& table.'),
  ]);
  expect(said.map(({ text }) => text)).toEqual([
    'Which night?',
    'The second time you ask for a room.',
    'You said: A $& table.',
  ]);
});

test('delays are drawn by the seed, and tokens come at their pace', async () => {
  const options = { fallback: 'one two three four five', tokensPerSecond: 20, seed: 7 };
  const requests = Array.from({ length: 8 }, () => asking('Go.'));
  const one = await write(options, requests);
  const other = await write(options, requests);
  expect(other).toEqual(one);
  expect(new Set(one.map(({ firstMs }) => firstMs)).size).toBeGreaterThan(4);
  expect(await write({ ...options, seed: 8 }, requests)).not.toEqual(one);
  for (const { firstMs, endMs } of one) expect(endMs - firstMs).toBeCloseTo(200, -1);
});

test('a call needs the tool, and what follows it tells about its output', async () => {
  const replies = [
    { after: 'book', say: 'Booked: {output}.' },
    { hears: 'book', say: 'One moment.', call: { name: 'book', arguments: { nights: 2 } } },
  ];
  const tools = [{ name: 'book', description: null, parameters: null }];
  const without = await write({ replies }, [asking('Book it.')]);
  expect(without[0]).toMatchObject({ text: 'You said: Book it.', finish: 'stop' });
  const called = await write({ replies }, [asking('Book it.', { tools })]);
  expect(called[0]).toMatchObject({ text: 'One moment.', finish: 'tool_calls' });
  const call = { toolCallId: 'c', name: 'book', arguments: '{}' };
  const messages = [
    { role: 'user', text: 'Book it.' },
    { role: 'assistant.tools', text: '', calls: [call] },
    { role: 'tool', toolCallId: 'c', name: 'book', output: 'room 7' },
  ] as const;
  const told = await write({ replies }, [asking('', { messages, tools })]);
  expect(told[0]).toMatchObject({ text: 'Booked: room 7.', finish: 'stop' });
});

test('options that make no sense are refused', () => {
  const bad = [
    { replies: [{ hears: '(' }] },
    { replies: [{ hears: 'x' }] },
    { firstTokenMs: { p50: 5, p95: 4 } },
    { tokensPerSecond: 0 },
    { other: 1 },
  ];
  for (const options of bad) expect(rehearsedLlmOptions.safeParse(options).success).toBe(false);
});
