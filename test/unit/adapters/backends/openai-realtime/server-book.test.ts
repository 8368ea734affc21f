import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import {
  ServerBook,
  type RanCall,
} from '../../../../../adapters/backends/openai-realtime/server-book.ts';
import type {
  CallItem,
  Sighting,
} from '../../../../../adapters/backends/openai-realtime/server-sightings.ts';
import type { ServerToolEvent } from '../../../../../src/ports/tool-servers.ts';

const itemId = 'item_1';
const begun: CallItem = {
  server: 'weather',
  name: 'forecast',
  arguments: '',
  approvalId: null,
  output: null,
  error: null,
};
const args = '{"city":"Ulm"}';
const whole: CallItem = { ...begun, arguments: args };
const item = (of: CallItem, done: boolean, responseId: string | null = 'resp_1'): Sighting => ({
  kind: 'call',
  itemId,
  responseId,
  item: of,
  done,
});
const called: ServerToolEvent = {
  what: 'called',
  callId: itemId,
  lineId: 'line of resp_1',
  server: 'weather',
  name: 'forecast',
  arguments: args,
  approvalId: null,
};
const answered: ServerToolEvent = { what: 'answered', callId: itemId, output: 'rain', error: null };

function told(sightings: readonly Sighting[]): { events: ServerToolEvent[]; ran: RanCall[] } {
  const ran: RanCall[] = [];
  const book = new ServerBook((call) => ran.push(call));
  const events = sightings.flatMap((one) => book.take(one, (id) => `line of ${id}`));
  expect(book.busy).toBe(false);
  return { events, ran };
}

describe('calls that the upstream runs', () => {
  const output = { ...whole, output: 'rain' };
  const orders: Readonly<Record<string, readonly Sighting[]>> = {
    'within the response': [
      item(begun, false),
      { kind: 'call.arguments', itemId, arguments: args },
      { kind: 'call.running', itemId },
      { kind: 'call.ended', itemId },
      item(output, true),
      item(output, true, null),
    ],
    'after the response, which has its item without output': [
      item(begun, false),
      { kind: 'call.arguments', itemId, arguments: args },
      item(whole, true),
      { kind: 'call.running', itemId },
      { kind: 'call.ended', itemId },
      item(output, true, null),
    ],
    'the output before anything says that it is over': [
      item(begun, false),
      item(output, true),
      { kind: 'call.ended', itemId },
    ],
  };
  it.each(Object.entries(orders))('%s', (_order, sightings) => {
    const { events, ran } = told(sightings);
    expect(events).toEqual([called, answered]);
    expect(ran).toEqual([{ callId: itemId, name: 'forecast', arguments: args, output: 'rain' }]);
  });

  it('fails with the words of the server', () => {
    const error = { kind: 'http', code: 502, message: 'Bad gateway' } as const;
    const failed = { ...whole, error };
    const sightings: Sighting[] = [
      item(begun, false),
      { kind: 'call.ended', itemId },
      item(failed, true),
    ];
    expect(told(sightings).events.at(-1)).toEqual({
      what: 'answered',
      callId: itemId,
      output: null,
      error,
    });
  });

  test.prop({ places: fc.shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: 0 }) })(
    'are told once and in order, whatever comes when',
    ({ places }) => {
      const book = new ServerBook(() => undefined);
      const all = Object.values(orders)[0]!;
      const events = places.flatMap((place) => book.take(all[place]!, (id) => `line of ${id}`));
      const whats = events.map(({ what }) => what);
      expect([[], ['called'], ['called', 'answered']]).toContainEqual(whats);
    },
  );

  it('end with the connection that ran them', () => {
    const book = new ServerBook(() => undefined);
    const lineOf = (id: string): string => id;
    book.take(
      { kind: 'list', itemId: 'list_1', server: 'weather', tools: [], done: false },
      lineOf,
    );
    book.take(item(whole, true), lineOf);
    expect(book.busy).toBe(true);
    expect(book.lost()).toMatchObject([
      { what: 'answered', callId: itemId, output: null, error: { kind: 'tool' } },
      { what: 'listed', listId: 'list_1', tools: null },
    ]);
    expect(book.busy).toBe(false);
    expect(book.take({ kind: 'call.ended', itemId }, lineOf)).toEqual([]);
  });
});

describe('approvals', () => {
  const request: Sighting = {
    kind: 'approval',
    itemId: 'item_2',
    responseId: 'resp_1',
    server: 'weather',
    name: 'forecast',
    arguments: args,
    done: true,
  };

  it('are asked for once, and stay open until the call that rests on them', () => {
    const book = new ServerBook(() => undefined);
    const lineOf = (): null => null;
    expect(book.take({ ...request, done: false }, lineOf)).toEqual([]);
    expect(book.take(request, lineOf)).toHaveLength(1);
    expect(book.take({ ...request, responseId: null }, lineOf)).toEqual([]);
    expect(book.busy).toBe(true);
    expect(book.approved('item_2', true)).toBe(true);
    const call = item({ ...whole, approvalId: 'item_2', output: 'rain' }, true, null);
    const [first] = book.take(call, lineOf);
    expect(first).toMatchObject({ what: 'called', approvalId: 'item_2', lineId: null });
    expect(book.busy).toBe(false);
  });

  it('are over when they are refused, and known to nobody else', () => {
    const book = new ServerBook(() => undefined);
    book.take(request, () => null);
    expect(book.approved('item_3', true)).toBe(false);
    expect(book.approved('item_2', false)).toBe(true);
    expect(book.busy).toBe(false);
  });
});
