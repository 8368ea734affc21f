import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import { decodePcm16, encodePcm16 } from '../../src/audio/pcm16.ts';
import { levelOf } from './audible.ts';
import { parseEvent } from './wire.ts';

export interface EchoOptions {
  /** Silence that ends a turn, ms. */
  readonly silenceMs?: number;
  /** Wait before the answer, ms. */
  readonly answerDelayMs?: number;
  /** What it does to the audio it sends back. */
  readonly spoil?: (samples: Float32Array) => Float32Array;
  /** Stops an answer when the caller speaks over it. */
  readonly yields?: boolean;
}

export interface EchoServer {
  /** Of the Realtime endpoint. */
  readonly url: string;
  /** Client events other than audio, in order of arrival. */
  readonly received: readonly { readonly type: string; readonly [key: string]: unknown }[];
  close(): Promise<void>;
}

const frameSamples = 480;
const prefixFrames = 15;

/**
 * A small server of the Realtime wire that says back what it heard: enough to try the ear and a
 * caller on, and wrong in no way that they could hide behind. It detects speech by level.
 */
export async function startEchoServer(options: EchoOptions = {}): Promise<EchoServer> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  const received: { type: string; [key: string]: unknown }[] = [];
  server.on('headers', (headers) => headers.push('parley-call-id: call_echo'));
  server.on('connection', (socket) => {
    const call = new EchoCall(socket, options);
    socket.on('message', (data: Buffer) => {
      const event = parseEvent(data.toString('utf8'));
      if (event.type === 'input_audio_buffer.append') call.hear(String(event['audio']));
      else received.push(event);
      if (event.type === 'session.update') call.send({ type: 'session.updated', session: {} });
    });
    socket.on('close', () => call.stop());
  });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `ws://127.0.0.1:${port}/v1/realtime`,
    received,
    close: async () => {
      for (const client of server.clients) client.terminate();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Where in the caller's speech a call is. */
type Listening =
  | { readonly state: 'quiet' }
  | { readonly state: 'speaking'; readonly itemId: string; readonly from: number; quiet: number };

class EchoCall {
  readonly #socket: WebSocket;
  readonly #options: EchoOptions;
  readonly #frames: Float32Array[] = [];
  readonly #timers = new Set<NodeJS.Timeout>();
  #rest = new Float32Array(0);
  #listening: Listening = { state: 'quiet' };
  #answer: { readonly responseId: string; readonly itemId: string } | null = null;
  #count = 0;
  #previousItemId: string | null = null;

  constructor(socket: WebSocket, options: EchoOptions) {
    this.#socket = socket;
    this.#options = options;
    this.send({ type: 'session.created', session: { type: 'realtime' } });
  }

  send(event: { readonly type: string; readonly [key: string]: unknown }): void {
    this.#count += 1;
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#socket.send(JSON.stringify({ event_id: `event_${this.#count}`, ...event }));
  }

  hear(audio: string): void {
    const chunk = decodePcm16(Buffer.from(audio, 'base64'));
    const samples = new Float32Array(this.#rest.length + chunk.length);
    samples.set(this.#rest);
    samples.set(chunk, this.#rest.length);
    let at = 0;
    for (; at + frameSamples <= samples.length; at += frameSamples) {
      this.#frame(samples.slice(at, at + frameSamples));
    }
    this.#rest = samples.slice(at);
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #frame(frame: Float32Array): void {
    this.#frames.push(frame);
    const isSpeech = levelOf(frame) > -45;
    const listening = this.#listening;
    if (listening.state === 'quiet') {
      if (!isSpeech) return;
      const itemId = this.#id('item');
      const from = Math.max(0, this.#frames.length - prefixFrames);
      this.#listening = { state: 'speaking', itemId, from, quiet: 0 };
      this.send({
        type: 'input_audio_buffer.speech_started',
        item_id: itemId,
        audio_start_ms: from * 20,
      });
      if (this.#options.yields === true && this.#answer !== null) this.#cancel();
      return;
    }
    listening.quiet = isSpeech ? 0 : listening.quiet + 1;
    if (listening.quiet * 20 < (this.#options.silenceMs ?? 500)) return;
    this.#listening = { state: 'quiet' };
    this.#commit(listening.itemId, listening.from);
  }

  #commit(itemId: string, from: number): void {
    const content = [{ type: 'input_audio', transcript: null }];
    const item = { id: itemId, type: 'message', role: 'user', status: 'completed', content };
    const previous = { previous_item_id: this.#previousItemId };
    this.send({
      type: 'input_audio_buffer.speech_stopped',
      item_id: itemId,
      audio_end_ms: this.#frames.length * 20,
    });
    this.send({ type: 'input_audio_buffer.committed', item_id: itemId, ...previous });
    this.send({ type: 'conversation.item.added', item, ...previous });
    this.send({ type: 'conversation.item.done', item, ...previous });
    this.#previousItemId = itemId;
    const frames = this.#frames.slice(from);
    const samples = new Float32Array(frames.length * frameSamples);
    frames.forEach((frame, i) => samples.set(frame, i * frameSamples));
    this.#after(this.#options.answerDelayMs ?? 50, () => this.#say(samples));
  }

  #say(samples: Float32Array): void {
    const responseId = this.#id('resp');
    const itemId = this.#id('item');
    this.#answer = { responseId, itemId };
    const response = { id: responseId, object: 'realtime.response', conversation_id: 'conv_1' };
    const item = { id: itemId, type: 'message', role: 'assistant', status: 'in_progress' };
    this.send({
      type: 'response.created',
      response: { ...response, status: 'in_progress', output: [] },
    });
    const empty = { ...item, content: [] };
    this.send({
      type: 'response.output_item.added',
      response_id: responseId,
      output_index: 0,
      item: empty,
    });
    this.send({
      type: 'conversation.item.added',
      item: empty,
      previous_item_id: this.#previousItemId,
    });
    this.#previousItemId = itemId;
    this.send({
      type: 'response.content_part.added',
      ...this.#part(),
      part: { type: 'audio', transcript: '' },
    });
    const answer = this.#options.spoil?.(samples) ?? samples;
    // 100 ms of audio every 50 ms: faster than real time, in bursts.
    this.#stream(answer, 0, responseId);
  }

  #stream(samples: Float32Array, from: number, responseId: string): void {
    if (this.#answer?.responseId !== responseId) return;
    if (from >= samples.length) {
      this.#finish('completed');
      return;
    }
    const piece = samples.subarray(from, from + 2400);
    const delta = Buffer.from(encodePcm16(piece)).toString('base64');
    this.send({ type: 'response.output_audio.delta', ...this.#part(), delta });
    this.#after(50, () => this.#stream(samples, from + 2400, responseId));
  }

  #cancel(): void {
    this.#finish('cancelled');
  }

  #finish(status: 'completed' | 'cancelled'): void {
    if (this.#answer === null) return;
    const { responseId, itemId } = this.#answer;
    const itemStatus = status === 'completed' ? 'completed' : 'incomplete';
    const item = {
      id: itemId,
      type: 'message',
      role: 'assistant',
      status: itemStatus,
      content: [{ type: 'output_audio', transcript: 'echo' }],
    };
    const details = status === 'completed' ? null : { type: status, reason: 'turn_detected' };
    this.send({ type: 'response.output_audio.done', ...this.#part() });
    this.send({
      type: 'response.output_audio_transcript.done',
      ...this.#part(),
      transcript: 'echo',
    });
    this.send({
      type: 'response.content_part.done',
      ...this.#part(),
      part: { type: 'audio', transcript: 'echo' },
    });
    this.send({
      type: 'response.output_item.done',
      response_id: responseId,
      output_index: 0,
      item,
    });
    this.send({ type: 'conversation.item.done', item });
    this.send({
      type: 'response.done',
      response: {
        id: responseId,
        object: 'realtime.response',
        conversation_id: 'conv_1',
        status,
        status_details: details,
        output: [item],
      },
    });
    this.#answer = null;
  }

  #part(): Readonly<Record<string, unknown>> {
    return {
      response_id: this.#answer?.responseId,
      item_id: this.#answer?.itemId,
      output_index: 0,
      content_index: 0,
    };
  }

  #id(prefix: string): string {
    this.#count += 1;
    return `${prefix}_${this.#count}`;
  }

  #after(delayMs: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, delayMs);
    this.#timers.add(timer);
  }
}
