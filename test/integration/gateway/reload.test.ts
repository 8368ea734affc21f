import { afterEach, describe, expect, test, vi } from 'vitest';
import { silentLogger, type Logger } from '../../../src/ports/log.ts';
import { open, refused } from '../../support/raw-socket.ts';
import { ReloadRig, rigConfig } from '../../support/reload-rig.ts';

let rig: ReloadRig;

afterEach(() => rig.gateway.closeNow());

const desk = (backend: string, more = ''): string => `
backends: { one: { type: rehearsal, seed: 1 }, two: { type: rehearsal, seed: 2${more} } }
agents: { desk: { backends: [${backend}] } }
`;

async function call(query = '?model=desk') {
  const opened = await open(rig.wsUrl + query);
  const created = await opened.socket.next(({ type }) => type === 'session.created');
  return { ...opened, created, id: String(opened.headers['parley-call-id']) };
}

async function backendOfCall(id: string): Promise<string> {
  const record = (await rig.get(`/api/calls/${id}`)) as { backend: string };
  return record.backend;
}

async function backends(): Promise<readonly Record<string, unknown>[]> {
  return ((await rig.get('/api/backends')) as { backends: Record<string, unknown>[] }).backends;
}

describe('an edit', () => {
  test('is in force for new calls, and running ones keep agent and backend', async () => {
    rig = await ReloadRig.open(desk('one'));
    const before = await call();
    expect(await rig.edit(desk('two'))).toBe('applied');
    const after = await call();
    await vi.waitFor(async () => {
      expect(await backendOfCall(before.id)).toBe('one');
      expect(await backendOfCall(after.id)).toBe('two');
    });
    before.socket.send('{"type":"session.update","session":{"type":"realtime"}}');
    await before.socket.next(({ type }) => type === 'session.updated');
    expect(await rig.metric('parley_config_generation')).toBe(2);
  });

  test('that leaves a backend as it is keeps it warm; others come, and go with their last call', async () => {
    rig = await ReloadRig.open(desk('two, one'));
    const { socket } = await call();
    await rig.edit(desk('two, one', ', ready: true'));
    // A default that is written out is no other option, and the built-in three stay as well.
    expect(rig.made).toHaveLength(5);
    await rig.edit(desk('two').replace('seed: 2', 'seed: 3'));
    expect(rig.made).toHaveLength(6);
    expect(rig.alive.filter((name) => name === 'two')).toHaveLength(2);
    expect(await rig.metric('parley_backends_leaving')).toBe(1);
    expect(await backends()).toContainEqual(
      expect.objectContaining({
        name: 'two',
        leaving: true,
        generation: 1,
        calls: { held: 1, answering: 1 },
      }),
    );
    socket.close();
    await socket.closed;
    await vi.waitFor(() => expect(rig.alive.filter((name) => name === 'two')).toHaveLength(1));
    expect(rig.made.find(({ options }) => options.seed === 1)?.closes).toBe(0);
    expect(rig.made.find(({ options }) => options.seed === 2)?.closes).toBe(1);
    expect(await rig.metric('parley_backends_leaving')).toBe(0);
  });

  test('that takes another back finds its backend still there', async () => {
    rig = await ReloadRig.open(desk('one'));
    await call();
    await rig.edit(desk('one').replace('seed: 1', 'seed: 9'));
    await rig.edit(desk('one'));
    expect(rig.made.filter(({ options }) => options.seed === 1)).toHaveLength(1);
    expect(rig.made.find(({ options }) => options.seed === 9)?.closes).toBe(1);
  });

  test('waits for its new backends, and calls go on under the old one until then', async () => {
    rig = await ReloadRig.open(desk('one'));
    const edit = rig.edit(desk('two', ', held: true'));
    const { id } = await call();
    await vi.waitFor(async () => expect(await backendOfCall(id)).toBe('one'));
    expect(await rig.metric('parley_config_generation')).toBe(1);
    rig.made.find(({ options }) => options.held)?.let();
    expect(await edit).toBe('applied');
    const after = await call();
    await vi.waitFor(async () => expect(await backendOfCall(after.id)).toBe('two'));
  });

  test('whose backends take too long is in force after 30 s, and says that it is not ready', async () => {
    rig = await ReloadRig.open(desk('one'));
    const edit = rig.edit(desk('two', ', held: true'));
    rig.clock.advance(30_000);
    expect(await edit).toBe('applied');
    expect(await rig.get('/readyz')).toMatchObject({
      status: 'not_ready',
      reasons: ['The backend two is being prepared.'],
    });
    expect(await refused(`${rig.wsUrl}?model=desk`)).toMatchObject({ status: 503 });
  });

  test('overtakes one that still waits, whose backends are closed', async () => {
    rig = await ReloadRig.open(desk('one'));
    const slow = rig.edit(desk('two', ', held: true'));
    expect(await rig.edit(desk('one').replace('seed: 2', 'seed: 4'))).toBe('applied');
    expect(await slow).toBe('overtaken');
    expect(rig.made.find(({ options }) => options.held)?.closes).toBe(1);
  });

  test('changes limits, aliases, keys and the default agent for new calls', async () => {
    rig = await ReloadRig.open(desk('one'));
    await call();
    const text = `
server: { maxCalls: 1, defaultAgent: desk }
auth: { keys: [ { id: app, keyEnv: APP } ] }
${desk('one')}`.replace('backends: [one]', 'backends: [one], aliases: [front]');
    expect(await rig.edit(text, { APP: 'secret' })).toBe('applied');
    expect(await refused(rig.wsUrl)).toMatchObject({ status: 401 });
    const headers = { authorization: 'Bearer secret' };
    expect(await refused(`${rig.wsUrl}?model=front`, [], { headers })).toMatchObject({
      status: 503,
      body: { error: { code: 'server_full' } },
    });
    expect(await refused(`${rig.wsUrl}?model=nobody`, [], { headers })).toMatchObject({
      status: 404,
    });
  });

  test('of the address is named as one that needs a restart, and the rest is in force', async () => {
    rig = await ReloadRig.open(desk('one'));
    const wanted = rigConfig(`server: { port: 9, maxCalls: 7 }\n${desk('one')}`, {}, null);
    if (!wanted.ok) throw new Error('it is sound');
    await rig.gateway.reload(wanted.config);
    expect(await rig.get('/readyz')).toEqual({
      status: 'ready',
      reasons: [],
      configuration: { needsRestart: ['server.port'] },
    });
    expect(await rig.metric('parley_calls_limit')).toBe(7);
    expect(await rig.metric('parley_config_restart_settings')).toBe(1);
    await rig.edit(desk('one'));
    expect(await rig.get('/readyz')).toEqual({ status: 'ready', reasons: [] });
  });

  test('that wants echo cancelled has the canceller made, once, and closed at the end', async () => {
    rig = await ReloadRig.open(desk('one'));
    expect(rig.canceller.made).toBe(0);
    const echo = desk('one').replace('[one]', '[one], turns: { echo: aec3 }');
    await rig.edit(echo);
    await rig.edit(desk('two'));
    await rig.edit(echo);
    expect(rig.canceller).toEqual({ made: 1, closed: 0 });
    await rig.gateway.closeNow();
    expect(rig.canceller).toEqual({ made: 1, closed: 1 });
    expect(rig.alive).toEqual([]);
  });
});

