import { createOpenAiRealtimeClient } from '../../../adapters/clients/openai-realtime/index.ts';
import { createCall } from '../../../src/call/call.ts';
import type { Call } from '../../../src/call/running.ts';
import type { CallOptions } from '../../../src/call/options.ts';
import type { SocketHandlers } from '../../../src/ports/socket.ts';
import { audioOf, parseEvent, type Connect } from '../../ear/wire.ts';

export interface MemoryWireOptions {
  readonly call: CallOptions;
  /** Time under way, each direction, ms. */
  readonly oneWayMs: number;
  /** Takes the call as soon as it exists. */
  readonly onCall: (call: Call) => void;
}

/**
 * The Realtime client adapter and a call, with nothing between them and the ear but time on the
 * call's own clock: what a socket does without a socket.
 */
export function memoryWire({ call: options, oneWayMs, onCall }: MemoryWireOptions): Connect {
  const { clock, ids, log } = options;
  const later = (act: () => void): void => void clock.timerAt(clock.nowMs() + oneWayMs, act);
  return (handlers) => {
    let server: SocketHandlers | undefined;
    const call = createCall(options);
    onCall(call);
    handlers.opened();
    const request = {
      path: '/v1/realtime',
      query: new URLSearchParams(),
      headers: {},
      subprotocols: [],
    };
    const close = (code: number, reason: string): void => {
      handlers.closed(code, reason);
      server?.closed(code, reason);
    };
    const show = (text: string): void =>
      later(() => {
        const event = parseEvent(text);
        const audio = audioOf(event);
        handlers.event(event);
        if (audio !== null) handlers.audio(audio.itemId, audio.bytes);
        // A client that stopped its agent plays no more of it.
        if (event.type === 'response.done' && JSON.stringify(event).includes('"cancelled"')) {
          handlers.interrupted();
        }
      });
    createOpenAiRealtimeClient({ clock, ids, log }).serve(
      {
        unsentBytes: 0,
        listen: (listener) => (server = listener),
        sendText: (...parts) => show(parts.join('')),
        sendAscii: (...parts) => show(parts.join('')),
        sendBinary: () => undefined,
        hold: () => undefined,
        close,
      },
      call,
      request,
    );
    server?.pong(2 * oneWayMs);
    const send = (event: object): void => {
      const message = Buffer.from(JSON.stringify(event));
      later(() => server?.text(message));
    };
    return Promise.resolve({
      send,
      sendAudio: (bytes) =>
        send({
          type: 'input_audio_buffer.append',
          audio: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64'),
        }),
      close: () => close(1000, ''),
    });
  };
}
