/**
 * `@openai/agents-realtime` as a browser loads it: run with `--conditions=browser`, so that the
 * SDK takes the platform's own WebSocket and puts its key into the subprotocols. The ear's
 * microphone and player are in the parent process; here is only the client.
 */
import type { OpenAIRealtimeWebSocket } from '@openai/agents-realtime';
import type { Wire } from '../ear/wire.ts';
import { agentsWire, type AgentsSide } from './agents-wire.ts';
import type { BrowserOrder, BrowserReport } from './browser-messages.ts';
import { plainAgent, tableAgent } from './table-agent.ts';

let wire: Wire | undefined;
let side: AgentsSide | undefined;
let protocol = '';

function report(message: BrowserReport): void {
  process.send?.(message);
}

async function open({ url, key, agent }: BrowserOrder & { type: 'open' }): Promise<void> {
  const connect = agentsWire({
    url,
    key,
    agent: agent === 'tables' ? tableAgent() : plainAgent(),
    onSession: (opened) => (side = opened),
  });
  wire = await connect({
    opened: () => {
      const transport = side?.session.transport as OpenAIRealtimeWebSocket;
      protocol = transport.connectionState.websocket?.protocol ?? '';
      report({ type: 'opened' });
    },
    event: (event) => report({ type: 'event', event }),
    audio: (itemId, bytes) => report({ type: 'audio', itemId, bytes }),
    interrupted: () => report({ type: 'interrupted' }),
    failed: (error) => report({ type: 'failed', message: error.message }),
    closed: (code, reason) => {
      const dropped = side?.dropped ?? [];
      const errors = (side?.errors ?? []).map((error) => JSON.stringify(error));
      report({ type: 'closed', code, reason, dropped, errors, protocol });
    },
  });
  report({ type: 'ready' });
}

process.on('message', (order: BrowserOrder) => {
  switch (order.type) {
    case 'open':
      open(order).catch((error: unknown) => report({ type: 'failed', message: String(error) }));
      return;
    case 'send':
      wire?.send(order.event);
      return;
    case 'audio':
      wire?.sendAudio(order.bytes);
      return;
    case 'close':
      wire?.close();
  }
});
process.on('disconnect', () => process.exit(0));
