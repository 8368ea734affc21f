import { Closing, invalidArgument } from './closing.ts';
import type { FunctionCall, FunctionResponse, WireContent } from './client-messages.ts';
import { textOf } from './session-setup.ts';

/** One turn as the model remembers it. */
export interface RememberedTurn {
  readonly role: 'user' | 'model';
  readonly text: string;
  /** Audio of it, ms. */
  readonly audioMs: number;
  readonly calls: readonly FunctionCall[];
  readonly responses: readonly FunctionResponse[];
  /** It was cut off: the text is what had been sent. */
  readonly interrupted: boolean;
  /** It belongs to the same answer as the model's turn before. */
  readonly continues: boolean;
  /** Came from the client as history. */
  readonly seeded: boolean;
}

/** All the model knows of the conversation, oldest first. Values are never changed. */
export type History = readonly RememberedTurn[];

/** A turn with nothing but its role and what is given. */
export function turn(
  role: 'user' | 'model',
  given: Partial<Omit<RememberedTurn, 'role'>>,
): RememberedTurn {
  return {
    role,
    text: '',
    audioMs: 0,
    calls: [],
    responses: [],
    interrupted: false,
    continues: false,
    seeded: false,
    ...given,
  };
}

/** What a client says of the conversation. @throws Closing where a role is none */
export function seededTurns(contents: readonly WireContent[]): RememberedTurn[] {
  return contents.map((content, i) => {
    const { role = 'user', parts = [] } = content;
    if (role !== 'user' && role !== 'model') {
      throw new Closing(1007, 'Please use a valid role: user, model.');
    }
    if (parts.length === 0) throw new Closing(1007, invalidArgument);
    return turn(role, {
      text: textOf(content),
      calls: parts.flatMap(({ functionCall }) => functionCall ?? []),
      responses: parts.flatMap(({ functionResponse }) => functionResponse ?? []),
      continues: role === 'model' && contents[i - 1]?.role === 'model',
      seeded: true,
    });
  });
}

/** How often the agent has answered. */
export function answersIn(history: History): number {
  return history.filter(({ role, continues }) => role === 'model' && !continues).length;
}

/** The last number that the agent said; `null` where it said none. */
export function lastNumber(history: History): number | null {
  for (const { role, text } of history.toReversed()) {
    if (role !== 'model') continue;
    const last = text.match(/\d+/g)?.at(-1);
    if (last !== undefined) return Number(last);
  }
  return null;
}

/** Whether what came since the model last said something tells of this in words. */
export function tellsOf(history: History, name: string): boolean {
  const since = history.slice(history.findLastIndex(({ role }) => role === 'model') + 1);
  return since.some(({ text }) => text.includes(name));
}
