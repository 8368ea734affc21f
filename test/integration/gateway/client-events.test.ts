import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { open } from '../../support/raw-socket.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(async () => {
  await gateway.close();
});

type Message = Readonly<Record<string, unknown>>;
const ofType =
  (type: string) =>
  (message: Message): boolean =>
    message['type'] === type;

/** A client of the scripted agent with manual turns. */
async function client(): Promise<{
  socket: Awaited<ReturnType<typeof open>>['socket'];
  say: (event: Message) => void;
}> {
  const { socket } = await open(`${gateway.wsUrl}/v1/realtime?model=rehearsal`);
  const say = (event: Message): void => socket.send(JSON.stringify(event));
  say({
    type: 'session.update',
    session: { type: 'realtime', audio: { input: { turn_detection: null } } },
  });
  await socket.next(ofType('session.updated'));
  return { socket, say };
}

describe('client events through the running gateway', () => {
  it('response.cancel ends the response at once', async () => {
    const { socket, say } = await client();
    say({ type: 'response.create' });
    await socket.next(ofType('response.output_audio.delta'));
    say({ type: 'response.cancel' });
    expect(await socket.next(ofType('response.done'))).toMatchObject({
      response: {
        status: 'cancelled',
        status_details: { type: 'cancelled', reason: 'client_cancelled' },
        output: [{ status: 'incomplete' }],
      },
    });
    say({ type: 'response.cancel', event_id: 'late' });
    expect(await socket.next(ofType('error'))).toMatchObject({
      error: { code: 'response_cancel_not_active', event_id: 'late' },
    });
    socket.close();
    await socket.closed;
  });

  it('output_audio_buffer.clear names the response whose audio it threw away', async () => {
    const { socket, say } = await client();
    say({ type: 'response.create' });
    const delta = await socket.next(ofType('response.output_audio.delta'));
    say({ type: 'output_audio_buffer.clear' });
    const cleared = await socket.next(ofType('output_audio_buffer.cleared'));
    expect(cleared).toMatchObject({
      response_id: (delta as { response_id: string }).response_id,
    });
    expect(await socket.next(ofType('response.done'))).toMatchObject({
      response: { status: 'cancelled' },
    });
    socket.close();
    await socket.closed;
  });

  it('input_audio_buffer.clear forgets what was appended', async () => {
    const { socket, say } = await client();
    const audio = Buffer.alloc(48 * 200).toString('base64');
    say({ type: 'input_audio_buffer.append', audio });
    say({ type: 'input_audio_buffer.clear' });
    await socket.next(ofType('input_audio_buffer.cleared'));
    say({ type: 'input_audio_buffer.commit', event_id: 'empty' });
    expect(await socket.next(ofType('error'))).toMatchObject({
      error: { code: 'input_audio_buffer_commit_empty', event_id: 'empty' },
    });
    socket.close();
    await socket.closed;
  });

  it('conversation.item.delete takes an item out, once', async () => {
    const { socket, say } = await client();
    const content = [{ type: 'input_text', text: 'Good evening.' }];
    say({
      type: 'conversation.item.create',
      item: { id: 'item_mine', type: 'message', role: 'user', content },
    });
    await socket.next(ofType('conversation.item.done'));
    say({ type: 'conversation.item.delete', item_id: 'item_mine' });
    expect(await socket.next(ofType('conversation.item.deleted'))).toMatchObject({
      item_id: 'item_mine',
    });
    say({ type: 'conversation.item.retrieve', item_id: 'item_mine', event_id: 'gone' });
    expect(await socket.next(ofType('error'))).toMatchObject({
      error: { code: 'item_not_found', event_id: 'gone' },
    });
    socket.close();
    await socket.closed;
  });

  it('a tool declared twice is refused by its place in the session', async () => {
    const { socket, say } = await client();
    const tool = { type: 'function', name: 'look', parameters: { type: 'object' } };
    say({
      type: 'session.update',
      event_id: 'twice',
      session: { type: 'realtime', tools: [tool, tool] },
    });
    expect(await socket.next(ofType('error'))).toMatchObject({
      error: { code: 'invalid_value', param: 'session.tools[1].name', event_id: 'twice' },
    });
    socket.close();
    await socket.closed;
  });
});