describe('a broken edit', () => {
  test('changes nothing, and is shown and logged with line and column until it is mended', async () => {
    const logged: unknown[] = [];
    const log: Logger = {
      ...silentLogger,
      error: (event, fields) => logged.push([event, fields]),
    };
    rig = await ReloadRig.open(desk('one'), { log });
    const before = rig.gateway.describe();
    expect(await rig.edit(desk('onne').replace('seed: 2', 'sed: 2'))).toBe('refused');
    const problems = [
      'parley.yaml:2:72 backends.two.sed: "sed" is not known here. Did you mean "seed"?',
      'parley.yaml:3:30 agents.desk.backends[0]: No backend is called "onne". Did you mean "one"?',
    ];
    const answer = await fetch(`${rig.gateway.url}/readyz`);
    expect([answer.status, await answer.json()]).toEqual([
      200,
      { status: 'ready', reasons: [], configuration: { problems } },
    ]);
    expect(logged).toEqual([
      ...problems.map((problem) => ['config.problem', { problem }]),
      ['config.refused', { problems: 2 }],
    ]);
    expect(await rig.metric('parley_config_problems')).toBe(2);
    expect(rig.gateway.describe()).toEqual(before);
    await call();
    // What was in force before is still the file's: it is sound again.
    expect(await rig.edit(desk('one'))).toBe('unchanged');
    expect(await rig.get('/readyz')).toEqual({ status: 'ready', reasons: [] });
  });

  test('stays shown when the sound one before it is only then in force', async () => {
    rig = await ReloadRig.open(desk('one'));
    const sound = rig.edit(desk('two', ', held: true'));
    expect(await rig.edit('agents: 1')).toBe('refused');
    rig.made.find(({ options }) => options.held)?.let();
    expect(await sound).toBe('applied');
    expect(await rig.get('/readyz')).toMatchObject({
      configuration: { problems: [expect.stringContaining('agents')] },
    });
  });
});

