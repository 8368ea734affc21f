import { describe, expect, it } from 'vitest';
import {
  addressWithoutSecrets,
  wireWithoutSecrets,
} from '../../../../adapters/shared/wire-secrets.ts';

const key = 'q7+very/secret=key';

describe('a frame without secrets', () => {
  it.each([
    ['{"type":"session.created","id":"sess_1"}'],
    ['{ "type" : "usage", "total_tokens": 12.0, "max_output_tokens": "inf" }'],
    ['not JSON, about a monkey and a keyboard'],
    ['{"delta":"abcKEYabc","note":"the handle of the door"}'],
  ])('stays as it was written: %s', (text) => {
    expect(wireWithoutSecrets(text, key)).toBe(text);
  });

  it.each([
    ['{"setup":{"sessionResumption":{"handle":"Cih3"}}}', 'Cih3'],
    ['{"sessionResumptionUpdate":{"newHandle":"Cih3","resumable":true}}', 'Cih3'],
    ['{"tools":[{"type":"mcp","authorization":"t0p","headers":{"X-Api-Key":"h1"}}]}', 't0p'],
    ['{"tools":[{"type":"mcp","authorization":"t0p","headers":{"X-Api-Key":"h1"}}]}', 'h1'],
    ['{"tools":[{"type":"mcp","headers":{"X-App":"h1"}}]}', 'h1'],
    ['{"tools":[{"type":"mcp","server_url":"https://h/s3cr/mcp"}]}', 's3cr'],
    ['{"client_secret":{"value":"ek_123456"},"access_token":"abc"}', 'ek_123456'],
    ['{"client_secret":{"value":"ek_123456"},"access_token":"abc"}', 'abc'],
    ['{"arguments":"{\\"api_key\\":\\"in-side\\",\\"city\\":\\"Rome\\"}"}', 'in-side'],
    [`{"error":{"message":"Incorrect key ${key}."}}`, key],
    [`{"url":"wss://h/p?key=${encodeURIComponent(key)}&a=1"}`, encodeURIComponent(key)],
    [`<html>Bearer abc.def, sk-abcdef123`, 'abc.def'],
    [`<html>Bearer abc.def, sk-abcdef123`, 'sk-abcdef123'],
  ])('of %s', (text, secret) => {
    const clean = wireWithoutSecrets(text, key);
    expect(clean).not.toContain(secret);
    expect(clean).toContain('[key]');
    if (text.startsWith('{')) expect(() => void JSON.parse(clean)).not.toThrow();
  });

  it('leaves sound alone, which may look like anything', () => {
    const sound = `${'A'.repeat(150)}/AIzaSyAbcdefghij/key${'B'.repeat(150)}==`;
    const text = JSON.stringify({ type: 'input_audio_buffer.append', audio: sound });
    expect(wireWithoutSecrets(text, key)).toBe(text);
  });
});

describe('an address without secrets', () => {
  it.each([
    [`wss://h/ws?key=${encodeURIComponent(key)}`, 'wss://h/ws?key=[key]'],
    ['wss://h/s2s?model=m&api_key=abc', 'wss://h/s2s?model=m&api_key=[key]'],
    ['wss://h/live?access_token=auth_tokens%2Fabc', 'wss://h/live?access_token=[key]'],
    ['wss://user:word@h/p', 'wss://h/p'],
  ])('of %s', (url, clean) => {
    expect(addressWithoutSecrets(url, key)).toBe(clean);
  });
});
