import type { ModelRequest } from '../../../../src/ports/language-model.ts';
import type { RehearsedLlmOptions } from './options.ts';

/** What a rehearsed model is going to write. */
export interface Reply {
  readonly text: string;
  readonly calls: readonly { readonly name: string; readonly arguments: string }[];
}

type WrittenReply = RehearsedLlmOptions['replies'][number];

/** Where a conversation stands, as far as a script looks at it. */
interface Standing {
  /** The caller's last words. */
  readonly heard: string;
  /** The caller's messages so far (a count). */
  readonly turn: number;
  /** The tool whose output is the newest thing there is. */
  readonly tool: { readonly name: string; readonly output: string } | null;
}

/** The first reply that fits; tools only where the request has and allows them. */
export function replyTo(
  { messages, tools, toolChoice }: ModelRequest,
  { replies, fallback }: RehearsedLlmOptions,
): Reply {
  const users = messages.filter(({ role }) => role === 'user');
  const newest = users.at(-1);
  const last = messages.at(-1);
  const standing: Standing = {
    heard: newest?.role === 'user' ? newest.text : '',
    turn: users.length,
    tool: last?.role === 'tool' ? { name: last.name, output: last.output } : null,
  };
  const mayCall = new Set(toolChoice.mode === 'none' ? [] : tools.map(({ name }) => name));
  for (const written of replies) {
    const calls = [written.call ?? []].flat();
    const canCall = calls.every(({ name }) => mayCall.has(name));
    if (!canCall || !fits(written, standing)) continue;
    return {
      text: filled(written.say ?? '', standing),
      calls: calls.map((call) => ({
        name: call.name,
        arguments: JSON.stringify(call.arguments),
      })),
    };
  }
  return { text: filled(fallback, standing), calls: [] };
}

/** With a tool's output to tell about, only replies that are meant for one fit. */
function fits({ hears, turn, after }: WrittenReply, { heard, turn: now, tool }: Standing): boolean {
  if (after !== undefined) {
    if (tool?.name !== after) return false;
  } else if (tool !== null) return false;
  if (turn !== undefined && turn !== now) return false;
  return hears === undefined || new RegExp(hears, 'iu').test(heard);
}

function filled(text: string, { heard, tool }: Standing): string {
  return text.replaceAll('{heard}', () => heard).replaceAll('{output}', () => tool?.output ?? '');
}

/** Tokens, near enough: a word and the space before it. */
export function tokensOf(text: string): readonly string[] {
  return text.match(/\s*\S+|\s+$/gu) ?? [];
}
