import { afterEach, describe, expect, test } from 'vitest';
import { House } from '../soak/house.ts';
import { BadClient } from './client.ts';

let house: House | null = null;

afterEach(async () => {
  await house?.close();
  house = null;
});

async function openWith(server: string): Promise<House> {
  house = await House.open({
    config: `
server: { defaultAgent: rehearsal, drainMs: 0, ${server} }
agents: { parrot: { backends: [rehearsal] } }
`,
  });
  return house;
}

describe('a call that goes on too long', () => {
  test('says when it will expire, then session_expired and close 1001', async () => {
    const { callUrl } = await openWith('sessionCapMs: 400').then((it) => ({
      callUrl: it.callUrl(),
    }));
    const client = await BadClient.open(callUrl);
    const created = await client.next('session.created');
    const { expires_at: expiresAt } = created['session'] as { expires_at: number };
    expect(Math.abs(expiresAt - Date.now() / 1000)).toBeLessThan(3);
    expect(await client.closed).toMatchObject({ code: 1001 });
    expect(client.codes).toEqual(['session_expired']);
  });

  test('one from whose client nothing comes is given up in the same way', async () => {
    const client = await BadClient.open((await openWith('idleTimeoutMs: 200')).callUrl());
    expect(await client.closed).toMatchObject({ code: 1001 });
    expect(client.errors[0]?.message).toBe('Nothing came from the client for 200 ms.');
  });
});
