import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { Aec3Canceller } from '../../adapters/echo/aec3/aec3-canceller.ts';
import { echoOf, place, scaled } from '../support/echo-scene.ts';
import { babble } from '../support/babble.ts';

/** What comes back of a recording that is fed as a call feeds it, from the thread itself. */
async function cancelled(
  canceller: Aec3Canceller,
  {
    agent,
    microphone,
    alignMs,
  }: { agent: Float32Array; microphone: Float32Array; alignMs?: number },
): Promise<Float32Array> {
  const clean = new Float32Array(microphone.length);
  const whole = Promise.withResolvers<undefined>();
  let written = 0;
  let sent = 0;
  const chunk = 320;
  const feed = (): void => {
    const atMs = sent / 16;
    stream.reference(agent.subarray(sent, sent + chunk), atMs);
    stream.capture(microphone.subarray(sent, sent + chunk), atMs);
    sent += chunk;
  };
  const stream = canceller.open({
    onClean: (pcm) => {
      clean.set(pcm, written);
      written += pcm.length;
      if (sent < microphone.length) feed();
      else if (written === microphone.length) whole.resolve(undefined);
    },
    onFail: (error) => whole.reject(error),
  });
  if (alignMs !== undefined) stream.align(alignMs);
  for (let ahead = 0; ahead < 8; ahead += 1) feed();
  await whole.promise;
  stream.close();
  return clean;
}

const energyDb = (pcm: Float32Array, fromMs: number, toMs: number): number =>
  10 * Math.log10(pcm.subarray(fromMs * 16, toMs * 16).reduce((sum, v) => sum + v * v, 1e-12));

describe('AEC3 on its thread', () => {
  const canceller = new Aec3Canceller();
  beforeAll(() => canceller.prepare(new AbortController().signal));
  afterAll(() => canceller.close());

  const agent = babble(8000, 190, 11);
  const room = { lossDb: 10, roomMs: 120, driftPpm: 0 };

  test.each([
    ['60 ms', 60, undefined],
    ['400 ms', 400, undefined],
    ['900 ms, aligned to what is known of the delay', 900, 900],
  ])('takes the echo out at %s', async (_name, delayMs, alignMs) => {
    const microphone = echoOf(agent, { ...room, delayMs });
    const clean = await cancelled(canceller, {
      agent,
      microphone,
      ...(alignMs === undefined ? {} : { alignMs }),
    });
    expect(energyDb(microphone, 3000, 8000) - energyDb(clean, 3000, 8000)).toBeGreaterThan(15);
  });

  test('leaves the caller alone while the agent is silent, where they were', async () => {
    const talk = scaled(babble(4000, 120, 5), 0.5);
    const clean = await cancelled(canceller, {
      agent: new Float32Array(talk.length),
      microphone: talk,
    });
    expect(Math.abs(energyDb(talk, 500, 4000) - energyDb(clean, 500, 4000))).toBeLessThan(3);
  });

  test('lets the caller through over the echo', async () => {
    const echo = echoOf(agent, { ...room, delayMs: 120 });
    const voice = new Float32Array(echo.length);
    place(voice, scaled(babble(2000, 120, 5), 0.35), 5000);
    const microphone = echo.map((sample, i) => sample + voice[i]!);
    const clean = await cancelled(canceller, { agent, microphone });
    const quiet = await cancelled(canceller, { agent, microphone: echo });
    expect(energyDb(clean, 5000, 7000) - energyDb(quiet, 5000, 7000)).toBeGreaterThan(10);
  });

  test('serves many calls at once, more than one instance of it could hold', async () => {
    const many = new Aec3Canceller({ streamLimit: 40 });
    await many.prepare(new AbortController().signal);
    const short = agent.slice(0, 16_000);
    const microphone = echoOf(short, { ...room, delayMs: 60 });
    const all = await Promise.all(
      Array.from({ length: 32 }, () => cancelled(many, { agent: short, microphone })),
    );
    for (const clean of all) expect(clean).toEqual(all[0]);
    expect(many.figures()['streams']).toBe(0);
    await many.close();
  }, 60_000);
});
