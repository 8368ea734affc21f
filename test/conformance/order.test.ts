import { describe, expect, it } from 'vitest';
import { orderViolations, type OrderedEvent } from './order.ts';

const user = {
  id: 'item_1',
  type: 'message',
  role: 'user',
  status: 'completed',
  content: [{ type: 'input_audio', transcript: null }],
};
const begun = {
  id: 'item_2',
  type: 'message',
  role: 'assistant',
  status: 'in_progress',
  content: [],
};
const spoken = {
  ...begun,
  status: 'completed',
  content: [{ type: 'output_audio', transcript: 'Hello.' }],
};
const part = { response_id: 'resp_1', item_id: 'item_2', output_index: 0, content_index: 0 };
const output = { response_id: 'resp_1', output_index: 0 };
const response = { id: 'resp_1', conversation_id: 'conv_1', status: 'in_progress', output: [] };

/** A detected turn with its answer, as the API documents it. */
const turn: readonly OrderedEvent[] = [
  { type: 'session.created', session: {} },
  { type: 'input_audio_buffer.speech_started', item_id: 'item_1', audio_start_ms: 100 },
  { type: 'input_audio_buffer.speech_stopped', item_id: 'item_1', audio_end_ms: 900 },
  { type: 'input_audio_buffer.committed', item_id: 'item_1', previous_item_id: null },
  { type: 'conversation.item.added', item: user, previous_item_id: null },
  { type: 'conversation.item.done', item: user, previous_item_id: null },
  { type: 'response.created', response },
  { type: 'response.output_item.added', ...output, item: begun },
  { type: 'conversation.item.added', item: begun, previous_item_id: 'item_1' },
  { type: 'response.content_part.added', ...part, part: { type: 'audio' } },
  { type: 'response.output_audio_transcript.delta', ...part, delta: 'Hello.' },
  { type: 'response.output_audio.delta', ...part, delta: 'AAA=' },
  { type: 'response.output_audio.done', ...part },
  { type: 'response.output_audio_transcript.done', ...part, transcript: 'Hello.' },
  { type: 'response.content_part.done', ...part, part: { type: 'audio' } },
  { type: 'response.output_item.done', ...output, item: spoken },
  { type: 'conversation.item.done', item: spoken, previous_item_id: 'item_1' },
  { type: 'response.done', response: { ...response, status: 'completed', output: [spoken] } },
];

const call = { ...output, item_id: 'item_3', call_id: 'call_1' };
const asked = { id: 'item_3', type: 'function_call', name: 'f', call_id: 'call_1', arguments: '' };

/** A function call out of nowhere. */
const functionCall: readonly OrderedEvent[] = [
  { type: 'session.created', session: {} },
  { type: 'response.created', response },
  { type: 'response.output_item.added', ...output, item: { ...asked, status: 'in_progress' } },
  {
    type: 'conversation.item.added',
    item: { ...asked, status: 'in_progress' },
    previous_item_id: null,
  },
  { type: 'response.function_call_arguments.delta', ...call, delta: '{"a":' },
  { type: 'response.function_call_arguments.delta', ...call, delta: '1}' },
  { type: 'response.function_call_arguments.done', ...call, arguments: '{"a":1}' },
  {
    type: 'response.output_item.done',
    ...output,
    item: { ...asked, status: 'completed', arguments: '{"a":1}' },
  },
  { type: 'conversation.item.done', item: { ...asked, status: 'completed' } },
  { type: 'response.done', response: { ...response, status: 'completed', output: [asked] } },
];

function numbered(events: readonly OrderedEvent[]): OrderedEvent[] {
  return events.map((event, i) => ({ event_id: `event_${i}`, ...event }));
}

function swapped(events: readonly OrderedEvent[], i: number, j: number): OrderedEvent[] {
  const other = [...events];
  [other[i], other[j]] = [events[j]!, events[i]!];
  return other;
}

describe('the order check', () => {
  it.each([
    ['a detected turn', turn],
    ['a function call', functionCall],
  ])('finds nothing wrong with %s', (_, events) => {
    expect(orderViolations(numbered(events))).toEqual([]);
  });

  // Pairs whose order the documentation leaves open: deltas, the two text dones, item dones.
  const free = new Set(['10,11', '12,13', '15,16']);
  const pairs = turn.slice(1).map((_, i) => [i, i + 1] as const);
  it.each(pairs.filter((pair) => !free.has(pair.join())))(
    'finds events %i and %i of a turn in the wrong order',
    (i, j) => {
      expect(orderViolations(numbered(swapped(turn, i, j)))).not.toEqual([]);
    },
  );

  it.each([...free].map((pair) => pair.split(',').map(Number) as [number, number]))(
    'leaves the order of events %i and %i open',
    (i, j) => {
      expect(orderViolations(numbered(swapped(turn, i, j)))).toEqual([]);
    },
  );

  it.each(
    turn.map((event, i) => [i, event.type] as const).filter(([i]) => ![10, 11, 2].includes(i)),
  )('misses event %i of a turn, %s', (i) => {
    // Without speech_started the rest of a detected turn is a manual one, but for its stop.
    const without = turn.filter((_, at) => at !== i);
    expect(orderViolations(numbered(without))).not.toEqual([]);
  });

  it.each(turn.map((event, i) => [i, event.type] as const).filter(([i]) => ![10, 11].includes(i)))(
    'does not like event %i of a turn twice, %s',
    (i) => {
      const twice = [...turn.slice(0, i + 1), ...turn.slice(i)];
      expect(orderViolations(numbered(twice))).not.toEqual([]);
    },
  );

  it('accepts a turn that was committed by hand in the middle of speech', () => {
    const manual = turn.filter(({ type }) => type !== 'input_audio_buffer.speech_stopped');
    expect(orderViolations(numbered(manual))).toEqual([]);
  });

  it('wants function calls in progress first and completed with their arguments', () => {
    const early = functionCall.map((event) =>
      event.type === 'response.output_item.added'
        ? { ...event, item: { ...asked, status: 'completed' } }
        : event,
    );
    expect(orderViolations(numbered(early))).toEqual([
      '#2 response.output_item.added has an item that is not in_progress',
    ]);
    expect(orderViolations(numbered(swapped(functionCall, 6, 7)))).not.toEqual([]);
  });

  it('allows one response in the conversation at a time, and another out of band beside it', () => {
    const second = { ...response, id: 'resp_2' };
    const begin = (other: object): OrderedEvent[] => [
      ...turn.slice(0, 10),
      { type: 'response.created', response: other },
      {
        type: 'response.done',
        response: { ...other, status: 'completed', output: [] },
      },
      ...turn.slice(10),
    ];
    expect(orderViolations(numbered(begin(second)))).toEqual([
      '#10 response.created comes while resp_1 is open',
    ]);
    expect(orderViolations(numbered(begin({ ...second, conversation_id: null })))).toEqual([]);
  });

  it('wants an event_id on every event, each once', () => {
    expect(orderViolations(turn.slice(0, 1))).toEqual(['#0 session.created has no event_id']);
    const same = turn.slice(0, 1).concat(turn.slice(3, 6));
    const events = same.map((event) => ({ ...event, event_id: 'event_1' }));
    expect(orderViolations(events)).toHaveLength(3);
  });

  it('wants a reason for a cancelled response', () => {
    const cancelled = turn.map((event) =>
      event.type === 'response.done'
        ? { ...event, response: { ...response, status: 'cancelled', output: [spoken] } }
        : event,
    );
    expect(orderViolations(numbered(cancelled))).toEqual([
      '#17 response.done is cancelled without a reason',
    ]);
  });
});
