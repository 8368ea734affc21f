import { beforeAll, describe, expect, it } from 'vitest';
import { prepareResampler } from '../../../src/audio/resampler.ts';
import { frameCapabilities, turnCapabilities as able } from '../../support/scripted-backend.ts';
import { duplexCapabilities, LiveRoom } from './rooms.ts';

beforeAll(prepareResampler);

const parameters = { type: 'object' };
const look = { type: 'function', name: 'look', parameters, strict: true };
const delegation = (settings: object) => ({
  delegation: { type: 'responses', responses: { model: 'gpt-5', ...settings } },
});
const update = (settings: object) => ({
  type: 'session.update',
  event_id: 'u',
  session: { delegation: { type: 'responses', responses: settings } },
});

describe('settings of Responses delegation at the start', () => {
  it('are the agent’s where they are functions, their choice, and a limit of tokens', async () => {
    const tool_choice = { type: 'function', name: 'look' };
    const room = await LiveRoom.open(
      delegation({ instructions: 'Look.', tools: [look], tool_choice, max_output_tokens: 99 }),
      able,
    );
    expect(room.harness.call.settings).toMatchObject({
      instructions: 'Look.',
      tools: [{ name: 'look', parameters }],
      toolChoice: { mode: 'tool', name: 'look' },
      maxOutputTokens: 99,
    });
    // What is shown is what holds: the agent's model, and no schema enforced.
    expect(room.of('session.started')).toMatchObject([
      {
        session: {
          delegation: { responses: { model: 'desk', tools: [{ name: 'look', strict: false }] } },
        },
      },
    ]);
    expect(room.of('info')).toMatchObject([{ code: 'model_substituted' }]);
    await room.end();
  });

  it.each([
    ['a hosted tool', { tools: [look, { type: 'web_search' }] }, 'tools[1].type'],
    ['the choice of one', { tool_choice: { type: 'mcp', server_label: 'x' } }, 'tool_choice'],
    ['reasoning', { reasoning: { effort: 'low' } }, 'reasoning'],
    ['verbosity', { text: { verbosity: 'low' } }, 'text'],
    ['a tier', { service_tier: 'flex' }, 'service_tier'],
    ['a limit of parallel calls', { parallel_tool_calls: false }, 'parallel_tool_calls'],
  ])('are refused where they are %s', async (_what, settings, param) => {
    const room = await LiveRoom.open(delegation(settings), able);
    expect(room.problems).toMatchObject([
      { code: 'unsupported_by_backend', param: `session.delegation.responses.${param}` },
    ]);
    expect(room.types).toEqual(['error']);
    expect(room.socket.closedWith?.code).toBe(1008);
  });

  it('are refused where no tools are called, and where tokens cannot be limited', async () => {
    const none = await LiveRoom.open(delegation({}), frameCapabilities);
    expect(none.problems).toMatchObject([
      { code: 'unsupported_by_backend', param: 'session.delegation.type' },
    ]);
    const limited = await LiveRoom.open(delegation({ max_output_tokens: 99 }), duplexCapabilities);
    expect(limited.problems).toMatchObject([
      {
        code: 'unsupported_by_backend',
        param: 'session.delegation.responses.max_output_tokens',
      },
    ]);
  });
});

describe('settings of Responses delegation in a session that runs', () => {
  it('change: tools, their choice, and a limit that is taken back', async () => {
    const room = await LiveRoom.open(delegation({ max_output_tokens: 99 }), able);
    await room.send(update({ tools: [look], tool_choice: 'required', max_output_tokens: null }));
    expect(room.problems).toEqual([]);
    expect(room.of('session.updated')).toMatchObject([
      {
        client_event_id: 'u',
        session: {
          delegation: {
            responses: { model: 'desk', tool_choice: 'required', max_output_tokens: null },
          },
        },
      },
    ]);
    expect(room.harness.call.settings).toMatchObject({
      tools: [{ name: 'look' }],
      toolChoice: { mode: 'required' },
      maxOutputTokens: 'inf',
    });
    await room.end();
  });

  it.each([
    ['instructions', { instructions: 'Other.' }],
    ['model', { model: 'another' }],
    ['reasoning', { reasoning: { effort: 'low' } }],
  ])('stay: %s', async (name, settings) => {
    const room = await LiveRoom.open(delegation({}), able);
    await room.send(update(settings));
    expect(room.problems).toMatchObject([
      { code: 'unsupported_by_backend', param: `session.delegation.responses.${name}` },
    ]);
    expect(room.of('session.updated')).toEqual([]);
    await room.end();
  });

  it('cannot become another kind of delegation, nor none', async () => {
    const room = await LiveRoom.open(delegation({}), able);
    for (const wish of [null, { type: 'client' }, { type: 'decisions', decisions: {} }]) {
      await room.send({ type: 'session.update', session: { delegation: wish } });
    }
    const problem = { code: 'immutable_field_update', param: 'session.delegation.type' };
    expect(room.problems).toMatchObject([problem, problem, problem]);
    await room.end();
  });

  it('takes words as items, and no pictures', async () => {
    const room = await LiveRoom.open(delegation({}), able);
    const content = [{ type: 'input_image', image_url: 'data:image/png;base64,' }];
    const item = { type: 'message', role: 'user', content };
    await room.send({ type: 'response.item.create', item });
    const output = { type: 'function_call_output', call_id: 'none', output: '1' };
    await room.send({ type: 'response.item.create', item: output });
    expect(room.problems).toMatchObject([
      { code: 'unsupported_by_backend', param: 'item.content[0].type' },
      { code: 'tool_call_not_found', param: 'item.call_id' },
    ]);
    await room.end();
  });
});

describe('acknowledgement_delay_ms', () => {
  it.each([
    ['to the app', able, { type: 'client', acknowledgement_delay_ms: 700 }, 700, false],
    [
      'to the app, of a model that sees to it itself',
      duplexCapabilities,
      { type: 'client', acknowledgement_delay_ms: 700 },
      0,
      true,
    ],
    [
      'to Responses',
      able,
      { ...delegation({}).delegation, acknowledgement_delay_ms: 700 },
      undefined,
      true,
    ],
  ] as const)('%s is shown as it holds', async (_what, capabilities, asked, shownMs, told) => {
    const room = await LiveRoom.open({ delegation: asked }, capabilities);
    const shown = (type: string): unknown =>
      (room.of(type)[0]!['session'] as { delegation: Record<string, unknown> }).delegation[
        'acknowledgement_delay_ms'
      ];
    expect(shown('session.started')).toBe(shownMs);
    const codes = room.of('info').map(({ code }) => code);
    expect(codes.includes('acknowledgement_substituted')).toBe(told);
    await room.send({ type: 'session.update', session: { delegation: { type: asked.type } } });
    expect(shown('session.updated')).toBe(shownMs);
    await room.end();
  });
});
