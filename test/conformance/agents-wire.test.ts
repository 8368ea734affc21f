import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { Ear } from '../ear/ear.ts';
import { agentsWire, type AgentsSide } from './agents-wire.ts';
import { plainAgent } from './table-agent.ts';

describe('the check for events that the Agents SDK drops', () => {
  let server: WebSocketServer;
  let url: string;
  let events: object[];

  beforeEach(async () => {
    events = [];
    server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    server.on('connection', (socket) => {
      const session = { type: 'realtime' };
      const begin = [{ type: 'session.created', event_id: 'event_0', session }];
      for (const event of [...begin, ...events]) socket.send(JSON.stringify(event));
    });
    await once(server, 'listening');
    url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/v1/realtime`;
  });
  afterEach(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });

  async function droppedOf(...sent: object[]): Promise<readonly string[]> {
    events = sent;
    const sides: AgentsSide[] = [];
    const wire = agentsWire({ url, agent: plainAgent(), onSession: (side) => sides.push(side) });
    const ear = await Ear.connect(wire);
    await ear.pause(100);
    await ear.close();
    return sides[0]!.dropped;
  }

  const started = { type: 'input_audio_buffer.speech_started', audio_start_ms: 0 };
  const deleted = { type: 'conversation.item.deleted', event_id: 'event_1', item_id: 'item_1' };

  it('finds none among events of the right shape', async () => {
    const whole = { ...started, event_id: 'event_2', item_id: 'item_2' };
    expect(await droppedOf(deleted, whole, { ...deleted, event_id: 'event_3' })).toEqual([]);
  });

  it('finds one without item_id, first or last', async () => {
    const broken = { ...started, event_id: 'event_2' };
    expect(await droppedOf(broken, deleted)).toEqual([started.type]);
    expect(await droppedOf(deleted, broken)).toEqual([started.type]);
  });

  it('finds an event of a type that the SDK does not know', async () => {
    const unknown = { type: 'input_audio_buffer.timeout_triggered', event_id: 'event_2' };
    expect(await droppedOf(unknown)).toEqual([unknown.type]);
  });
});
