import { describe, expect, it } from 'vitest';
import { readApiKey } from '../../../../../adapters/shared/api-key.ts';
import {
  openAiRealtimeBackend,
  openAiRealtimeOptions,
} from '../../../../../adapters/backends/openai-realtime/index.ts';
import { fatalError } from '../../../../../adapters/backends/openai-realtime/upstream-error.ts';
import { withoutSecrets } from '../../../../../adapters/shared/secrets.ts';

const noFiles = {
  env: {},
  readText: () => Promise.reject(new Error('no file is to be read here')),
};

describe('options', () => {
  it('need a model and nothing else', () => {
    expect(openAiRealtimeOptions.parse({ model: 'm' })).toEqual({
      model: 'm',
      dialect: 'openai',
      headers: {},
      connectTimeoutMs: 8000,
    });
  });

  it('can be parsed again', () => {
    const once = openAiRealtimeOptions.parse({
      model: 'm',
      url: 'ws://127.0.0.1:9/v1/realtime?k=v',
      apiKeyEnv: 'KEY',
      headers: { 'OpenAI-Project': 'p' },
    });
    expect(openAiRealtimeOptions.parse(once)).toEqual(once);
  });

  it.each([
    [{ model: '' }],
    [{ model: 'm', apiKey: 'sk-1' }],
    [{ model: 'm', url: 'https://api.openai.com/v1/realtime' }],
    [{ model: 'm', url: 'wss://user:pass@host/' }],
    [{ model: 'm', dialect: 'klingon' }],
    [{ model: 'm', headers: { Authorization: 'Bearer sk-1' } }],
    [{ model: 'm', headers: { 'api-key': 'k' } }],
    [{ model: 'm', headers: { 'OpenAI-Beta': 'realtime=v1' } }],
    [{ model: 'm', headers: { 'a b': 'c' } }],
    [{ model: 'm', connectTimeoutMs: 1 }],
  ])('refuse %j', (options) => {
    expect(openAiRealtimeOptions.safeParse(options).success).toBe(false);
  });

  it('need a url for a dialect that has no usual place', () => {
    const options = openAiRealtimeOptions.parse({ model: 'm', dialect: 'azure-openai' });
    expect(() => openAiRealtimeBackend('azure', options, noFiles)).toThrow('needs a url');
  });
});

describe('the key', () => {
  it('is read from the environment or a file, without the line’s end', async () => {
    const sources = { env: { KEY: 'sk-env' }, readText: () => Promise.resolve('sk-file\n') };
    expect(await readApiKey({ apiKeyEnv: 'KEY' }, sources)).toBe('sk-env');
    expect(await readApiKey({ apiKeyFile: 'key.txt' }, sources)).toBe('sk-file');
    expect(await readApiKey({}, sources)).toBeNull();
  });

  it.each([
    [{ apiKeyEnv: 'MISSING' }, 'MISSING is not set'],
    [{ apiKeyEnv: 'EMPTY' }, 'EMPTY must hold one key'],
    [{ apiKeyEnv: 'TWO' }, 'TWO must hold one key'],
    [{ apiKeyFile: 'key.txt' }, 'key.txt cannot be read'],
    [{ apiKeyEnv: 'TWO', apiKeyFile: 'key.txt' }, 'exclude each other'],
  ])('that is not there is named, never shown: %j', async (options, message) => {
    const sources = { ...noFiles, env: { EMPTY: ' ', TWO: 'sk-one sk-two' } };
    const reading = readApiKey(options, sources);
    await expect(reading).rejects.toMatchObject({ code: 'model_unavailable' });
    await expect(reading).rejects.toThrow(message);
    await expect(reading).rejects.not.toThrow('sk-one');
  });

  it('that is missing keeps the backend from being prepared', async () => {
    const options = openAiRealtimeOptions.parse({ model: 'm', apiKeyEnv: 'MISSING' });
    const backend = openAiRealtimeBackend('hosted', options, noFiles);
    const preparing = backend.prepare(new AbortController().signal);
    await expect(preparing).rejects.toMatchObject({ code: 'model_unavailable' });
  });
});

describe('what an upstream says', () => {
  it.each([
    ['Incorrect API key provided: sk-proj-abcdef123.', 'sk-proj'],
    ['wrong: s3cret!', 's3cret'],
    ['Authorization: Bearer abc.def', 'abc.def'],
    ['GET /v1?model=m&api_key=abcdef&x=1', 'abcdef'],
    ['key=AIzaSy', 'AIzaSy'],
  ])('is repeated without keys: %s', (text, hidden) => {
    const shown = withoutSecrets(text, 's3cret!');
    expect(shown).not.toContain(hidden);
    expect(shown).toContain('[key]');
  });

  it('is repeated in one line, and not for ever', () => {
    expect(withoutSecrets('a\r\nb\u0000c', null)).toBe('a b c');
    expect(withoutSecrets('x'.repeat(1000), null)).toHaveLength(301);
  });

  it.each([
    ['session_expired', 'backend_closed'],
    ['beta_api_shape_disabled', 'backend_refused'],
    ['invalid_api_key', 'backend_refused'],
    ['insufficient_quota', 'backend_refused'],
    ['model_not_found', 'backend_refused'],
  ])('ends the session when it is %s', (code, ours) => {
    const error = fatalError({ code, message: 'Because.', eventId: null });
    expect(error).toMatchObject({ code: ours, message: `the upstream said ${code}: Because.` });
  });

  it.each(['response_cancel_not_active', 'invalid_value', 'item_not_found', 'toString'])(
    'does not end it when it is %s',
    (code) => {
      expect(fatalError({ code, message: '', eventId: null })).toBeNull();
    },
  );
});
