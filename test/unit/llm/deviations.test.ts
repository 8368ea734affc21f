import { afterEach, expect, test } from 'vitest';
import { fc, test as property } from '@fast-check/vitest';
import type { ModelToolCall } from '../../../src/ports/language-model.ts';
import type { ChatSpelling } from '../../upstream/llm/options.ts';
import { asking, ChatRig, type Written } from '../../upstream/llm/rig.ts';

const rigs: ChatRig[] = [];

afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.close();
});

const written = [
  JSON.stringify({ city: 'Köln', note: 'a "quoted" \\ line\nand 🎈' }),
  JSON.stringify({ list: [1, 2, { deep: '}{' }] }),
];
const tools = ['look_up', 'book'].map((name) => ({ name, description: null, parameters: null }));

async function answerIn(spelling: ChatSpelling): Promise<Written> {
  const rig = await ChatRig.start({
    spelling,
    answer: () => ({
      text: 'One moment, please.',
      calls: tools.map(({ name }, place) => ({ name, arguments: written[place]! })),
    }),
  });
  rigs.push(rig);
  return rig.write(asking('Go.', { tools }));
}

function callsOf({ events }: Written): readonly ModelToolCall[] {
  return events.flatMap((event) => (event.type === 'tool_call' ? [event.call] : []));
}

const spellings: readonly (readonly [string, ChatSpelling])[] = [
  ['as the original', {}],
  ['no index, whole calls (Ollama)', { noIndex: true, wholeCalls: true }],
  ['no index, in pieces', { noIndex: true }],
  ['the name in every delta (llama.cpp)', { nameInEveryDelta: true }],
  ['no type (vLLM)', { noType: true }],
  ['stop with tool calls', { stopWithCalls: true }],
  ['arguments cut inside of escapes', { argumentCharacters: 1 }],
  ['empty deltas', { emptyDeltas: true }],
  ['keep-alive lines', { keepAlives: true }],
  ['CRLF', { lineEnd: '\r\n', keepAlives: true }],
  ['no [DONE]', { noDone: true }],
  ['an open connection behind [DONE]', { openAfterDone: true }],
  ['thoughts before the text', { reasoning: 'The caller wants a room.' }],
  ['all at once', { noType: true, nameInEveryDelta: true, stopWithCalls: true, emptyDeltas: true }],
];

test.each(spellings)('tool calls come whole: %s', async (_name, spelling) => {
  const answer = await answerIn(spelling);
  expect(answer.error).toBeNull();
  expect(answer.text).toBe('One moment, please.');
  const calls = callsOf(answer);
  expect(calls.map(({ name }) => name)).toEqual(['look_up', 'book']);
  expect(calls.map((call) => call.arguments)).toEqual(written);
  expect(new Set(calls.map(({ toolCallId }) => toolCallId)).size).toBe(2);
  expect(answer.events.at(-1)).toMatchObject({ type: 'done', finish: 'tool_calls' });
});

test('usage: cached is told apart, and nothing is made up where nothing was said', async () => {
  const told = (await answerIn({})).events.at(-1);
  expect(told).toMatchObject({ usage: { inputTokens: 5, inputCachedTokens: 2 } });
  const silent = (await answerIn({ noUsage: true })).events.at(-1);
  expect(silent).toMatchObject({ type: 'done', usage: null });
});

property.prop([fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 12 })], {
  numRuns: 25,
})('any cut of the bytes gives the same events', async (lengths) => {
  const rig = await ChatRig.start({
    spelling: { lineEnd: '\r\n', keepAlives: true },
    answer: () => ({
      text: 'Grüße aus Köln 🎈.',
      calls: [{ id: 'call_a', name: 'book', arguments: written[0]! }],
    }),
    cutBytes: (bytes) => {
      const pieces: Buffer[] = [];
      for (let at = 0, turn = 0; at < bytes.byteLength; turn += 1) {
        // The last length goes for the rest, so that short ones do not make thousands.
        const length = lengths[turn] ?? Math.max(lengths.at(-1)!, 200);
        pieces.push(bytes.subarray(at, at + length));
        at += length;
      }
      return pieces;
    },
  });
  try {
    const { events, text } = await rig.write(asking('Go.', { tools }));
    expect(text).toBe('Grüße aus Köln 🎈.');
    expect(events.slice(-2)).toMatchObject([
      { type: 'tool_call', call: { toolCallId: 'call_a', name: 'book', arguments: written[0] } },
      { type: 'done', finish: 'tool_calls' },
    ]);
  } finally {
    await rig.close();
  }
});
