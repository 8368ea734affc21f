import { OpenAI } from 'openai';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import type { RealtimeClientEvent } from 'openai/resources/realtime/realtime';
import { audioOf, type Connect, type ServerEvent } from '../ear/wire.ts';

export interface OpenAiWireOptions {
  /** `https://…` of the gateway; the client makes `wss://…/v1/realtime` of it by itself. */
  readonly url: string;
  readonly model: string;
  readonly key?: string;
  /** The certificate to trust, PEM: the client speaks TLS and nothing else. */
  readonly ca: string;
  /** Told the id that a gateway gives to the call. */
  readonly onCallId?: (callId: string) => void;
}

/**
 * The `openai` package's own Realtime client (`realtime/ws`), changed in nothing but its base URL
 * and the certificate that it trusts. What reaches the ear is what the package gave to its typed
 * listeners.
 */
export function openAiWire(options: OpenAiWireOptions): Connect {
  const { url, model, key = 'sk-test', ca, onCallId } = options;
  return async (handlers) => {
    const client = new OpenAI({ apiKey: key, baseURL: `${url}/v1` });
    const realtime = new OpenAIRealtimeWS({ model, options: { ca } }, client);
    const opened = Promise.withResolvers<undefined>();
    realtime.socket.on('upgrade', ({ headers }) => {
      const callId = headers['parley-call-id'];
      if (typeof callId === 'string') onCallId?.(callId);
    });
    realtime.socket.on('open', () => {
      handlers.opened();
      opened.resolve(undefined);
    });
    realtime.socket.on('close', (code, reason) => {
      opened.reject(new Error(`closed with ${code} before it was open`));
      handlers.closed(code, reason.toString('utf8'));
    });
    // An `error` event of the server also reaches `event`; only the client's own errors are ours.
    realtime.on('error', (error) => {
      if (error.error !== undefined) return;
      opened.reject(error);
      handlers.failed(error);
    });
    realtime.on('event', (event) => handlers.event(event as unknown as ServerEvent));
    realtime.on('response.output_audio.delta', (event) => {
      const audio = audioOf(event as unknown as ServerEvent);
      if (audio !== null) handlers.audio(audio.itemId, audio.bytes);
    });
    await opened.promise;
    return {
      send: (event) => realtime.send(event as unknown as RealtimeClientEvent),
      sendAudio: (bytes) => {
        const audio = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        if (realtime.socket.readyState !== realtime.socket.OPEN) return;
        realtime.send({ type: 'input_audio_buffer.append', audio: audio.toString('base64') });
      },
      close: () => realtime.close(),
    };
  };
}
