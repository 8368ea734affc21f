import { afterEach, describe, expect, it } from 'vitest';
import type { StandInOptions } from './options.ts';
import { RawRig, testModel } from './raw-client.ts';

let rig: RawRig;
afterEach(() => rig.close());

const service = 'ws/google.ai.generativelanguage';
const method = 'GenerativeService.BidiGenerateContent';

async function knock(path: string, headers = {}, options: StandInOptions = {}) {
  rig = await RawRig.start(options);
  const client = await rig.connect(`${rig.server.origin}/${path}`, headers);
  if (client.refused !== null) return client;
  client.send({ setup: { model: testModel } });
  await client.until(() => client.messages.length > 0 || client.closed !== null, 2000);
  return client;
}

describe('the way in', () => {
  it.each([
    `${service}.v1beta.${method}?key=k`,
    `${service}.v1alpha.${method}?key=k`,
    `${service}.v1.${method}?key=k`,
    `/${service}.v1beta.${method}?key=k`,
    `/${service}.v1beta.${method}?alt=json&key=k`,
  ])('%s is open', async (path) => {
    const client = await knock(path);
    expect(client.messages).toHaveLength(1);
  });

  it('is open to a key in a header', async () => {
    const client = await knock(`${service}.v1beta.${method}`, { 'x-goog-api-key': 'k' });
    expect(client.messages).toHaveLength(1);
  });

  it.each([
    '',
    'v1/realtime?key=k',
    `//${service}.v1beta.${method}?key=k`,
    `${service}.v2.${method}?key=k`,
    `${service}.v1beta.${method}Constrained?access_token=auth_tokens/t`,
  ])('/%s is none', async (path) => {
    const client = await knock(path, {}, { tokens: { 'auth_tokens/t': 1 } });
    expect(client.refused).toBe(404);
  });

  it('is shut without a key', async () => {
    expect((await knock(`${service}.v1beta.${method}`)).refused).toBe(403);
    await rig.close();
    const anyKey = await knock(`${service}.v1beta.${method}?key=`, {}, { apiKey: null });
    expect(anyKey.refused).toBe(403);
  });

  it('opens for a wrong key and closes at once', async () => {
    const client = await knock(`${service}.v1beta.${method}?key=other`);
    expect(client.closed).toEqual({
      code: 1007,
      reason: 'API key not valid. Please pass a valid API key.',
    });
    expect(client.messages).toEqual([]);
  });

  it('is shut for a wrong key when told so', async () => {
    const client = await knock(`${service}.v1beta.${method}?key=other`, {}, { wrongKey: 'http' });
    expect(client.refused).toBe(401);
  });

  it('takes a token as often as it may be used; resuming is free', async () => {
    const path = `${service}.v1alpha.${method}Constrained?access_token=`;
    const client = await knock(`${path}auth_tokens/other`, {}, { tokens: { 'auth_tokens/t': 1 } });
    expect(client.refused).toBe(401);
    const enter = async (sessionResumption: object) => {
      const one = await rig.connect(`${rig.server.origin}/${path}auth_tokens/t`);
      one.send({ setup: { model: testModel, sessionResumption } });
      await one.until(() => one.messages.length > 1 || one.closed !== null, 2000);
      return one;
    };
    const first = await enter({});
    expect(first.handle).not.toBeNull();
    first.socket.close();
    await first.until(() => rig.server.open === 0);
    const resumed = await enter({ handle: first.handle });
    expect(resumed.closed).toBeNull();
    expect((await enter({})).closed?.code).toBe(1008);
  });
});
