import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { readConfig, type ConfigSources, type GatewayConfig } from '../../../src/server/config.ts';
import { problemText } from '../../../src/server/problems.ts';

const backendSchemas = {
  onnx: z.strictObject({ package: z.string().min(1) }),
  rehearsal: z.object({ seed: z.int().min(0).optional() }),
};

function sources(over: Partial<ConfigSources> = {}): ConfigSources {
  return {
    env: { PARLEY_KEY: 'k-1', OTHER_KEY: 'k-2', EMPTY: ' ' },
    readFile: (path) => {
      if (path === 'key.txt') return 'k-file\n';
      if (path === 'cert.pem') return '-----BEGIN CERTIFICATE-----';
      if (path === 'key.pem') return '-----BEGIN PRIVATE KEY-----';
      if (path === 'empty.txt') return '\n';
      throw Object.assign(new Error('nothing there'), { code: 'ENOENT' });
    },
    backendSchemas,
    ...over,
  };
}

function good(text: string, over: Partial<ConfigSources> = {}): GatewayConfig {
  const result = readConfig(text, sources(over));
  if (!result.ok) throw new Error(result.problems.map((it) => problemText('t', it)).join('\n'));
  return result.config;
}

function bad(text: string, over: Partial<ConfigSources> = {}): readonly string[] {
  const result = readConfig(text, sources(over));
  return result.ok ? [] : result.problems.map((problem) => problemText('t', problem));
}

describe('an empty configuration', () => {
  test.each([[''], ['# nothing\n'], ['{}'], ['agents: {}']])('%j is the built-in one', (text) => {
    const config = good(text);
    expect(config.server).toEqual({
      host: '127.0.0.1',
      port: 8787,
      tls: null,
      allowedOrigins: [],
      maxCalls: 500,
      drainMs: 60_000,
      sessionCapMs: 3_600_000,
      idleTimeoutMs: 1_800_000,
      faultInjection: false,
    });
    expect(config.keys).toEqual([]);
    expect(config.backends).toEqual([
      { name: 'barista', type: 'onnx', options: { package: 'barista' } },
      { name: 'parrot', type: 'onnx', options: { package: 'parrot' } },
      { name: 'rehearsal', type: 'rehearsal', options: {} },
    ]);
    const names = config.directory.agents.map(({ name }) => name);
    expect([config.directory.defaultAgent, ...names]).toEqual([
      'barista',
      'barista',
      'parrot',
      'rehearsal',
    ]);
    expect(config.directory.agents[0]?.aliases).toContain('gpt-realtime-2.1');
    expect(config.directory.agents[1]?.aliases).toEqual([]);
  });
});

