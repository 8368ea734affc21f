import { describe, expect, it } from 'vitest';
import type { AgentDefinition } from '../../../src/ports/agent.ts';
import type { TextRule } from '../../../src/ports/gate.ts';
import { defaultToolManner } from '../../../src/ports/tool.ts';
import { LogRedaction, redactionRules } from '../../../src/server/redaction.ts';
import { plainAgent } from '../../support/call-harness.ts';

const card: TextRule = { kind: 'pattern', name: 'card', pattern: 'card' };
const email: TextRule = { kind: 'pattern', name: 'email', pattern: 'email' };
const secret: TextRule = { kind: 'phrases', name: 'project', phrases: ['blue heron'] };

function switching(choices: readonly string[] | null): Pick<AgentDefinition, 'declaredTools'> {
  const manner = defaultToolManner;
  const given = { choices, description: null, deadlineMs: 5_000, maxConcurrent: 1, manner };
  return { declaredTools: [{ kind: 'builtin', builtin: 'switch_agent', ...given }] };
}

function agent(name: string, more: Partial<AgentDefinition> = {}): AgentDefinition {
  return { ...plainAgent, name, ...more };
}

const shop = agent('shop', { redact: [card], ...switching(['accounts']) });
const billing = agent('billing', { aliases: ['accounts'], redact: [email], ...switching(['lab']) });
const lab = agent('lab', { redact: [secret, card] });
const bare = agent('bare');
const agents = [shop, billing, lab, bare];

function names(of: AgentDefinition): readonly string[] | undefined {
  return redactionRules(of, agents)?.map(({ name }) => name);
}

describe('what is taken out of a call', () => {
  it('is what its agent has taken out', () => {
    expect(names(lab)).toEqual(['project', 'card']);
    expect(redactionRules(bare, agents)).toBe(null);
  });

  it('is also what any agent has that it may be handed to, each once', () => {
    expect(names(billing)).toEqual(['email', 'project', 'card']);
    expect(names(shop)).toEqual(['card', 'email', 'project']);
    expect(names(agent('desk', switching(null)))).toEqual(['card', 'email', 'project']);
    expect(redactionRules(agent('desk', switching(['bare'])), agents)).toBe(null);
  });

  it('ends with agents that hand calls to each other', () => {
    const one = agent('one', switching(['two']));
    const two = agent('two', { redact: [card], ...switching(['one']) });
    expect(redactionRules(one, [one, two])).toHaveLength(1);
  });

  it('is taken out from the beginning, as nobody knows whether the call will be handed over', () => {
    const redaction = new LogRedaction(redactionRules(agent('desk', switching(null)), agents)!);
    const said = { type: 'caller.transcript', itemId: 'item_a', final: true } as const;
    const text = 'I am jane@example.com, about the blue heron.';
    expect(redaction.entry({ ...said, text, seq: 1, atMs: 0 })).toMatchObject({
      text: 'I am [email], about the [project].',
    });
  });
});
