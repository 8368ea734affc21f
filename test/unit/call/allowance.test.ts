import { describe, expect, test } from 'vitest';
import type { ClientAllowance } from '../../../src/ports/agent.ts';
import type { ClientCommand } from '../../../src/ports/client.ts';
import { prepareResampler } from '../../../src/audio/resampler.ts';
import { CallHarness } from '../../support/call-harness.ts';

const everything: ClientAllowance = {
  instructionChars: 100,
  voices: 'any',
  tools: 128,
  turns: true,
};
const nothing: ClientAllowance = { instructionChars: 0, voices: 'none', tools: 0, turns: false };
const tool = (name: string) => ({ name, description: null, parameters: null });

async function answer(allow: Partial<ClientAllowance>, command: ClientCommand): Promise<string> {
  await prepareResampler();
  const { call } = await CallHarness.open({
    agent: { voice: 'marin', instructions: 'Be brief.', allow: { ...everything, ...allow } },
  });
  const before = call.settings;
  const result = call.execute(command);
  if (result.ok) return 'taken';
  expect(call.settings).toBe(before);
  return `${result.error.code} ${result.error.param ?? ''}: ${result.error.message}`;
}

const configure = (patch: (ClientCommand & { type: 'configure' })['patch']): ClientCommand => ({
  type: 'configure',
  patch,
});
const respond = (overrides: (ClientCommand & { type: 'respond' })['overrides']): ClientCommand => ({
  type: 'respond',
  requestId: null,
  outOfBand: true,
  overrides,
  metadata: null,
  input: null,
});
const system = (text: string): ClientCommand => ({
  type: 'item.create',
  item: { kind: 'message', role: 'system', content: [{ type: 'text', text }], itemId: null },
  after: null,
});

describe('what an agent does not let clients set is refused by name', () => {
  test.each<[string, Partial<ClientAllowance>, ClientCommand, string]>([
    [
      'instructions',
      nothing,
      configure({ instructions: 'Shout.' }),
      'instructions: The agent .* gives? no instructions|instructions',
    ],
    [
      'long instructions',
      { instructionChars: 5 },
      configure({ instructions: 'Shout!' }),
      'instructions: .*at most 5 characters',
    ],
    ['a voice', nothing, configure({ voice: 'cedar' }), 'voice: .*no voice'],
    [
      'another voice',
      { voices: ['ash'] },
      configure({ voice: 'cedar' }),
      'voice: .*these voices: ash',
    ],
    ['tools', nothing, configure({ tools: [tool('a')] }), 'tools: .*no tools'],
    [
      'too many tools',
      { tools: 1 },
      configure({ tools: [tool('a'), tool('b')] }),
      'tools: .*at most 1 tools',
    ],
    ['the choice of tools', nothing, configure({ toolChoice: { mode: 'none' } }), 'toolChoice: '],
    ['turns', nothing, configure({ turnDetection: null }), 'turnDetection: '],
    ['instructions of one answer', nothing, respond({ instructions: 'Shout.' }), 'instructions: '],
    ['tools of one answer', nothing, respond({ tools: [tool('a')] }), 'tools: '],
    ['a system message', nothing, system('Shout.'), 'item.content: .*no system messages'],
    [
      'a long system message',
      { instructionChars: 5 },
      system('Shout!'),
      'item.content: .*at most 5',
    ],
    [
      'a system message for one answer',
      nothing,
      {
        ...respond({}),
        input: [
          {
            kind: 'message',
            role: 'system',
            content: [{ type: 'text', text: 'Shout.' }],
            itemId: null,
          },
        ],
      } as ClientCommand,
      'response.input: ',
    ],
    ['part of an update', nothing, configure({ maxOutputTokens: 5, voice: 'cedar' }), 'voice: '],
  ])('%s', async (_what, allow, command, expected) => {
    expect(await answer(allow, command)).toMatch(new RegExp(`^override_forbidden ${expected}`));
  });

  test.each<[string, Partial<ClientAllowance>, ClientCommand]>([
    [
      'what is in force already',
      nothing,
      configure({ instructions: 'Be brief.', voice: 'marin', tools: [] }),
    ],
    [
      'anything where all is allowed',
      {},
      configure({
        instructions: 'Shout.',
        voice: 'cedar',
        tools: [tool('a')],
        turnDetection: null,
      }),
    ],
    [
      'instructions that are short enough',
      { instructionChars: 6 },
      configure({ instructions: 'Shout!' }),
    ],
    ['a voice of the list', { voices: ['cedar'] }, configure({ voice: 'cedar' })],
    ['as many tools as there may be', { tools: 1 }, configure({ tools: [tool('a')] })],
    ['an answer with nothing of its own', nothing, respond({})],
    ['what else there is', nothing, configure({ maxOutputTokens: 5 })],
  ])('but not %s', async (_what, allow, command) => {
    expect(await answer(allow, command)).toBe('taken');
  });
});
