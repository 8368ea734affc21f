import type { Clock, Timer } from '../../src/time/clock.ts';
import { answerSound, bytesPerMs, countedSound, wordMs, type WireFormat } from './answer-sound.ts';
import type { Conversation, RememberedItem } from './conversation.ts';
import type { McpRun } from './mcp-run.ts';
import type { ScriptedAnswer } from './options.ts';
import type { SayRule } from './said.ts';
import { shownFormat } from './session-state.ts';
import { steadyFrameMs, SteadyFrames } from './steady-frames.ts';

/** A server event before it has its id. */
export type Outgoing = { readonly type: string } & Readonly<Record<string, unknown>>;

export interface ResponseRequest {
  readonly responseId: string;
  readonly outOfBand: boolean;
  readonly modality: 'audio' | 'text';
  readonly format: WireFormat;
  readonly voice: string;
  readonly maxOutputTokens: number | 'inf';
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly answer:
    | Exclude<
        ScriptedAnswer,
        { readonly count: number } | { readonly rule: SayRule } | { readonly mcp: object }
      >
    | { readonly run: McpRun }
    | { readonly counted: readonly number[] }
    | { readonly steady: true };
  /** Until the first audio, ms. */
  readonly firstAudioMs: number;
  readonly pieceMs: number;
  readonly realTimeFactor: number;
  /** It ends as failed, before it says anything. */
  readonly failure: { readonly code: string; readonly message: string } | null;
}

export interface ResponseHost {
  readonly clock: Clock;
  readonly conversation: Conversation;
  readonly newId: (prefix: string) => string;
  readonly send: (event: Outgoing) => void;
  /** Text that is already JSON: the steady frames. */
  readonly sendText: (text: string) => void;
  /** Audio goes out now; `false` = something went wrong there and nothing more is said. */
  readonly onAudio: (audioMs: number) => boolean;
  readonly onDone: (response: GeneratedResponse) => void;
}

type Status = 'in_progress' | 'completed' | 'cancelled' | 'incomplete' | 'failed';

/** One response, from `response.created` to `response.done`, in the vendor's order of events. */
export class GeneratedResponse {
  readonly request: ResponseRequest;
  readonly item: RememberedItem;
  readonly #host: ResponseHost;
  readonly #outputIndex = 0;
  #timer: Timer | null = null;
  #nextAtMs: number;
  #status: Status = 'in_progress';
  #reason: string | null = null;
  #opened = false;
  /** Text sent so far. */
  #said = '';
  /** Whole answer's sound and how much of it was sent. */
  #sound: Buffer = Buffer.alloc(0);
  #sentBytes = 0;
  #words: readonly string[] = [];
  #deltas: readonly string[] | null = null;
  #wordMs = wordMs;
  #wordsSaid = 0;

  constructor(request: ResponseRequest, host: ResponseHost) {
    this.request = request;
    this.#host = host;
    const tool = 'tool' in request.answer ? request.answer.tool : null;
    const run = 'run' in request.answer ? request.answer.run : null;
    this.item = run?.item ?? {
      id: host.newId('item'),
      type: tool === null ? 'message' : 'function_call',
      role: tool === null ? 'assistant' : null,
      status: 'in_progress',
      text: '',
      audioMs: null,
      callId: tool === null ? null : host.newId('call'),
      name: tool?.name ?? null,
    };
    this.#nextAtMs = host.clock.nowMs();
  }

