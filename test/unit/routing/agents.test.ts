import { describe, expect, test } from 'vitest';
import type { AgentDefinition } from '../../../src/ports/agent.ts';
import { agentsInScope, everyAgent, resolveAgent } from '../../../src/routing/agents.ts';
import { backendOrder, stillPreparing } from '../../../src/routing/policy.ts';

function agent(name: string, aliases: readonly string[] = []): AgentDefinition {
  return {
    name,
    aliases,
    instructions: '',
    voice: null,
    backends: ['b'],
    turns: {
      authority: 'auto',
      detection: {
        kind: 'server_vad',
        threshold: 0.5,
        prefixPaddingMs: 300,
        silenceDurationMs: 500,
        createResponse: true,
        interruptResponse: true,
        idleTimeoutMs: null,
      },
    },
    tools: [],
    playoutLeadMs: 200,
  };
}

const directory = {
  agents: [agent('desk', ['gpt', 'bar']), agent('bar'), agent('kitchen')],
  defaultAgent: 'desk',
};

function found(wanted: string | null, scope: readonly string[] = everyAgent): string {
  const choice = resolveAgent(directory, wanted, scope);
  return choice.ok ? choice.agent.name : choice.error.code;
}

describe('who is asked for', () => {
  test.each([
    [null, 'desk'],
    ['', 'desk'],
    ['kitchen', 'kitchen'],
    ['gpt', 'desk'],
    ['bar', 'bar'],
    ['GPT', 'agent_not_found'],
    ['cellar', 'agent_not_found'],
  ])('%j leads to %s', (wanted, name) => {
    expect(found(wanted)).toBe(name);
  });

  test('a scope holds for names, aliases and the default', () => {
    expect(found('kitchen', ['kitchen'])).toBe('kitchen');
    expect(found('gpt', ['kitchen'])).toBe('agent_forbidden');
    expect(found(null, ['kitchen'])).toBe('agent_forbidden');
    expect(found('cellar', [])).toBe('agent_not_found');
    expect(agentsInScope(directory, ['bar', 'desk']).map(({ name }) => name)).toEqual([
      'desk',
      'bar',
    ]);
  });

  test('a refusal lists what may be asked for, and shows no more than 64 characters', () => {
    const choice = resolveAgent(directory, 'x'.repeat(1_000), ['bar']);
    expect(choice).toMatchObject({ ok: false, allowed: ['bar'] });
    if (!choice.ok) {
      expect(choice.error.message).toBe(
        `No agent is called "${'x'.repeat(64)}". This key may use: bar.`,
      );
    }
  });
});

describe('which backends a call tries', () => {
  test('ready ones in order, then those preparing, then those that failed', () => {
    expect(
      backendOrder([
        { name: 'a', readiness: 'failed' },
        { name: 'b', readiness: 'preparing' },
        { name: 'c', readiness: 'ready' },
        { name: 'd', readiness: 'failed' },
        { name: 'e', readiness: 'ready' },
      ]),
    ).toEqual(['c', 'e', 'b', 'a', 'd']);
  });

  test.each([
    [['preparing', 'failed'], true],
    [['preparing', 'ready'], false],
    [['failed'], false],
    [['ready'], false],
  ] as const)('%j: come back later is %s', (states, later) => {
    const candidates = states.map((readiness, place) => ({ name: String(place), readiness }));
    expect(stillPreparing(candidates)).toBe(later);
  });
});