describe('a configuration', () => {
  test('is read with everything filled in', () => {
    const config = good(`
server: { host: 0.0.0.0, port: 0, tls: { certFile: cert.pem, keyFile: key.pem }, defaultAgent: desk }
auth: { keys: [ { id: app, keyEnv: PARLEY_KEY, agents: [desk], maxCalls: 5 }, { id: ops, keyFile: key.txt } ] }
backends: { mine: { type: onnx, package: ./here } }
agents:
  desk:
    instructions: Be brief.
    backends: [mine, rehearsal]
    turns: { profile: patient, threshold: 0.4 }
    aliases: [gpt-realtime-2.1]
    playoutLeadMs: 40
`);
    expect(config.server).toMatchObject({
      host: '0.0.0.0',
      port: 0,
      tls: { cert: '-----BEGIN CERTIFICATE-----', key: '-----BEGIN PRIVATE KEY-----' },
    });
    expect(config.keys).toEqual([
      { id: 'app', secret: 'k-1', agents: ['desk'], maxCalls: 5 },
      { id: 'ops', secret: 'k-file', agents: ['*'], maxCalls: null },
    ]);
    expect(config.directory.agents.find(({ name }) => name === 'desk')).toEqual({
      name: 'desk',
      instructions: 'Be brief.',
      voice: null,
      backends: ['mine', 'rehearsal'],
      aliases: ['gpt-realtime-2.1'],
      turns: {
        authority: 'auto',
        detection: {
          kind: 'server_vad',
          threshold: 0.4,
          prefixPaddingMs: 300,
          silenceDurationMs: 900,
          createResponse: true,
          interruptResponse: true,
          idleTimeoutMs: null,
        },
        manner: { fillers: false, minResponseDelayMs: 0, echo: 'guard' },
      },
      tools: [],
      playoutLeadMs: 40,
    });
    expect(config.backends.map(({ name }) => name)).toEqual([
      'mine',
      'barista',
      'parrot',
      'rehearsal',
    ]);
  });

  test.each([
    ['fast', 'high'],
    ['balanced', 'auto'],
    ['patient', 'low'],
  ] as const)('profile %s judges ends of turns with eagerness %s', (profile, eagerness) => {
    const { agents } = good(
      `agents: { a: { backends: [parrot], turns: { profile: ${profile} } } }`,
    ).directory;
    expect(agents[0]?.turns.detection).toEqual({
      kind: 'semantic_vad',
      eagerness,
      createResponse: true,
      interruptResponse: true,
    });
  });

  test('a single value of the silence timer makes it one, with the profile for the rest', () => {
    const { agents } = good(
      'agents: { a: { backends: [parrot], turns: { profile: fast, threshold: 0.7 } } }',
    ).directory;
    expect(agents[0]?.turns.detection).toMatchObject({
      kind: 'server_vad',
      threshold: 0.7,
      silenceDurationMs: 300,
    });
    const timed = good(
      'agents: { a: { backends: [parrot], turns: { profile: fast, silenceDurationMs: 700 } } }',
    ).directory;
    expect(timed.agents[0]?.turns.detection).toMatchObject({ silenceDurationMs: 700 });
  });

  test('the manner of an agent is what it says, and the usual one else', () => {
    const { agents } = good(
      'agents: { a: { backends: [parrot], turns: { minResponseDelayMs: 400, echo: half-duplex } } }',
    ).directory;
    expect(agents[0]?.turns.manner).toEqual({
      fillers: false,
      minResponseDelayMs: 400,
      echo: 'half-duplex',
    });
  });

  test('an agent of a built-in name takes its place, and so does a backend', () => {
    const config = good(`
backends: { parrot: { type: rehearsal } }
agents: { rehearsal: { backends: [parrot], instructions: Mine. } }
`);
    const names = config.directory.agents.map(({ name }) => name);
    expect(names).toEqual(['rehearsal', 'barista', 'parrot']);
    expect(config.directory.agents[0]?.instructions).toBe('Mine.');
    expect(config.backends).toEqual([
      { name: 'parrot', type: 'rehearsal', options: {} },
      { name: 'barista', type: 'onnx', options: { package: 'barista' } },
    ]);
  });

  test('the stock names go to barista only while it is the default, and only if nobody claims them', () => {
    const claimed = good('agents: { a: { backends: [parrot], aliases: [gpt-realtime] } }');
    const barista = claimed.directory.agents.find(({ name }) => name === 'barista');
    expect(barista?.aliases).toContain('gpt-realtime-2.1');
    expect(barista?.aliases).not.toContain('gpt-realtime');
    const other = good('server: { defaultAgent: a }\nagents: { a: { backends: [parrot] } }');
    expect(other.directory.agents.every(({ aliases }) => aliases.length === 0)).toBe(true);
  });

  test('backends by rule are an order, and rules with everything filled in', () => {
    const { agents } = good(`
auth: { keys: [ { id: vip, keyEnv: PARLEY_KEY } ] }
backends: { b: { type: rehearsal }, c: { type: rehearsal } }
agents:
  a:
    backends:
      order: [parrot]
      rules:
        - { when: { keys: [vip], languages: [de, pt-BR] }, use: [b, c] }
        - { name: night, when: { time: { from: "22:00", to: "06:30", zone: Europe/Berlin, days: [fri, sat] } }, use: [c] }
        - { name: trial, split: [ { name: x, use: [b] }, { name: y, weight: 2.5, use: [c] } ] }
  plain: { backends: { order: [b] } }
`).directory;
    expect(agents[0]?.backends).toEqual(['parrot']);
    expect(agents[0]?.rules).toEqual([
      {
        name: 'rule-1',
        when: { keys: ['vip'], languages: ['de', 'pt-BR'] },
        arms: [{ name: 'rule-1', weight: 1, backends: ['b', 'c'] }],
      },
      {
        name: 'night',
        when: { time: { fromMinute: 1320, toMinute: 390, zone: 'Europe/Berlin', days: [5, 6] } },
        arms: [{ name: 'night', weight: 1, backends: ['c'] }],
      },
      {
        name: 'trial',
        when: {},
        arms: [
          { name: 'x', weight: 1, backends: ['b'] },
          { name: 'y', weight: 2.5, backends: ['c'] },
        ],
      },
    ]);
    expect(agents[1]).not.toHaveProperty('rules');
  });

  test('a built-in backend that only a rule names is there', () => {
    const config = good(
      'agents: { parrot: { backends: { order: [rehearsal], rules: [ { use: [parrot] } ] } } }',
    );
    expect(config.backends.map(({ name }) => name)).toEqual(['barista', 'parrot', 'rehearsal']);
  });

  test.each([
    ['{}', { instructionChars: 100_000, voices: 'any', tools: 128, turns: true }],
    [
      '{ instructions: false, voice: false, tools: false, turns: false }',
      { instructionChars: 0, voices: 'none', tools: 0, turns: false },
    ],
    [
      '{ instructions: 500, voice: [ash], tools: 3 }',
      { instructionChars: 500, voices: ['ash'], tools: 3, turns: true },
    ],
  ])('allow %s', (allow, meant) => {
    const { agents } = good(`agents: { a: { backends: [parrot], allow: ${allow} } }`).directory;
    expect(agents[0]?.allow).toEqual(meant);
  });

  test('the command line wins over the file', () => {
    const config = good('server: { host: 127.0.0.1, port: 1 }', {
      overrides: { host: '::1', port: 9 },
    });
    expect(config.server).toMatchObject({ host: '::1', port: 9 });
  });
});

