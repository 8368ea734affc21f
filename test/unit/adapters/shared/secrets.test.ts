import { describe, expect, it } from 'vitest';
import { withoutSecrets } from '../../../../adapters/shared/secrets.ts';

describe('what an upstream says, without secrets', () => {
  it.each([
    ['the key itself', 'Bad key s3cr&t!', 'Bad key [key]'],
    ['as an address carries it', 'GET /?x=s3cr%26t! failed', 'GET /?x=[key] failed'],
    ['a parameter', 'no key=abc%2Fdef&alt=1', 'no key=[key]&alt=1'],
    ['an API key of another', 'API_KEY=xyz', 'API_KEY=[key]'],
    ['a Google key', 'used AIzaSyA1234567890', 'used [key]'],
    ['a token', 'auth_tokens/abc123 expired', '[key] expired'],
    ['a bearer', 'Bearer abc.def given', '[key] given'],
    ['a blotted key', 'Incorrect sk-pro****abcd', 'Incorrect [key]'],
    ['nothing secret', 'The monkey said so.', 'The monkey said so.'],
  ])('%s', (_what, said, shown) => {
    expect(withoutSecrets(said, 's3cr&t!')).toBe(shown);
  });

  it('is one line, and short', () => {
    expect(withoutSecrets('a\r\nb\u0000c', null)).toBe('a b c');
    expect(withoutSecrets('x'.repeat(400), '')).toHaveLength(301);
  });
});