  start(): void {
    const { answer, firstAudioMs, modality, format, failure } = this.request;
    this.#host.send({ type: 'response.created', response: this.#shown(null) });
    if (failure !== null) {
      this.#at(firstAudioMs, () => this.#finish('failed', null));
      return;
    }
    if ('steady' in answer) {
      this.#at(firstAudioMs, () => this.#startSteady());
      return;
    }
    if ('tool' in answer) {
      this.#at(firstAudioMs, () => this.#callTool(answer.tool.arguments));
      return;
    }
    if ('run' in answer) {
      this.#at(firstAudioMs, () => this.#runTool(answer.run));
      return;
    }
    if ('counted' in answer) {
      this.#words = answer.counted.map(String);
      this.#sound = countedSound(answer.counted, format);
      this.#wordMs = this.#sound.byteLength / bytesPerMs(format) / this.#words.length;
    } else {
      this.#words = answer.text.split(/\s+/).filter((word) => word !== '');
      this.#deltas = answer.deltas ?? null;
      if (modality === 'audio') this.#sound = answer.sound ?? answerSound(answer.text, format);
    }
    this.#at(firstAudioMs, () => {
      this.#open();
      if (modality === 'audio') this.#piece();
      else this.#write();
    });
  }

  /** Ends it before its time: open parts are closed, the item stays incomplete. */
  cancel(reason: 'client_cancelled' | 'turn_detected'): void {
    this.#timer?.cancel();
    if (this.#opened) this.#closeParts('incomplete');
    this.#finish('cancelled', reason);
  }

  /** Nothing more is said, not even that it is over. */
  stop(): void {
    this.#timer?.cancel();
  }

  /** Drift-free: the next step is counted from when this one was due. */
  #at(afterMs: number, step: () => void): void {
    this.#nextAtMs += afterMs;
    this.#timer = this.#host.clock.timerAt(this.#nextAtMs, step);
  }

  #ids(): { response_id: string; item_id: string; output_index: number; content_index: number } {
    return {
      response_id: this.request.responseId,
      item_id: this.item.id,
      output_index: this.#outputIndex,
      content_index: 0,
    };
  }

  #open(): void {
    const { host, request } = { host: this.#host, request: this.request };
    const { responseId } = request;
    this.#opened = true;
    host.send({
      type: 'response.output_item.added',
      response_id: responseId,
      output_index: this.#outputIndex,
      item: this.#shownItem(),
    });
    if (!request.outOfBand) {
      const previous = host.conversation.add(this.item);
      host.send({
        type: 'conversation.item.added',
        item: this.#shownItem(),
        previous_item_id: previous,
      });
    }
    if (this.item.type !== 'message') return;
    host.send({ type: 'response.content_part.added', ...this.#ids(), part: this.#part('') });
  }

  #part(text: string): object {
    return this.request.modality === 'audio'
      ? { type: 'audio', transcript: text }
      : { type: 'text', text };
  }

  #piece(): void {
    const { format, pieceMs, realTimeFactor } = this.request;
    const perMs = bytesPerMs(format);
    const fromMs = this.#sentBytes / perMs;
    if (!this.#host.onAudio(fromMs)) return;
    if (this.#sentBytes >= this.#sound.byteLength) {
      this.#closeParts('completed');
      this.#finish('completed', null);
      return;
    }
    const wordsDue = Math.min(this.#words.length, Math.ceil((fromMs + pieceMs) / this.#wordMs));
    while (this.#wordsSaid < wordsDue) this.#say('response.output_audio_transcript.delta');
    const endByte = Math.min(this.#sound.byteLength, this.#sentBytes + pieceMs * perMs);
    const delta = this.#sound.subarray(this.#sentBytes, endByte).toString('base64');
    this.#sentBytes = endByte;
    this.item.audioMs = endByte / perMs;
    this.#host.send({ type: 'response.output_audio.delta', ...this.#ids(), delta });
    this.#at(pieceMs / realTimeFactor, () => this.#piece());
  }

  #write(): void {
    if (this.#wordsSaid >= this.#words.length) {
      this.#closeParts('completed');
      this.#finish('completed', null);
      return;
    }
    this.#say('response.output_text.delta');
    this.#at(80 / this.request.realTimeFactor, () => this.#write());
  }

  #say(type: string): void {
    const word = this.#words[this.#wordsSaid] ?? '';
    const spaced = this.#wordsSaid === 0 ? word : ` ${word}`;
    const delta = this.#deltas?.[this.#wordsSaid] ?? spaced;
    this.#wordsSaid += 1;
    this.#said += delta;
    this.item.text = this.#said;
    this.#host.send({ type, ...this.#ids(), delta, obfuscation: 'kX3v' });
  }

  #startSteady(): void {
    this.#open();
    const frames = new SteadyFrames(this.request.format, this.#ids(), this.#host.newId);
    const next = (): void => {
      this.item.audioMs = (this.item.audioMs ?? 0) + steadyFrameMs;
      this.#host.sendText(frames.next());
      this.#at(steadyFrameMs, next);
    };
    next();
  }

  #callTool(args: string): void {
    this.#open();
    const { response_id, item_id, output_index } = this.#ids();
    const ids = { response_id, item_id, output_index, call_id: this.item.callId };
    const half = Math.ceil(args.length / 2);
    for (const delta of [args.slice(0, half), args.slice(half)]) {
      if (delta === '') continue;
      this.#host.send({ type: 'response.function_call_arguments.delta', ...ids, delta });
    }
    this.item.text = args;
    this.#host.send({
      type: 'response.function_call_arguments.done',
      ...ids,
      name: this.item.name,
      arguments: args,
    });
    this.#closeParts('completed');
    this.#finish('completed', null);
  }

  /** A call that this server runs itself, or asks to be allowed to. */
  #runTool(run: McpRun): void {
    this.#open();
    const { response_id, item_id, output_index } = this.#ids();
    run.start({ response_id, item_id, output_index }, () => {
      this.#closeParts('completed');
      this.#finish('completed', null);
    });
  }

  #closeParts(status: 'completed' | 'incomplete'): void {
    const host = this.#host;
    this.item.status = status;
    if (this.item.type === 'message') {
      if (this.request.modality === 'audio') {
        host.send({ type: 'response.output_audio.done', ...this.#ids() });
        host.send({
          type: 'response.output_audio_transcript.done',
          ...this.#ids(),
          transcript: this.#said,
        });
      } else {
        host.send({ type: 'response.output_text.done', ...this.#ids(), text: this.#said });
      }
      host.send({
        type: 'response.content_part.done',
        ...this.#ids(),
        part: this.#part(this.#said),
      });
    }
    host.send({
      type: 'response.output_item.done',
      response_id: this.request.responseId,
      output_index: this.#outputIndex,
      item: this.#shownItem(),
    });
    if (this.request.outOfBand) return;
    host.send({ type: 'conversation.item.done', item: this.#shownItem(), previous_item_id: null });
  }

  #finish(status: Exclude<Status, 'in_progress'>, reason: string | null): void {
    this.#status = status;
    this.#reason = reason;
    const response = this.#shown(this.#usage());
    this.#host.onDone(this);
    this.#host.send({ type: 'response.done', response });
    this.#host.send({
      type: 'rate_limits.updated',
      rate_limits: [{ name: 'tokens', limit: 40_000, remaining: 39_000, reset_seconds: 1.5 }],
    });
  }

  #usage(): object {
    const audioTokens = Math.ceil((this.item.audioMs ?? 0) / 50);
    const textTokens = this.#said.length >> 2;
    const heard = this.#host.conversation.items.filter(({ role }) => role === 'user');
    const inputAudio = heard.reduce((sum, { audioMs }) => sum + Math.ceil((audioMs ?? 0) / 100), 0);
    return {
      total_tokens: inputAudio + 32 + audioTokens + textTokens,
      input_tokens: inputAudio + 32,
      output_tokens: audioTokens + textTokens,
      input_token_details: {
        text_tokens: 32,
        audio_tokens: inputAudio,
        image_tokens: 0,
        cached_tokens: 16,
        cached_tokens_details: { text_tokens: 16, audio_tokens: 0, image_tokens: 0 },
      },
      output_token_details: { text_tokens: textTokens, audio_tokens: audioTokens },
    };
  }

  #shown(usage: object | null): object {
    const { responseId, outOfBand, modality, format, voice, maxOutputTokens, metadata, failure } =
      this.request;
    const details =
      this.#status === 'failed'
        ? { type: 'failed', error: { type: 'server_error', ...failure } }
        : this.#reason === null
          ? null
          : { type: this.#status, reason: this.#reason };
    return {
      object: 'realtime.response',
      id: responseId,
      status: this.#status,
      status_details: details,
      output: this.#status === 'in_progress' || !this.#opened ? [] : [this.#shownItem()],
      conversation_id: outOfBand ? null : 'conv_1',
      output_modalities: [modality],
      max_output_tokens: maxOutputTokens,
      audio: { output: { format: shownFormat(format), voice } },
      usage,
      metadata,
    };
  }

  #shownItem(): object {
    const { id, status, type, callId, name, text, mcp } = this.item;
    if (mcp !== undefined) return { id, type, ...mcp };
    const base = { id, object: 'realtime.item', type, status };
    if (type === 'function_call') return { ...base, call_id: callId, name, arguments: text };
    const content =
      status === 'in_progress'
        ? []
        : this.request.modality === 'audio'
          ? [{ type: 'output_audio', transcript: this.#said }]
          : [{ type: 'output_text', text: this.#said }];
    return { ...base, role: 'assistant', content };
  }
}