describe('problems', () => {
  test('all of them are found at once, in the order of the text, with line and column', () => {
    expect(
      bad(`server:
  prot: 8787
  port: lots
backends:
  b: { type: onyx }
  c: { type: onnx, pakage: x }
agents:
  desk:
    backends: []
    playoutLeadMs: 5
    turns: { profile: quick }
  bar: { backends: [d] }
auth: { keys: [ { id: a, keyEnv: NOPE, agents: [desk, pub] } ] }
`),
    ).toEqual([
      't:2:3 server.prot: "prot" is not known here. Did you mean "port"?',
      't:3:9 server.port must be a number.',
      't:5:14 backends.b.type: There is no backend type "onyx". Did you mean "onnx"?',
      't:6:6 backends.c.package is missing: it must be text.',
      't:6:20 backends.c.pakage: "pakage" is not known here. Did you mean "package"?',
      't:9:15 agents.desk.backends must have at least one entry.',
      't:10:20 agents.desk.playoutLeadMs must be at least 40.',
      't:11:23 agents.desk.turns.profile must be one of fast, balanced, patient.',
      't:12:21 agents.bar.backends[0]: No backend is called "d". There are: b, c, barista, parrot, rehearsal.',
      't:13:34 auth.keys[0].keyEnv: The environment variable NOPE is not set.',
      't:13:55 auth.keys[0].agents[1]: No agent is called "pub".',
    ]);
  });

  test.each([
    [
      'agents: { a: { backends: [parot] } }',
      't:1:27 agents.a.backends[0]: No backend is called "parot". Did you mean "parrot"?',
    ],
    [
      'agents: { a: { backends: [parrot, parrot] } }',
      't:1:35 agents.a.backends[1]: "parrot" is listed twice.',
    ],
    [
      'agents: { a: { backends: [parrot], tools: [ { name: "x y" } ] } }',
      't:1:53 agents.a.tools[0].name must be 1 to 64 letters, digits',
    ],
    [
      'agents: { "a b": { backends: [parrot] } }',
      't:1:11 agents.a b: The name "a b" must be 1 to 64 letters',
    ],
    [
      'agents: { a: { backends: [parrot], aliases: [b] }, b: { backends: [parrot] } }',
      't:1:46 agents.a.aliases[0]: "b" already leads to the agent b.',
    ],
    [
      'server: { defaultAgent: parot }',
      't:1:25 server.defaultAgent: No agent is called "parot". Did you mean "parrot"?',
    ],
    [
      'server: { host: 0.0.0.0 }',
      't:1:17 server.host: Without auth.keys only this machine is served',
    ],
    [
      'server: { tls: { certFile: nope.pem, keyFile: key.pem } }',
      't:1:28 server.tls.certFile: The file nope.pem cannot be read (ENOENT).',
    ],
    [
      'server: { tls: { certFile: cert.pem, keyFile: key.txt } }',
      't:1:47 server.tls.keyFile: The file holds no PEM text.',
    ],
    ['auth: { keys: [ { id: a } ] }', 't:1:17 auth.keys[0]: A key needs either keyEnv or keyFile.'],
    [
      'auth: { keys: [ { id: a, keyEnv: NOPE } ] }',
      't:1:34 auth.keys[0].keyEnv: The environment variable NOPE is not set.',
    ],
    [
      'auth: { keys: [ { id: a, keyEnv: EMPTY } ] }',
      't:1:34 auth.keys[0].keyEnv: EMPTY must hold one key',
    ],
    [
      'auth: { keys: [ { id: a, keyFile: empty.txt } ] }',
      't:1:35 auth.keys[0].keyFile: empty.txt must hold one key',
    ],
    [
      'auth: { keys: [ { id: a, key: hunter2 } ] }',
      't:1:26 auth.keys[0].key: "key" would put a secret into the file.',
    ],
    [
      'auth: { keys: [ { id: a, keyEnv: PARLEY_KEY, agents: [desk] } ] }',
      't:1:55 auth.keys[0].agents[0]: No agent is called "desk".',
    ],
    [
      'auth: { keys: [ { id: a, keyEnv: PARLEY_KEY }, { id: a, keyEnv: OTHER_KEY } ] }',
      't:1:54 auth.keys[1].id: Another key is already called "a".',
    ],
    [
      'auth: { keys: [ { id: a, keyEnv: PARLEY_KEY }, { id: b, keyEnv: PARLEY_KEY } ] }',
      't:1:48 auth.keys[1]: This is the same key as one before it.',
    ],
    [
      'backends: { b: { type: rehearsal, seed: -1 } }',
      't:1:41 backends.b.seed must be at least 0.',
    ],
    [
      'backends: { b: { type: rehearsal, sed: 1 } }',
      't:1:35 backends.b.sed: "sed" is not known here. Did you mean "seed"?',
    ],
    [
      'agents: { a: { backends: { order: [parrot], rules: [ { use: [parot] } ] } } }',
      't:1:62 agents.a.backends.rules[0].use[0]: No backend is called "parot". Did you mean "parrot"?',
    ],
    [
      'agents: { a: { backends: { ordr: [parrot], order: [parrot] } } }',
      't:1:28 agents.a.backends.ordr: "ordr" is not known here. Did you mean "order"?',
    ],
    [
      'agents: { a: { backends: parrot } }',
      't:1:26 agents.a.backends must be a list of backends, or a group with order and rules.',
    ],
    [
      'agents: { a: { backends: { order: [parrot], rules: [ { when: {} } ] } } }',
      't:1:54 agents.a.backends.rules[0]: A rule needs either use or split.',
    ],
    [
      'agents: { a: { backends: { order: [parrot], rules: [ { split: [ { name: a, use: [parrot] }, { name: b, use: [parrot] } ] } ] } } }',
      't:1:54 agents.a.backends.rules[0]: A rule with split needs a name',
    ],
    [
      'agents: { a: { backends: { order: [parrot], rules: [ { name: r, split: [ { name: a, use: [parrot] }, { name: a, use: [parrot] } ] } ] } } }',
      't:1:110 agents.a.backends.rules[0].split[1].name: Another arm is called a.',
    ],
    [
      'agents: { a: { backends: { order: [parrot], rules: [ { when: { keys: [x] }, use: [parrot] } ] } } }',
      't:1:71 agents.a.backends.rules[0].when.keys[0]: No key is called "x".',
    ],
    [
      'agents: { a: { backends: { order: [parrot], rules: [ { when: { time: { from: "24:00", zone: UTC } }, use: [parrot] } ] } } }',
      't:1:78 agents.a.backends.rules[0].when.time.from must be a time of day such as "08:30".',
    ],
    [
      'agents: { a: { backends: { order: [parrot], rules: [ { when: { time: { zone: Mars } }, use: [parrot] } ] } } }',
      't:1:78 agents.a.backends.rules[0].when.time.zone must be a time zone such as Europe/Berlin or UTC.',
    ],
    [
      'agents: { a: { backends: [parrot], allow: { tools: -1 } } }',
      't:1:52 agents.a.allow.tools must be at least 1.',
    ],
    [
      'agents: { a: { backends: [parrot], allow: { voice: [] } } }',
      't:1:52 agents.a.allow.voice must have at least one entry.',
    ],
    ['server: { port: 1 }\nserver: { port: 2 }', 't:2:1 Map keys must be unique.'],
    ['server: [1', 't:1:11 Flow sequence in block collection'],
    ['just text', 't:1:1 The configuration must be a group of settings.'],
  ])('%s', (text, problem) => {
    const problems = bad(text);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
  });

  test('never show a secret', () => {
    const text =
      'auth: { keys: [ { id: a, key: hunter2, keyEnv: PARLEY_KEY, keyFile: key.txt } ] }';
    expect(bad(text).join('\n')).not.toMatch(/hunter2|k-1|k-file/);
  });

  test('an alias bomb is refused', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let level = 1; level < 9; level += 1) {
      const below = Array.from({ length: 10 }, () => `*a${level - 1}`).join(', ');
      lines.push(`a${level}: &a${level} [${below}]`);
    }
    expect(bad(lines.join('\n'))).toHaveLength(1);
  });
});
