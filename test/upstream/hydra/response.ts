import type { Clock, Timer } from '../../../src/time/clock.ts';
import { countedSpeech } from '../../ear/counted-speech.ts';
import type { HydraAnswer } from './options.ts';

/** A server event before it has its id. */
export type Outgoing = { readonly type: string } & Readonly<Record<string, unknown>>;

/** How a response ends. */
export interface Ending {
  readonly status: string;
  readonly reason?: string;
}

export interface HydraResponseOptions {
  readonly responseId: string;
  readonly itemId: string;
  readonly answer: HydraAnswer;
  /** First word of a counted answer. */
  readonly firstNumber: number;
  readonly rateHz: number;
  /** Until the first audio, ms. */
  readonly firstAudioMs: number;
  readonly pieceMs: number;
  readonly realTimeFactor: number;
  /** It ends like this, before it says anything. */
  readonly ending: Ending | null;
  readonly clock: Clock;
  readonly newId: (prefix: string) => string;
  readonly send: (event: Outgoing) => void;
  /** Audio goes out now; `false` = something went wrong there and nothing more is said. */
  readonly onAudio: (audioMs: number) => boolean;
  readonly onTools: (callIds: readonly string[]) => void;
  readonly onDone: () => void;
}

/** Length of one counted word, ms. */
const wordMs = 260;

/** One response, from `response.created` to `response.done`, in the vendor's order of events. */
export class HydraResponse {
  readonly #options: HydraResponseOptions;
  readonly #sound: Buffer;
  #sentBytes = 0;
  #timer: Timer | null = null;
  #nextAtMs: number;

  constructor(options: HydraResponseOptions) {
    this.#options = options;
    this.#nextAtMs = options.clock.nowMs();
    const { answer, firstNumber, rateHz } = options;
    this.#sound =
      'words' in answer
        ? pcm16(countedSpeech({ firstNumber, words: answer.words, rateHz }).samples)
        : Buffer.alloc(0);
  }

  get responseId(): string {
    return this.#options.responseId;
  }

  /** Words whose sound has been sent, begun ones too. */
  get wordsSaid(): number {
    return Math.ceil(this.#sentMs / wordMs);
  }

  start(): void {
    const { answer, ending, firstAudioMs, itemId, send } = this.#options;
    send({
      type: 'response.created',
      response: { id: this.responseId, status: 'in_progress' },
    });
    this.#at(firstAudioMs, () => {
      if (ending !== null) {
        this.finish(ending);
        return;
      }
      const item = { id: itemId, type: 'message', role: 'assistant', status: 'in_progress' };
      send({ type: 'conversation.item.added', item });
      if ('tools' in answer) this.#callTools(answer.tools);
      else this.#piece();
    });
  }

  /** Ends it now, however far it is. */
  finish({ status, reason }: Ending): void {
    this.stop();
    const { answer, itemId, onDone, send } = this.#options;
    const itemStatus = status === 'completed' ? 'completed' : 'incomplete';
    if ('words' in answer && this.#sentBytes > 0) {
      send({ type: 'response.output_audio.done', ...this.#ids() });
    }
    const item = { id: itemId, type: 'message', role: 'assistant', status: itemStatus };
    send({ type: 'conversation.item.done', item });
    onDone();
    send({
      type: 'response.done',
      response: {
        id: this.responseId,
        status,
        ...(reason === undefined ? {} : { status_details: { reason } }),
        usage: { input_tokens: 40, output_tokens: this.wordsSaid, total_tokens: 40 },
      },
    });
  }

  /** Sends this much more, though it was interrupted. */
  straggle(pieces: number): void {
    for (let i = 0; i < pieces; i += 1) this.#sendPiece();
  }

  /** Nothing more is said, not even that it is over. */
  stop(): void {
    this.#timer?.cancel();
  }

  get #sentMs(): number {
    return (this.#sentBytes * 1000) / (this.#options.rateHz * 2);
  }

  #piece(): void {
    const { onAudio, pieceMs, realTimeFactor } = this.#options;
    if (!onAudio(this.#sentMs)) return;
    if (this.#sentBytes >= this.#sound.byteLength) {
      this.finish({ status: 'completed' });
      return;
    }
    this.#sendPiece();
    this.#at(pieceMs / realTimeFactor, () => this.#piece());
  }

  #sendPiece(): void {
    const { pieceMs, rateHz, send } = this.#options;
    const to = this.#sentBytes + 2 * Math.round((pieceMs * rateHz) / 1000);
    const delta = this.#sound.subarray(this.#sentBytes, to).toString('base64');
    this.#sentBytes = Math.min(to, this.#sound.byteLength);
    send({ type: 'response.output_audio.delta', ...this.#ids(), delta });
  }

  #callTools(tools: readonly { readonly name: string; readonly arguments: string }[]): void {
    const { newId, onTools, send } = this.#options;
    const callIds: string[] = [];
    for (const { name, arguments: args } of tools) {
      const call = { ...this.#ids(), call_id: newId('call'), name };
      callIds.push(call.call_id);
      const half = Math.ceil(args.length / 2);
      for (const delta of [args.slice(0, half), args.slice(half)]) {
        send({ type: 'response.function_call_arguments.delta', ...call, delta });
      }
      send({ type: 'response.function_call_arguments.done', ...call, arguments: args });
    }
    onTools(callIds);
    this.finish({ status: 'completed' });
  }

  #ids(): { response_id: string; item_id: string; output_index: number; content_index: number } {
    const { itemId } = this.#options;
    return { response_id: this.responseId, item_id: itemId, output_index: 0, content_index: 0 };
  }

  /** Drift-free: the next step is counted from when this one was due. */
  #at(afterMs: number, step: () => void): void {
    this.#nextAtMs += afterMs;
    this.#timer = this.#options.clock.timerAt(this.#nextAtMs, step);
  }
}

function pcm16(samples: Float32Array): Buffer {
  const bytes = Buffer.alloc(samples.length * 2);
  for (const [i, sample] of samples.entries()) {
    bytes.writeInt16LE(Math.round(sample * 32_767), i * 2);
  }
  return bytes;
}
