import { describe, expect, test } from 'vitest';
import { Authenticator, httpCredentials } from '../../../src/server/auth.ts';

const keys = [
  { id: 'app', secret: 'key-app', agents: ['*'], maxCalls: 50 },
  { id: 'desk', secret: 'key-desk', agents: ['desk'], maxCalls: null },
];

describe('Authenticator', () => {
  test('without keys everyone may do everything', () => {
    const auth = new Authenticator([]);
    expect(auth.open).toBe(true);
    expect(auth.authenticate([])).toEqual({ keyId: null, agents: ['*'], maxCalls: null });
  });

  test('finds whose key it is, wherever it stands among the credentials', () => {
    const auth = new Authenticator(keys);
    expect(auth.open).toBe(false);
    expect(auth.authenticate(['key-desk'])).toEqual({
      keyId: 'desk',
      agents: ['desk'],
      maxCalls: null,
    });
    expect(auth.authenticate(['nothing', 'key-app'])?.keyId).toBe('app');
  });

  test.each([
    { credentials: [] },
    { credentials: [''] },
    { credentials: ['key-ap'] },
    { credentials: ['key-app '] },
    { credentials: ['key-appx'] },
    { credentials: ['x'.repeat(1_000_000)] },
    { credentials: [`${'x'.repeat(1024)}key-app`] },
  ])('lets nobody in with a wrong key', ({ credentials }) => {
    expect(new Authenticator(keys).authenticate(credentials)).toBeNull();
  });

  test('looks at no more than four credentials', () => {
    const auth = new Authenticator(keys);
    expect(auth.authenticate(['a', 'b', 'c', 'key-app'])).not.toBeNull();
    expect(auth.authenticate(['a', 'b', 'c', 'd', 'key-app'])).toBeNull();
  });
});

test('HTTP requests carry the key as a bearer or in api-key', () => {
  expect(httpCredentials({ authorization: 'Bearer abc' })).toEqual(['abc']);
  expect(httpCredentials({ authorization: 'bearer  abc ' })).toEqual(['abc']);
  expect(httpCredentials({ 'api-key': 'def' })).toEqual(['def']);
  expect(httpCredentials({ authorization: 'Basic abc' })).toEqual([]);
  expect(httpCredentials({})).toEqual([]);
});
