import { expect, test } from 'vitest';
import { isLoopbackHost, originAllowed } from '../../../src/server/origin.ts';

const open = { allowedOrigins: ['https://app.example'], loopbackOnly: false };
const local = { allowedOrigins: ['https://app.example'], loopbackOnly: true };

test.each([
  ['a program', undefined, 'parley.example', open, true],
  ['an allowed page', 'https://app.example', 'parley.example', open, true],
  ['a page of the same host', 'https://parley.example', 'parley.example', open, true],
  ['a page of the same host and port', 'http://parley.example:81', 'parley.example:81', open, true],
  ['a page of another port', 'http://parley.example:82', 'parley.example:81', open, false],
  ['a page of another host', 'https://evil.example', 'parley.example', open, false],
  ['a page without an origin of its own', 'null', 'parley.example', open, false],
  ['an origin that is none', 'nonsense', 'parley.example', open, false],
  ['a page without a Host to compare', 'https://parley.example', undefined, open, false],
  ['any page where all are allowed', 'null', 'x', { ...open, allowedOrigins: ['*'] }, true],
  ['a local page', 'http://localhost:8787', 'localhost:8787', local, true],
  ['a local page by IPv6', 'http://[::1]:8787', '[::1]:8787', local, true],
  ['an allowed page, locally', 'https://app.example', '127.0.0.1:8787', local, true],
  ['a rebound name', 'http://evil.example:8787', 'evil.example:8787', local, false],
  ['a rebound name without Origin', undefined, 'evil.example:8787', local, false],
  ['a local program', undefined, '127.0.0.1:8787', local, true],
  ['a program without Host', undefined, undefined, local, true],
] as const)('%s', (_name, origin, host, policy, allowed) => {
  expect(originAllowed(origin, host, policy)).toBe(allowed);
});

test.each([
  ['localhost', true],
  ['a.localhost', true],
  ['127.1.2.3', true],
  ['::1', true],
  ['[::1]', true],
  ['0.0.0.0', false],
  ['127.evil.example', false],
  ['localhost.evil.example', false],
] as const)('%s is loopback: %s', (host, loopback) => {
  expect(isLoopbackHost(host)).toBe(loopback);
});
