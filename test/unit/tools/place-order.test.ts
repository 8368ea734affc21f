import { expect, test } from 'vitest';

import type { ToolInvocation } from '../../../src/ports/tool.ts';
import { checkedTool } from '../../../src/tools/checked-tool.ts';
import { placeOrderTool } from '../../../src/tools/place-order.ts';

function setUp() {
  const lines: object[] = [];
  const log = (event: string, fields: object = {}): void => void lines.push({ event, ...fields });
  const tool = checkedTool(placeOrderTool({ debug: log, info: log, warn: log, error: log }));
  const run = (order: object): Promise<string> => {
    const invocation = { callId: 'call_1', toolCallId: 'tool_1', arguments: JSON.stringify(order) };
    return tool.run(invocation as unknown as ToolInvocation, new AbortController().signal);
  };
  return { lines, run };
}

test('an order is counted and stands in the log', async () => {
  const { lines, run } = setUp();
  const order = { size: 'large', coffeeDrink: 'latte' };
  expect(JSON.parse(await run(order))).toEqual({ placed: true, number: 1 });
  expect(JSON.parse(await run(order))).toEqual({ placed: true, number: 2 });
  expect(lines[0]).toEqual({ event: 'order.placed', callId: 'call_1', number: 1, order });
});

test('an order without a drink, or with something else in it, is refused', async () => {
  const { lines, run } = setUp();
  await expect(run({ size: 'large' })).rejects.toThrow('coffeeDrink');
  await expect(run({ coffeeDrink: 'latte', cake: 'yes' })).rejects.toThrow('cake');
  expect(lines).toEqual([]);
});
