import type { SaidTurn, SayRule } from '../said.ts';
import type { History } from './history.ts';
import type { ScriptedAnswer } from './options.ts';

/** What a rule makes of all that the model knows. */
export function answerBy(rule: SayRule, history: History): ScriptedAnswer {
  const next = rule(history.flatMap(saidIn));
  if ('numbers' in next) return next;
  const { name, arguments: args } = next.tool;
  return { tools: [{ name, args: JSON.parse(args) as Readonly<Record<string, unknown>> }] };
}

function saidIn({ role, text, calls, responses }: History[number]): readonly SaidTurn[] {
  const tools = [...calls, ...responses].map(
    ({ name = '' }) => ({ role: 'tool', text: name }) as const,
  );
  const said = { role: role === 'model' ? 'assistant' : 'user', text } as const;
  return text === '' ? tools : [said, ...tools];
}
