import { describe, expect, it } from 'vitest';
import { RealtimeConnection } from '../../../adapters/clients/openai-realtime/connection.ts';
import type { ClientCommand, CommandResult, RetrievedItem } from '../../../src/ports/client.ts';
import { CallError, type CallErrorOptions, type ErrorCode } from '../../../src/ports/errors.ts';
import { silentLogger } from '../../../src/ports/log.ts';
import { countingIds } from '../../../src/time/ids.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import { FakeCall, type FakeCallOptions } from '../../support/fake-call.ts';
import { FakeSocket } from './fake-socket.ts';
import { AgentsSdk } from './agents-sdk.ts';
import { audio, closed, line } from './view-script.ts';

interface Connected {
  readonly socket: FakeSocket;
  readonly call: FakeCall;
}

function connect(options: FakeCallOptions = {}, opened = true): Connected {
  const socket = new FakeSocket();
  const call = new FakeCall(options);
  if (opened) call.open();
  start(socket, call);
  return { socket, call };
}

function start(socket: FakeSocket, call: FakeCall): void {
  const clock = new ManualClock();
  new RealtimeConnection({ socket, call, clock, ids: countingIds(), log: silentLogger }).start();
}

function refused(code: ErrorCode, message: string, options: CallErrorOptions = {}): CommandResult {
  return { ok: false, error: new CallError(code, message, options) };
}

const update = (session: object): object => ({
  type: 'session.update',
  event_id: 'evt_u',
  session: { type: 'realtime', ...session },
});

describe('the beginning', () => {
  it('is session.created, then the answer to an update that came before anybody listened', () => {
    const socket = new FakeSocket();
    const call = new FakeCall();
    call.open();
    socket.receive(update({ instructions: 'First.' }));
    start(socket, call);
    expect(socket.types).toEqual(['session.created', 'session.updated']);
    expect(socket.events[1]).toMatchObject({ session: { instructions: 'First.' } });
  });

  it('is session.created even where answers were ready before the call was', () => {
    const { socket, call } = connect({}, false);
    socket.receive(update({ tracing: 'auto' }));
    socket.receive('not json');
    expect(socket.types).toEqual([]);
    call.open();
    expect(socket.types).toEqual(['session.created', 'session.updated', 'error']);
  });

  it('does not pile up answers without end while the call is not open', async () => {
    const { socket } = connect({}, false);
    for (let count = 0; count < 65; count += 1) socket.receive(update({ tracing: null }));
    // The call ends after the event that was too much, not in the middle of it.
    await Promise.resolve();
    expect(socket.types).toEqual(['error']);
    expect(socket.events[0]).toMatchObject({ error: { code: 'queue_overflow' } });
    expect(socket.closedWith?.code).toBe(1011);
  });

  it('says when the session ends where the backend has a limit', () => {
    const { socket } = connect({ capabilities: { sessionCapMs: 3_600_000 } });
    expect(socket.events[0]).toMatchObject({ session: { expires_at: 1_700_003_600 } });
  });
});

