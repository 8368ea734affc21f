import type { ChatRule } from './options.ts';

/**
 * Counts on from the highest number that it has said, going by the history alone: what it is not
 * shown, it has not said.
 *
 * @param count numbers in one answer
 */
export function countOn(count: number): ChatRule {
  return ({ messages }) => {
    const said = messages.filter(({ role }) => role === 'assistant').map(({ content }) => content);
    const numbers = (said.join(' ').match(/\d+/g) ?? []).map(Number);
    const from = Math.max(0, ...numbers);
    const words = Array.from({ length: count }, (_, place) => String(from + place + 1));
    return { text: `${words.join(', ')}.` };
  };
}
