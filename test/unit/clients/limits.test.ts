import { describe, expect, it } from 'vitest';
import { RealtimeConnection } from '../../../adapters/clients/openai-realtime/connection.ts';
import { silentLogger } from '../../../src/ports/log.ts';
import { unansweredPings } from '../../../src/ports/socket.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import { countingIds } from '../../../src/time/ids.ts';
import { FakeCall } from '../../support/fake-call.ts';
import { FakeSocket } from './fake-socket.ts';

const limitBytes = 4 * 1024 * 1024;

function connect(): { socket: FakeSocket; call: FakeCall; clock: ManualClock } {
  const socket = new FakeSocket();
  const call = new FakeCall();
  const clock = new ManualClock();
  call.open();
  new RealtimeConnection({ socket, call, clock, ids: countingIds(), log: silentLogger }).start();
  return { socket, call, clock };
}

const harmless = { type: 'session.update', session: { type: 'realtime', tracing: null } };

describe('a client that reads too slowly', () => {
  it('is served up to 4 MiB of unsent events', () => {
    const { socket } = connect();
    socket.unsentBytes = limitBytes;
    socket.receive(harmless);
    expect(socket.types.at(-1)).toBe('session.updated');
    expect(socket.closedWith).toBeNull();
  });

  it('is told so and closed with 1013 beyond, outside of whatever wrote the event', async () => {
    const { socket, call } = connect();
    socket.unsentBytes = limitBytes + 1;
    call.log({ type: 'input.cleared' });
    socket.receive(harmless);
    // Not from inside the call that is telling its view something.
    expect(call.closes).toEqual([]);
    await Promise.resolve();
    expect(call.closes).toMatchObject([{ kind: 'error', code: 'slow_reader' }]);
    expect(socket.types).toEqual(['session.created', 'error']);
    expect(socket.closedWith?.code).toBe(1013);
  });
});

describe('a client that sends too much', () => {
  it('hears why before the socket closes over a message that is too long', () => {
    const { socket, call } = connect();
    socket.handlers.tooLarge?.(21);
    expect(socket.events.at(-1)).toMatchObject({ error: { code: 'message_too_large' } });
    expect(socket.closedWith?.code).toBe(1009);
    expect(call.closes).toHaveLength(1);
  });

  it('is read more slowly from 250 messages at once on, text and binary', () => {
    const { socket, call } = connect();
    const append = { type: 'input_audio_buffer.append', audio: '' };
    for (let message = 0; message < 250; message += 1) socket.receive(append);
    expect(socket.holdsMs).toEqual([]);
    for (let message = 0; message < 500; message += 1) socket.receive(append);
    expect(socket.holdsMs.at(-1)).toBeCloseTo(500);
    socket.handlers.binary(new Uint8Array(1));
    expect(socket.holdsMs.at(-1)).toBeCloseTo(501);
    expect(call.closes).toEqual([]);
    expect(call.audio).toHaveLength(0);
  });

  it('is ended for words without end, audio aside', () => {
    const { socket, call } = connect();
    const instructions = 'x'.repeat(1_000_000);
    const update = { type: 'session.update', session: { type: 'realtime', instructions } };
    for (let message = 0; message < 4; message += 1) socket.receive(update);
    expect(call.closes).toEqual([]);
    socket.receive(update);
    expect(call.closes).toMatchObject([{ code: 'rate_limit_exceeded' }]);
    expect(socket.closedWith?.code).toBe(1008);
  });
});

describe('a client that shows no sign of life', () => {
  it('ends its call as unresponsive; any other end is its own', () => {
    const dead = connect();
    dead.socket.handlers.closed(1006, unansweredPings);
    expect(dead.call.closes).toMatchObject([{ kind: 'error', code: 'unresponsive_client' }]);
    const gone = connect();
    gone.socket.handlers.closed(1006, '');
    expect(gone.call.closes).toEqual([{ kind: 'client', wireCode: 1006 }]);
  });
});