describe('an update', () => {
  it('that changes nothing is answered with the whole session', () => {
    const { socket, call } = connect();
    socket.receive(update({ tracing: 'auto' }));
    expect(call.commands).toEqual([]);
    expect(socket.events[1]).toMatchObject({
      type: 'session.updated',
      session: { tracing: null, instructions: 'Be brief.' },
    });
  });

  it('that switches turn detection on again starts from what it was', () => {
    const { socket, call } = connect();
    const detection = (turn_detection: object | null): object =>
      update({ audio: { input: { turn_detection } } });
    socket.receive(detection({ type: 'server_vad', silence_duration_ms: 900 }));
    socket.receive(detection(null));
    socket.receive(detection({ type: 'server_vad', threshold: 0.6 }));
    expect(call.settings.turnDetection).toMatchObject({ threshold: 0.6, silenceDurationMs: 900 });
  });

  it.each([
    ['tools', 'session.tools'],
    ['modality', 'session.output_modalities'],
    ['turnDetection', 'session.audio.input.turn_detection'],
    ['turnDetection.idleTimeoutMs', 'session.audio.input.turn_detection.idle_timeout_ms'],
    ['voice', 'session.audio.output.voice'],
    ['inputFormat', 'session.audio.input.format'],
    ['outputFormat', 'session.audio.output.format'],
  ])('that is refused for %s names %s', (param, wire) => {
    const { socket } = connect({
      answer: () => refused('unsupported_by_backend', 'Backend parrot cannot.', { param }),
    });
    socket.receive(update({ instructions: 'x' }));
    expect(socket.events[1]).toMatchObject({
      type: 'error',
      error: {
        type: 'invalid_request_error',
        code: 'unsupported_by_backend',
        message: 'Backend parrot cannot.',
        param: wire,
        event_id: 'evt_u',
      },
    });
  });

  it('of the formats holds for what is appended and asked for next', () => {
    const { socket, call } = connect();
    const append = { type: 'input_audio_buffer.append', audio: 'AQID' };
    socket.receive(append);
    expect(socket.events.at(-1)).toMatchObject({ error: { code: 'invalid_audio' } });
    const [pcmu, pcma] = [{ type: 'audio/pcmu' }, { type: 'audio/pcma' }];
    socket.receive(update({ audio: { input: { format: pcmu }, output: { format: pcma } } }));
    expect(socket.events.at(-1)).toMatchObject({
      type: 'session.updated',
      session: { audio: { input: { format: pcmu }, output: { format: pcma } } },
    });
    socket.receive(append);
    expect(call.audio.map((bytes) => [...bytes])).toEqual([[1, 2, 3]]);
    const ask = (format: object): unknown => {
      socket.receive({ type: 'response.create', response: { audio: { output: { format } } } });
      return call.commands.at(-1)?.type;
    };
    expect(ask(pcmu)).toBe('configure');
    expect(socket.events.at(-1)).toMatchObject({
      error: { code: 'unsupported_by_backend', param: 'response.audio.output.format' },
    });
    expect(ask(pcma)).toBe('respond');
  });

  it('that the edge itself refuses changes nothing and names the backend', () => {
    const { socket, call } = connect();
    call.log({ type: 'backend.opening', backend: 'parrot' });
    socket.receive(update({ tools: [{ type: 'mcp', server_label: 'x' }] }));
    expect(call.commands).toEqual([]);
    expect(socket.events[1]).toMatchObject({
      error: {
        param: 'session.tools[0].type',
        message: expect.stringContaining("'parrot'") as string,
        event_id: 'evt_u',
      },
    });
  });
});

describe('requests that fail', () => {
  const failing = (event: object, result: CommandResult): unknown => {
    const { socket, call } = connect({ answer: () => result });
    call.log(line());
    socket.receive({ event_id: 'evt_1', ...event });
    return socket.events.at(-1);
  };

  it('name the response that is in the way', () => {
    const result = refused('conversation_already_has_active_response', 'busy');
    expect(failing({ type: 'response.create' }, result)).toMatchObject({
      error: {
        code: 'conversation_already_has_active_response',
        message:
          'Conversation already has an active response in progress: resp_1. ' +
          'Wait until the response is finished before creating a new one.',
        event_id: 'evt_1',
      },
    });
  });

  it('say in the documented words that there is nothing to cancel or truncate', () => {
    expect(
      failing({ type: 'response.cancel' }, refused('response_cancel_not_active', 'no line')),
    ).toMatchObject({ error: { message: 'Cancellation failed: no active response found' } });
    expect(
      failing(
        {
          type: 'conversation.item.truncate',
          item_id: 'i',
          content_index: 0,
          audio_end_ms: 5,
        },
        refused('unsupported_content_type', 'no audio', { param: 'itemId' }),
      ),
    ).toMatchObject({
      error: {
        message: 'Only model output audio messages can be truncated',
        param: 'item_id',
      },
    });
  });

  it('pass on what the core says about the rest, on the paths of the wire', () => {
    const item = { type: 'function_call_output', call_id: 'c', output: '' };
    expect(
      failing(
        { type: 'conversation.item.create', item },
        refused('tool_call_not_found', 'no such call', { param: 'toolCallId' }),
      ),
    ).toMatchObject({ error: { message: 'no such call', param: 'item.call_id' } });
    expect(
      failing(
        { type: 'response.create' },
        refused('unsupported_by_backend', 'no', { param: 'response.conversation' }),
      ),
    ).toMatchObject({ error: { param: 'response.conversation' } });
  });

  it('on our side are server errors and do not end the call by themselves', () => {
    const { socket } = connect({ answer: () => refused('backend_overloaded', 'full') });
    socket.receive({ type: 'response.create' });
    expect(socket.events[1]).toMatchObject({
      error: { type: 'server_error', code: 'backend_overloaded', event_id: null },
    });
    expect(socket.closedWith).toBeNull();
  });
});

