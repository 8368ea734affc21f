import { beforeAll, describe, expect, it } from 'vitest';
import { prepareResampler } from '../../../src/audio/resampler.ts';
import { silence, speech } from '../../support/call-harness.ts';
import { LiveRoom } from './rooms.ts';

beforeAll(prepareResampler);

describe('a sideband', () => {
  it('is shown the session at once, and every event and both sides’ audio from then on', async () => {
    const room = await LiveRoom.open();
    await room.hear(silence(300));
    const { seen } = room.join();
    expect(seen().map(({ type }) => type)).toEqual(['session.started']);
    await room.send({ type: 'session.input_audio.mute' });
    await room.hear(speech(200));
    const reflected = seen().filter(({ type }) => type === 'session.input_audio.append');
    // Before muting.
    expect(Buffer.from(String(reflected[0]?.['audio']), 'base64').some((byte) => byte !== 0)).toBe(
      true,
    );
    expect(seen().filter(({ type }) => type === 'session.output_audio.delta')).toMatchObject([
      { start_ms: 300, end_ms: 400 },
      { start_ms: 400, end_ms: 500 },
    ]);
    expect(seen().map(({ type }) => type)).toContain('session.input_audio.muted');
    await room.end();
  });

  it.each([
    ['expires', { kind: 'error', code: 'session_expired', message: 'Over.' }, 'expired', 1001],
    ['is shut down', { kind: 'shutdown' }, 'connection_lost', 1012],
    [
      'loses its backend',
      { kind: 'error', code: 'backend_closed', message: 'Gone.' },
      'connection_lost',
      1011,
    ],
    ['is ended by the agent', { kind: 'agent', reason: null }, 'close_requested', 1000],
  ] as const)('is told when the session %s, and let go', async (_what, reason, why, code) => {
    const room = await LiveRoom.open();
    await room.hear(silence(200));
    const { socket, seen } = room.join();
    room.harness.call.close(reason);
    await room.harness.pass(0);
    expect(seen().at(-1)).toMatchObject({
      type: 'session.closed',
      reason: why,
      usage: { seconds: 0.2 },
    });
    expect(socket.closedWith?.code).toBe(code);
    expect(room.harness.clock.pending).toBe(0);
  });

  it('is told when no audio ever came', async () => {
    const room = await LiveRoom.open();
    const { socket, seen } = room.join();
    await room.harness.pass(30_000);
    expect(seen().at(-1)).toMatchObject({ type: 'session.closed', reason: 'expired' });
    expect(socket.closedWith?.code).toBe(1001);
  });

  it('is told when the primary socket is gone, which hears nothing more', async () => {
    const room = await LiveRoom.open();
    await room.hear(silence(200));
    const { socket, seen } = room.join();
    const before = room.events.length;
    room.socket.handlers.closed(1006, '');
    await room.harness.pass(0);
    expect(seen().at(-1)).toMatchObject({ type: 'session.closed', reason: 'connection_lost' });
    expect(socket.closedWith?.code).toBe(1001);
    expect(room.events).toHaveLength(before);
    expect(room.harness.clock.pending).toBe(0);
  });

  it('may leave without the session noticing; a ninth one is refused', async () => {
    const room = await LiveRoom.open();
    await room.hear(silence(100));
    const joined = Array.from({ length: 8 }, () => room.join());
    const ninth = room.join();
    expect(ninth.seen()).toMatchObject([{ type: 'error', error: { code: 'rate_limit_exceeded' } }]);
    joined[0]!.socket.handlers.closed(1000, '');
    const again = room.join();
    expect(again.seen()[0]?.type).toBe('session.started');
    await room.hear(silence(100));
    expect(room.trackMs).toBe(200);
    await room.end();
  });
});
