import { describe, expect, it } from 'vitest';
import { hydraBackend, hydraOptions } from '../../../../../adapters/backends/hydra/index.ts';
import type { BackendPort } from '../../../../../src/ports/backend.ts';

const make = (options: object, env: Record<string, string> = {}): BackendPort =>
  hydraBackend('hydra', hydraOptions.parse(options), {
    env,
    readText: () => Promise.resolve('from-file\n'),
  });

describe('hydra, options', () => {
  it('needs none', () => {
    expect(hydraOptions.parse({})).toEqual({
      model: 'hydra-v1.1',
      url: 'wss://api.smallest.ai/waves/v1/s2s',
      connectTimeoutMs: 8000,
      toolSettleMs: 200,
    });
  });

  it.each([
    { url: 'https://api.smallest.ai' },
    { url: 'wss://user:word@host/' },
    { url: 'wss://host/?api_key=abc' },
    { apiKey: 'abc' },
    { connectTimeoutMs: 10 },
    { toolSettleMs: -1 },
    { model: '' },
  ])('refuses %j', (options) => {
    expect(hydraOptions.safeParse(options).success).toBe(false);
  });

  it('knows the voices of hydra-v1.1, the wanted one first', () => {
    const names = ['zoe', 'maya', 'elena', 'ivy', 'grace', 'alex', 'aria', 'leo', 'sam', 'kai'];
    expect(make({}).capabilities.voices).toEqual(names);
    expect(make({ voice: 'leo' }).capabilities.voices).toEqual([
      'leo',
      ...names.filter((name) => name !== 'leo'),
    ]);
  });

  it('takes any voice where the names are not known, and refuses one that is not there', () => {
    expect(make({ model: 'hydra-v1.0', voice: 'sterling' }).capabilities.voices).toBe('any');
    expect(() => make({ voice: 'marin' })).toThrow('hydra-v1.1 has no voice marin');
  });

  it('follows the reference to its key when it is prepared', async () => {
    const { signal } = new AbortController();
    await make({}).prepare(signal);
    await make({ apiKeyEnv: 'K' }, { K: 'k' }).prepare(signal);
    await make({ apiKeyFile: 'k.txt' }).prepare(signal);
    await expect(make({ apiKeyEnv: 'K' }).prepare(signal)).rejects.toMatchObject({
      code: 'model_unavailable',
      message: 'the environment variable K is not set',
    });
    await expect(make({ apiKeyEnv: 'K' }, { K: 'a b' }).prepare(signal)).rejects.toMatchObject({
      message: 'K must hold one key and nothing else',
    });
    await expect(make({ apiKeyEnv: 'K', apiKeyFile: 'k' }).prepare(signal)).rejects.toMatchObject({
      message: 'apiKeyEnv and apiKeyFile exclude each other',
    });
    await expect(make({}).prepare(AbortSignal.abort())).rejects.toMatchObject({
      code: 'backend_refused',
    });
  });
});