describe('commands and audio', () => {
  it('reach the call', () => {
    const { socket, call } = connect();
    socket.receive({ type: 'input_audio_buffer.append', audio: 'AQI=' });
    socket.receive({ type: 'input_audio_buffer.append', audio: '' });
    socket.receive({ type: 'parley.playback', item_id: 'i', played_ms: 40 });
    expect(call.audio.map((bytes) => [...bytes])).toEqual([[1, 2]]);
    const expected: ClientCommand[] = [{ type: 'playback', itemId: 'i', playedMs: 40 }];
    expect(call.commands).toEqual(expected);
    expect(socket.types).toEqual(['session.created']);
  });

  it('show the call the state of the socket', () => {
    const { socket, call } = connect();
    socket.unsentBytes = 77;
    socket.handlers.pong(31);
    expect(call.view.unsentBytes).toBe(77);
    expect(call.view.roundTripMs).toBe(31);
  });

  it('come back as audio of their line', () => {
    const { socket, call } = connect();
    call.log(line());
    const bytes = new Uint8Array([1, 2]);
    call.view.audio({ lineId: 'line_1', itemId: 'item_agent', lineStartSample: 0, bytes });
    expect(socket.events.at(-1)).toMatchObject({
      type: 'response.output_audio.delta',
      delta: 'AQI=',
    });
  });
});

describe('an item that is asked for', () => {
  const caller = {
    item: {
      kind: 'message',
      itemId: 'item_user',
      status: 'completed',
      role: 'user',
      content: [{ type: 'audio', transcript: null, durationMs: 10 }],
    },
    audio: new Uint8Array([1, 2]),
  } as const;
  const agent = {
    item: {
      ...caller.item,
      itemId: 'item_agent',
      status: 'incomplete',
      role: 'assistant',
      content: [{ type: 'audio', transcript: 'One', durationMs: 10 }],
    },
    audio: null,
  } as const;
  const items = new Map<string, RetrievedItem>([
    ['item_user', caller],
    ['item_agent', agent],
  ]);

  it('comes with its audio, or without where that is gone, and the SDK reads both', () => {
    const { socket } = connect({ items });
    socket.receive({ type: 'conversation.item.retrieve', item_id: 'item_user' });
    socket.receive({ type: 'conversation.item.retrieve', item_id: 'item_agent' });
    const [, first, second] = socket.events;
    expect(first).toMatchObject({
      type: 'conversation.item.retrieved',
      item: { content: [{ type: 'input_audio', transcript: null, audio: 'AQI=' }] },
    });
    expect(second).toMatchObject({
      item: { status: 'incomplete', content: [{ type: 'output_audio', transcript: 'One' }] },
    });
    const sdk = new AgentsSdk();
    for (const event of socket.events) sdk.read(event);
    expect(sdk.dropped).toEqual([]);
    expect(sdk.itemUpdates).toHaveLength(2);
  });

  it('is an error where it does not exist', () => {
    const { socket } = connect();
    socket.receive({ type: 'conversation.item.retrieve', item_id: 'gone', event_id: 'evt_r' });
    expect(socket.events[1]).toMatchObject({
      error: { code: 'item_not_found', param: 'item_id', event_id: 'evt_r' },
    });
  });
});

