import {
  OpenAIRealtimeWebSocket,
  RealtimeSession,
  type RealtimeAgent,
} from '@openai/agents-realtime';
import { parseEvent, type Connect, type ServerEvent } from '../ear/wire.ts';

/** What the SDK makes of a call, beside what the ear hears. */
export interface AgentsSide {
  readonly session: RealtimeSession;
  /** Types of server events that the SDK did not pass on: each is an event it would lose. */
  readonly dropped: string[];
  /** What the SDK calls an error. */
  readonly errors: unknown[];
}

export interface AgentsWireOptions {
  /** Complete URL of the Realtime endpoint, with `?model=`: the SDK adds nothing. */
  readonly url: string;
  readonly agent: RealtimeAgent;
  readonly key?: string;
  /** Takes the SDK's session as soon as it exists. */
  readonly onSession?: (side: AgentsSide) => void;
}

/**
 * `@openai/agents-realtime` with its WebSocket transport and session, changed in nothing but the
 * URL. The SDK gives every message to `*` listeners before it checks it, and to the listeners of
 * its type only when the check succeeds; what comes to one and not to the other is dropped.
 */
export function agentsWire({ url, agent, key = 'sk-test', onSession }: AgentsWireOptions): Connect {
  return async (handlers) => {
    const transport = new OpenAIRealtimeWebSocket({ url, useInsecureApiKey: true });
    const session = new RealtimeSession(agent, { transport, tracingDisabled: true });
    const side: AgentsSide = { session, dropped: [], errors: [] };
    onSession?.(side);
    const waiting: string[] = [];
    const listened = new Set<string>();
    let audioItemId = '';
    transport.on('*', (raw: ServerEvent) => {
      // A message is checked before the next one comes.
      side.dropped.push(...waiting.splice(0));
      const event = parseEvent(JSON.stringify(raw));
      if (!listened.has(event.type)) {
        listened.add(event.type);
        transport.on(event.type, () => waiting.splice(0));
      }
      waiting.push(event.type);
      if (event.type === 'response.output_audio.delta') audioItemId = String(event['item_id']);
      handlers.event(event);
    });
    session.on('audio', ({ data }) => handlers.audio(audioItemId, new Uint8Array(data)));
    session.on('audio_interrupted', () => handlers.interrupted());
    session.on('error', ({ error }) => side.errors.push(error));
    transport.on('connection_change', (status) => {
      if (status === 'connected') handlers.opened();
      if (status === 'disconnected') handlers.closed(1000, 'disconnected');
    });
    await session.connect({ apiKey: key });
    return {
      send: (event) => transport.sendEvent(event),
      sendAudio: (bytes) => {
        // The SDK asks for a buffer that holds nothing else.
        if (transport.status === 'connected') session.sendAudio(new Uint8Array(bytes).buffer);
      },
      close: () => {
        side.dropped.push(...waiting.splice(0));
        session.close();
      },
    };
  };
}
