import { numbersIn } from '../../test/conformance/counted-voice.ts';
import type { SaidNext, SaidTurn } from '../../test/upstream/said.ts';

/** The caller's words are numbers from here on; the agent's own lie below, as long as hers. */
const callerFrom = 500;
/** Words the caller says in a turn (a count). */
export const callerWords = 3;
/** Said by a model that has nothing left to say. */
export const nothingLeft = 499;

/** Which words are said in a conversation. */
export interface Talk {
  /** The agent counts from here. */
  readonly agentFrom: number;
  /** Words that it adds to the caller's in a turn (a count). */
  readonly agentWords: number;
  /** The caller's turns begin so many numbers apart. */
  readonly callerStep: number;
}

/** A short one: a word that is misunderstood is no other's. */
export const shortTalk: Talk = { agentFrom: 101, agentWords: 6, callerStep: 10 };
/** A long one, of at most 120 turns. */
export const longTalk: Talk = { agentFrom: 1, agentWords: 4, callerStep: 4 };

/** All words that are heard in a turn (a count). */
export function turnWords({ agentWords }: Talk): number {
  return callerWords + agentWords;
}

export const toolName = 'look_up';

/** What the caller says in a turn, counted from 0. */
export function callerNumbers(turn: number, talk = shortTalk): readonly number[] {
  const first = callerFrom + turn * talk.callerStep;
  return Array.from({ length: callerWords }, (_, place) => first + place);
}

/** All that a caller is to hear of a whole call: her own words said back, and the agent's count. */
export function expectedNumbers(turns: number, talk = shortTalk): readonly number[] {
  const { agentFrom, agentWords } = talk;
  return Array.from({ length: turns }, (_, turn) => [
    ...callerNumbers(turn, talk),
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
export function nextToSay(
  history: readonly SaidTurn[],
  wantsTool: boolean,
  { agentFrom, agentWords } = shortTalk,
): SaidNext {
  const asked = history.findLastIndex(
    ({ role, text }) => role === 'user' && digitsIn(text).some(isCallers),
  );
  const since = history.slice(asked + 1);
  const knowsTool = since.some(({ role, text }) => role === 'tool' || text.includes(toolName));
  const said = spoken(since);
  if (wantsTool && !knowsTool && said.length === 0) {
    return { tool: { name: toolName, arguments: '{"what":"rooms"}' } };
  }
  // A turn may be shown in pieces.
  const answered = history.findLastIndex((turn, at) => at < asked && spoken([turn]).length > 0);
  const question = history
    .slice(answered + 1, asked + 1)
    .flatMap(({ role, text }) => (role === 'user' ? digitsIn(text).filter(isCallers) : []));
  const own = spoken(history).filter((number) => number < nothingLeft);
  const counted = said.filter((number) => number < nothingLeft);
  const next = Math.max(agentFrom - 1, ...own) + 1;
  const numbers = [
    ...question.filter((number) => !said.includes(number)),
    ...Array.from({ length: Math.max(0, agentWords - counted.length) }, (_, at) => next + at),
  ].slice(unknownWords(history, asked));
  return { numbers: numbers.length === 0 ? [nothingLeft] : numbers };
}

/** Words that it was told were heard though no text is known of them; of the sentence it goes on with. */
function unknownWords(history: readonly SaidTurn[], asked: number): number {
  const lastSaid = history.findLastIndex(({ role }) => role === 'assistant');
  const told = history.findLast(
    ({ role, text }, at) =>
      // Instructions of the answer come first, all else where it was told.
      unknown.test(text) &&
      ((role === 'system' && at === 0) || (role !== 'assistant' && at > Math.max(asked, lastSaid))),
  );
  return Number(told?.text.match(unknown)?.[1] ?? 0);
}

/** Numbers of the agent's, as figures or as the words of the cascade's voice. */
function spoken(turns: readonly SaidTurn[]): readonly number[] {
  return turns.flatMap(({ role, text }) =>
    role === 'assistant' ? [...digitsIn(text), ...numbersIn(text)] : [],
  );
}

const unknown = /You said about (\d+) words? more /;

function digitsIn(text: string): readonly number[] {
  return (text.match(/\d+/g) ?? []).map(Number);
}