describe('malformed events', () => {
  it('are answered one by one, and twenty in a row end the call', () => {
    const { socket, call } = connect();
    for (let count = 0; count < 19; count += 1) socket.receive('{');
    expect(socket.closedWith).toBeNull();
    socket.receive({ type: 'nope', event_id: 'evt_20' });
    expect(socket.types.filter((type) => type === 'error')).toHaveLength(21);
    expect(socket.events.at(-2)).toMatchObject({ error: { param: 'type', event_id: 'evt_20' } });
    expect(socket.events.at(-1)).toMatchObject({ error: { code: 'too_many_invalid_events' } });
    expect(socket.closedWith?.code).toBe(1008);
    expect(call.closes).toEqual([
      { kind: 'error', code: 'too_many_invalid_events', message: '20 invalid events in a row.' },
    ]);
  });

  it('are forgiven by one that is well formed, even if it is refused', () => {
    const { socket } = connect();
    for (let round = 0; round < 3; round += 1) {
      for (let count = 0; count < 19; count += 1) socket.receive('{');
      socket.receive({ type: 'conversation.item.retrieve', item_id: 'gone' });
    }
    expect(socket.closedWith).toBeNull();
  });

  it('include binary messages', () => {
    const { socket } = connect();
    socket.handlers.binary(new Uint8Array([1]));
    expect(socket.events[1]).toMatchObject({ error: { code: 'invalid_event', event_id: null } });
  });
});

describe('the end', () => {
  it('by an append that is too large is said with the id of the event', () => {
    const { socket, call } = connect();
    const audioText = Buffer.alloc(15 * 1024 * 1024 + 2).toString('base64');
    socket.receive({ type: 'input_audio_buffer.append', audio: audioText, event_id: 'evt_b' });
    expect(socket.events.at(-1)).toMatchObject({
      error: { code: 'message_too_large', event_id: 'evt_b' },
    });
    expect(socket.closedWith?.code).toBe(1009);
    expect(call.closes).toHaveLength(1);
  });

  it.each([
    [{ kind: 'error', code: 'backend_closed', message: 'upstream left' }, 1011, ['error']],
    [{ kind: 'error', code: 'session_expired', message: 'too long' }, 1001, ['error']],
    [{ kind: 'error', code: 'unresponsive_client', message: 'silent' }, 1001, ['error']],
    [{ kind: 'error', code: 'detector_failed', message: 'odd' }, 1011, ['error']],
    [{ kind: 'shutdown' }, 1012, []],
    [{ kind: 'client', wireCode: null }, 1000, []],
  ] as const)('%j closes the socket with %i', (reason, code, events) => {
    const { socket, call } = connect();
    call.close(reason);
    expect(socket.types.slice(1)).toEqual(events);
    expect(socket.closedWith?.code).toBe(code);
  });

  it('cuts a long reason to what a close frame can carry, between characters', () => {
    const { socket, call } = connect();
    call.close({ kind: 'error', code: 'backend_closed', message: 'é'.repeat(100) });
    expect(socket.closedWith?.reason).toBe('é'.repeat(60));
  });

  it('by the client ends the call, once, and nothing is written or taken afterwards', () => {
    const { socket, call } = connect();
    socket.handlers.closed(1006, '');
    socket.handlers.text(Buffer.from(JSON.stringify({ type: 'input_audio_buffer.commit' })));
    call.log({ type: 'input.cleared' });
    call.close({ kind: 'shutdown' });
    expect(call.closes).toEqual([{ kind: 'client', wireCode: 1006 }]);
    expect(call.commands).toEqual([]);
    expect(socket.types).toEqual(['session.created']);
    expect(socket.closedWith).toBeNull();
  });
});

it('a whole answer through the socket is what the stock SDK can read', () => {
  const { socket, call } = connect();
  for (const step of [line(), audio(), closed()]) {
    if (step.type !== 'audio') call.log(step);
    else {
      const bytes = new Uint8Array([1, 2]);
      call.view.audio({ lineId: step.lineId, itemId: 'item_agent', lineStartSample: 0, bytes });
    }
  }
  const sdk = new AgentsSdk();
  for (const event of socket.events) sdk.read(event);
  expect(sdk.dropped).toEqual([]);
  expect(socket.types.at(-1)).toBe('response.done');
});
