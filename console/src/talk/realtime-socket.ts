import { fromBase64, toBase64 } from './pcm.ts';

/** What a call's socket tells; bytes are PCM16 at the wire's rate. */
export interface SocketListener {
  /** The session is there; its id tells the call's. */
  created(callId: string): void;
  audio(itemId: string, bytes: Uint8Array): void;
  /** The agent was cut: nothing more of what it said counts. */
  cut(): void;
  failed(message: string): void;
  closed(reason: string): void;
}

export interface SocketTarget {
  readonly agent: string;
  /** Empty where the gateway wants none. */
  readonly key: string;
}

interface ServerEvent {
  readonly type: string;
  readonly session?: { readonly id: string };
  readonly item_id?: string;
  readonly delta?: string;
  readonly response?: { readonly status: string };
  readonly error?: { readonly message: string };
}

/** Most bytes that may wait to be sent; audio beyond is dropped and counted. */
const unsentLimitBytes = 1024 * 1024;

/** One call over the OpenAI Realtime API, as the browser speaks it. */
export class RealtimeSocket {
  readonly #socket: WebSocket;
  readonly #listener: SocketListener;
  #droppedChunks = 0;

  constructor({ agent, key }: SocketTarget, listener: SocketListener) {
    this.#listener = listener;
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    const url = `${scheme}://${location.host}/v1/realtime?model=${encodeURIComponent(agent)}`;
    const secret = key === '' ? [] : [`openai-insecure-api-key.${key}`];
    this.#socket = new WebSocket(url, ['realtime', ...secret]);
    this.#socket.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (typeof data === 'string') this.#event(JSON.parse(data) as ServerEvent);
    };
    this.#socket.onclose = ({ code, reason }) => {
      listener.closed(reason === '' && code !== 1000 ? closeText(code) : reason);
    };
  }

  /** Chunks of the microphone that were not sent because too much was waiting. */
  get droppedChunks(): number {
    return this.#droppedChunks;
  }

  append(bytes: Uint8Array): void {
    if (this.#socket.bufferedAmount > unsentLimitBytes) {
      this.#droppedChunks += 1;
      return;
    }
    this.#send({ type: 'input_audio_buffer.append', audio: toBase64(bytes) });
  }

  playback(itemId: string, playedMs: number): void {
    this.#send({ type: 'parley.playback', item_id: itemId, content_index: 0, played_ms: playedMs });
  }

  /** Asks for the caller's words, where the backend writes them down. */
  transcribe(): void {
    const transcription = { model: 'gpt-4o-mini-transcribe' };
    const session = { type: 'realtime', audio: { input: { transcription } } };
    this.#send({ type: 'session.update', session });
  }

  interrupt(): void {
    this.#send({ type: 'parley.interrupt' });
  }

  mute(muted: boolean): void {
    this.#send({ type: 'parley.mute', muted });
  }

  /** Whether the browser takes the agent's voice out of the microphone. */
  echoCancellation(active: boolean): void {
    this.#send({ type: 'parley.echo_cancellation', active });
  }

  close(): void {
    this.#socket.close(1000);
  }

  #send(event: Readonly<Record<string, unknown>>): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(event));
  }

  #event(event: ServerEvent): void {
    switch (event.type) {
      case 'session.created':
        this.#listener.created((event.session?.id ?? '').replace(/^sess_/, 'call_'));
        return;
      case 'response.output_audio.delta':
        this.#listener.audio(event.item_id ?? '', fromBase64(event.delta ?? ''));
        return;
      case 'response.done':
        if (event.response?.status === 'cancelled') this.#listener.cut();
        return;
      case 'input_audio_buffer.speech_started':
        this.#listener.cut();
        return;
      case 'error':
        this.#listener.failed(event.error?.message ?? 'The server reported an error.');
        return;
    }
  }
}

function closeText(code: number): string {
  return code === 1006 ? 'The connection was refused or lost.' : `The call ended (${code}).`;
}
