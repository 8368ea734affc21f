import type { Logger } from '../ports/log.ts';
import { ToolError, type ToolPort } from '../ports/tool.ts';

/** What an order may name, each in the caller's words. */
const fields = [
  'size',
  'roast',
  'numberOfShots',
  'coffeeDrink',
  'milkAmount',
  'sugarAmount',
] as const;

const text = { type: 'string', minLength: 1, maxLength: 64 } as const;

export const placeOrderName = 'place_order';

/**
 * The built-in agent's tool: takes an order of coffee. It only writes the order to the log; the call
 * keeps it as it keeps every tool call.
 */
export function placeOrderTool(log: Logger): ToolPort {
  let taken = 0;
  return {
    definition: {
      name: placeOrderName,
      description: 'Places an order of one coffee drink.',
      parameters: {
        type: 'object',
        properties: Object.fromEntries(fields.map((field) => [field, text])),
        required: ['coffeeDrink'],
        additionalProperties: false,
      },
    },
    deadlineMs: 5_000,
    manner: { fillers: [] },
    run: ({ callId, arguments: argumentsText }) => {
      const order: unknown = JSON.parse(argumentsText);
      if (typeof order !== 'object' || order === null) {
        return Promise.reject(new ToolError('The order is not an object.', { refused: true }));
      }
      taken += 1;
      log.info('order.placed', { callId, number: taken, order });
      return Promise.resolve(JSON.stringify({ placed: true, number: taken }));
    },
  };
}
