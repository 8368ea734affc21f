import { expect, test } from 'vitest';
import { readConfig } from '../../../src/server/config.ts';
import { takeable } from '../../../src/server/in-force.ts';

const sources = {
  env: {},
  backendSchemas: {},
  readFile: () => '',
};

function read(config: object): ReturnType<typeof readConfig> {
  return readConfig(JSON.stringify(config), sources);
}

function problems(config: object): readonly string[] {
  const result = read(config);
  return result.ok ? [] : result.problems.map(({ message }) => message);
}

test('nothing is recorded, stored or told unless it is said', () => {
  const result = read({});
  if (!result.ok) throw new Error('not sound');
  expect(result.config.keeping).toMatchObject({
    store: null,
    webhooks: [],
    recordings: { retentionDays: null, minFreeMiB: 1_024 },
  });
  expect(result.config.directory.agents.some(({ recording }) => recording !== undefined)).toBe(
    false,
  );
});

test('recording needs a consent that somebody can give', () => {
  const agent = { backends: ['parrot'] };
  expect(problems({ agents: { a: { ...agent, recording: {} } } }).join()).toMatch(/consent/);
  expect(problems({ agents: { a: { ...agent, recording: { consent: 'none' } } } })).toHaveLength(1);
  const result = read({ agents: { a: { ...agent, recording: { consent: 'client' } } } });
  if (!result.ok) throw new Error('not sound');
  const [a] = result.config.directory.agents;
  expect(a?.recording).toEqual({ consent: 'client', replay: true, limitMs: 14_400_000 });
});

test('says what is wrong with stores, buckets and webhooks', () => {
  expect(problems({ store: { type: 'mysql' } })).toHaveLength(1);
  expect(problems({ store: { type: 'postgres' } }).join()).toMatch(/urlEnv/);
  const s3 = { endpoint: 'ftp://x', bucket: 'b', accessKeyIdEnv: 'A', secretAccessKeyEnv: 'B' };
  expect(problems({ recordings: { s3 } }).join()).toMatch(/http/);
  const kept = { s3: { ...s3, endpoint: 'https://x' }, retentionDays: 3 };
  expect(problems({ recordings: kept }).join()).toMatch(/lifecycle/);
  const hook = { name: 'crm', url: 'https://x/y', secretEnv: 'S' };
  const found = problems({ webhooks: [hook, { ...hook, agents: ['nobody'] }] });
  expect(found.join(' ')).toMatch(/already called "crm".*No agent is called "nobody"/);
});

test('what is kept where needs a restart', () => {
  const [one, other] = [read({}), read({ store: { type: 'memory' } })];
  if (!one.ok || !other.ok) throw new Error('not sound');
  const { restart, config } = takeable(other.config, one.config);
  expect(restart).toEqual(['store, recordings, webhooks']);
  expect(config.keeping).toEqual(one.config.keeping);
});
