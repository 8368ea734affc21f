import { expect, test } from 'vitest';
import { suggestion } from '../../../src/server/suggestion.ts';

test.each([
  ['prot', ['host', 'port', 'tls'], 'port'],
  ['Backend', ['agents', 'backends'], 'backends'],
  ['instructoins', ['instructions', 'voice'], 'instructions'],
  ['silenceDuration', ['silenceDurationMs', 'threshold'], 'silenceDurationMs'],
])('%s is near %j', (written, candidates, best) => {
  expect(suggestion(written, candidates)).toBe(` Did you mean ${JSON.stringify(best)}?`);
});

test.each([
  ['colour', ['host', 'port']],
  ['x', ['ab', 'id']],
  ['anything', []],
])('%s is near nothing of %j', (written, candidates) => {
  expect(suggestion(written, candidates)).toBe('');
});
