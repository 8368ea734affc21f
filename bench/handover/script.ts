import { numbersIn } from '../../test/conformance/counted-voice.ts';
import type { SaidNext, SaidTurn } from '../../test/upstream/said.ts';

/** The caller's words are numbers from here on; the agent's own lie below, as long as hers. */
const callerFrom = 500;
const agentFrom = 101;
/** Words the caller says in a turn, and words that the agent adds to them (a count each). */
export const callerWords = 3;
export const agentWords = 6;
/** All words that are heard in one (a count). */
export const turnWords = callerWords + agentWords;
/** Said by a model that has nothing left to say. */
export const nothingLeft = 499;

export const toolName = 'look_up';

/** What the caller says in a turn, counted from 0. */
export function callerNumbers(turn: number): readonly number[] {
  return Array.from({ length: callerWords }, (_, place) => callerFrom + turn * 10 + place);
}

/** All that a caller is to hear of a whole call: her own words said back, and the agent's count. */
export function expectedNumbers(turns: number): readonly number[] {
  return Array.from({ length: turns }, (_, turn) => [
    ...callerNumbers(turn),
    ...Array.from({ length: agentWords }, (_, place) => agentFrom + turn * agentWords + place),
  ]).flat();
}

export function isCallers(number: number): boolean {
  return number >= callerFrom;
}

/**
 * A model that says back what the caller has said and counts on, so many words a turn; by what it is
 * shown, and nothing else. What it has not been told of it says again, or leaves out.
 */
export function nextToSay(history: readonly SaidTurn[], wantsTool: boolean): SaidNext {
  const asked = history.findLastIndex(
    ({ role, text }) => role === 'user' && digitsIn(text).some(isCallers),
  );
  const since = history.slice(asked + 1);
  const knowsTool = since.some(({ role, text }) => role === 'tool' || text.includes(toolName));
  const said = spoken(since);
  if (wantsTool && !knowsTool && said.length === 0) {
    return { tool: { name: toolName, arguments: '{"what":"rooms"}' } };
  }
  const question = asked < 0 ? [] : digitsIn(history[asked]!.text).filter(isCallers);
  const own = spoken(history).filter((number) => number < nothingLeft);
  const counted = said.filter((number) => number < nothingLeft);
  const next = Math.max(agentFrom - 1, ...own) + 1;
  const numbers = [
    ...question.filter((number) => !said.includes(number)),
    ...Array.from({ length: Math.max(0, agentWords - counted.length) }, (_, at) => next + at),
  ];
  return { numbers: numbers.length === 0 ? [nothingLeft] : numbers };
}

/** Numbers of the agent's, as figures or as the words of the cascade's voice. */
function spoken(turns: readonly SaidTurn[]): readonly number[] {
  return turns.flatMap(({ role, text }) =>
    role === 'assistant' ? [...digitsIn(text), ...numbersIn(text)] : [],
  );
}

function digitsIn(text: string): readonly number[] {
  return (text.match(/\d+/g) ?? []).map(Number);
}