test('no answer shows a key, and /api shows a key what its agents are', async () => {
  rig = await ReloadRig.open(desk('one'));
  const env = { APP: 'sk-planted-app', OPS: 'sk-planted-ops' };
  const keys = `
auth: { keys: [ { id: app, keyEnv: APP, agents: [desk] }, { id: ops, keyEnv: OPS } ] }
${desk('one')}`.replace(
    '[one]',
    '{ order: [one], rules: [ { when: { keys: [ops] }, use: [two] } ] }, instructions: The code is 4711., allow: { tools: 2, voice: false }',
  );
  await rig.edit(keys, env);
  await rig.edit(`${keys}nonsense: sk-planted-ops`, env);
  const get = async (path: string, key: string): Promise<string> => {
    const headers = { authorization: `Bearer ${key}` };
    return await (await fetch(rig.gateway.url + path, { headers })).text();
  };
  const paths = ['/readyz', '/metrics', '/', '/api/agents', '/api/backends', '/api/calls'];
  const shown = await Promise.all(
    Object.values(env).flatMap((key) => paths.map((path) => get(path, key))),
  );
  expect(shown.join('\n')).not.toMatch(/sk-planted|4711/);
  expect(JSON.parse(await get('/api/agents', env.APP))).toMatchObject({
    generation: 2,
    agents: [
      {
        name: 'desk',
        default: false,
        backends: ['one'],
        rules: [{ name: 'rule-1', arms: [{ backends: ['two'] }] }],
        capabilities: { one: { cancel: true }, two: { cancel: true } },
        turns: { profile: 'balanced' },
        allow: { instructions: 100_000, voice: false, tools: 2, turns: true },
      },
    ],
  });
  const { backends: usable } = JSON.parse(await get('/api/backends', env.APP)) as {
    backends: { name: string }[];
  };
  expect(usable.map(({ name }) => name)).toEqual(['one', 'two']);
});

describe('rules', () => {
  test('choose by key, language and subject, and the log tells', async () => {
    rig = await ReloadRig.open(`
backends: { one: { type: rehearsal, seed: 1 }, two: { type: rehearsal, seed: 2 } }
agents:
  desk:
    backends:
      order: [one]
      rules:
        - { name: german, when: { languages: [de] }, use: [two] }
        - name: trial
          when: { languages: [en] }
          split: [ { name: a, use: [one] }, { name: b, use: [two, one] } ]
`);
    const german = await call('?model=desk&language=de-AT');
    await vi.waitFor(async () => expect(await backendOfCall(german.id)).toBe('two'));
    const record = (await rig.get(`/api/calls/${german.id}`)) as { events: { type: string }[] };
    expect(record.events[0]).toMatchObject({
      type: 'call.opened',
      route: { rule: 'german', arm: null, backends: ['two'] },
    });
    const arms = new Map<string, Set<unknown>>();
    for (const subject of ['anna', 'ben', 'anna', 'ben', 'cleo', 'dora', 'eli', 'anna']) {
      const { id, socket } = await call(`?model=desk&language=en&parley-subject=${subject}`);
      const { events } = (await rig.get(`/api/calls/${id}`)) as {
        events: { route?: { arm: string } }[];
      };
      arms.set(subject, (arms.get(subject) ?? new Set()).add(events[0]?.route?.arm));
      socket.close();
      await socket.closed;
    }
    expect([...arms.values()].every((seen) => seen.size === 1)).toBe(true);
    const none = await call();
    await vi.waitFor(async () => expect(await backendOfCall(none.id)).toBe('one'));
  });

  test('what cannot be chosen by is refused by name', async () => {
    rig = await ReloadRig.open(desk('one'));
    expect(await refused(`${rig.wsUrl}?model=desk&language=${'x'.repeat(99)}`)).toMatchObject({
      status: 400,
      body: { error: { param: 'language' } },
    });
    const subject = 's'.repeat(257);
    expect(await refused(`${rig.wsUrl}?model=desk&parley-subject=${subject}`)).toMatchObject({
      status: 400,
      body: { error: { param: 'parley-subject' } },
    });
  });
});
