import { WebSocket } from 'ws';
import { audioOf, parseEvent, type Connect } from './wire.ts';

export interface OwnWireOptions {
  /** Complete URL of the Realtime endpoint, without the query. */
  readonly url: string;
  readonly agent?: string;
  readonly key?: string;
  /** Accept a certificate that nobody signed. */
  readonly insecure?: boolean;
  /** Told the id that a gateway gives to the call. */
  readonly onCallId?: (callId: string) => void;
}

/** The ear's own client: `ws` and nothing else. */
export function ownWire({ url, agent, key, insecure = false, onCallId }: OwnWireOptions): Connect {
  return (handlers) => {
    const address = new URL(url);
    if (agent !== undefined) address.searchParams.set('model', agent);
    const socket = new WebSocket(address, {
      perMessageDeflate: false,
      rejectUnauthorized: !insecure,
      headers: key === undefined ? {} : { Authorization: `Bearer ${key}` },
    });
    const opened = Promise.withResolvers<undefined>();
    socket.on('upgrade', ({ headers }) => {
      const callId = headers['parley-call-id'];
      if (typeof callId === 'string') onCallId?.(callId);
    });
    socket.on('open', () => {
      handlers.opened();
      opened.resolve(undefined);
    });
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) {
        handlers.failed(new TypeError('a binary message'));
        return;
      }
      const event = parseEvent(data.toString('utf8'));
      const audio = audioOf(event);
      handlers.event(event);
      if (audio !== null) handlers.audio(audio.itemId, audio.bytes);
    });
    socket.on('error', (error) => {
      opened.reject(error);
      handlers.failed(error);
    });
    socket.on('close', (code, reason) => {
      opened.reject(new Error(`closed with ${code} before it was open`));
      handlers.closed(code, reason.toString('utf8'));
    });
    return opened.promise.then(() => ({
      send: (event) => socket.send(JSON.stringify(event)),
      sendAudio: (bytes) => {
        const audio = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        const event = { type: 'input_audio_buffer.append', audio: audio.toString('base64') };
        if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(event));
      },
      close: () => socket.close(1000),
    }));
  };
}
