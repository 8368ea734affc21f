import { decodePcm16 } from '../audio/pcm16.ts';
import { samplesToMs } from '../audio/format.ts';
import { AudibleOnset } from '../audio/level.ts';
import type { TalkEvent } from './talk-socket.ts';
import type { TalkPlayer } from './talk-player.ts';

/** One exchange as the client saw it; ms since the call's start, `null` where it did not happen. */
export interface TalkTurn {
  /** End of the caller's speech, measured in the wave that was sent. */
  readonly userEndMs: number | null;
  /** Arrival of the answer's first audio. */
  readonly firstPacketMs: number | null;
  /** When the answer's first audible sample could be heard by a player without a buffer. */
  readonly firstAudioMs: number | null;
  readonly interrupted: boolean;
  /** What was said up to where playback ended; `null` when nobody transcribed it. */
  readonly heardText: string | null;
  readonly userText: string | null;
}

export interface TalkToolCall {
  readonly name: string;
  readonly arguments: string;
  readonly atMs: number;
}

/** What the fold needs to know of the caller's side. */
export interface TalkCaller {
  /**
   * Call time at which the caller's last speech ended. `audioMs` is a position in the audio that
   * was sent; `null` means everything sent until now.
   */
  speechEndMs(audioMs: number | null): number | null;
}

interface Turn {
  userEndMs: number | null;
  firstPacketMs: number | null;
  firstAudioMs: number | null;
  interrupted: boolean;
  userText: string | null;
  /** An answer has begun, whatever it holds. */
  answered: boolean;
  readonly answers: Answer[];
}

/** One spoken or written item of an answer. */
interface Answer {
  readonly itemId: string;
  /** Pieces of transcript, each with how much audio of the item had come before it, ms. */
  readonly pieces: { readonly text: string; readonly audioMs: number }[];
  audioMs: number;
  written: boolean;
}

interface OpenResponse {
  readonly turn: Turn;
  readonly onset: AudibleOnset;
  audioSamples: number;
}

/** Most exchanges kept (a count). */
const turnLimit = 10_000;

/**
 * Folds the events of a call, with the times at which they came, into exchanges. An answer belongs
 * to the last turn that had ended when it began. Plays the audio into the player it is given.
 */
export class TalkTurns {
  readonly #player: TalkPlayer;
  readonly #caller: TalkCaller;
  readonly #rateHz: number;
  readonly #turns: Turn[] = [];
  readonly #byItem = new Map<string, Turn>();
  readonly #open = new Map<string, OpenResponse>();
  readonly #tools: TalkToolCall[] = [];
  readonly #toolCallIds = new Set<string>();
  #last: Turn | null = null;
  #speaking = false;
  #lastEventMs = 0;

  constructor(player: TalkPlayer, caller: TalkCaller, rateHz: number) {
    this.#player = player;
    this.#caller = caller;
    this.#rateHz = rateHz;
  }

  /** Time of the last event that belongs to an exchange, ms. */
  get lastEventMs(): number {
    return this.#lastEventMs;
  }

  /** Nothing is under way: no speech, no answer, and the last turn has been answered. */
  get settled(): boolean {
    return !this.#speaking && this.#open.size === 0 && this.#last?.answered === true;
  }

  get tools(): readonly TalkToolCall[] {
    return this.#tools;
  }

  /** The exchanges as they stand at `atMs`. */
  turns(atMs: number): TalkTurn[] {
    return this.#turns.map((turn) => ({
      userEndMs: turn.userEndMs,
      firstPacketMs: turn.firstPacketMs,
      firstAudioMs: turn.firstAudioMs,
      interrupted: turn.interrupted,
      heardText: this.#heardText(turn.answers, atMs),
      userText: turn.userText,
    }));
  }

  /** The items of the caller's turns, in the same order. */
  get itemIds(): readonly string[] {
    return [...this.#byItem.keys()];
  }

  push(event: TalkEvent, atMs: number): void {
    const itemId = text(event['item_id']);
    switch (event.type) {
      case 'input_audio_buffer.speech_started':
        this.#speaking = true;
        break;
      case 'input_audio_buffer.speech_stopped':
        this.#speaking = false;
        this.#ended(itemId, number(event['audio_end_ms']));
        break;
      case 'input_audio_buffer.committed':
        this.#speaking = false;
        this.#ended(itemId, null);
        break;
      case 'conversation.item.input_audio_transcription.completed':
        this.#turnOf(itemId).userText = text(event['transcript']);
        break;
      case 'response.created':
        this.#created(object(event['response']));
        break;
      case 'response.output_audio.delta':
        this.#audio(event, itemId, atMs);
        break;
      case 'response.output_audio_transcript.delta':
      case 'response.output_text.delta':
        this.#text(event, itemId);
        break;
      // Tools that the server runs itself are in no response, only in the conversation.
      case 'response.output_item.done':
      case 'conversation.item.done':
        this.#tool(object(event['item']), atMs);
        break;
      case 'response.done':
        this.#done(object(event['response']));
        break;
      default:
        return;
    }
    this.#lastEventMs = atMs;
  }

  /** Playback of an item was stopped because the caller spoke. */
  stopped(itemId: string): void {
    for (const turn of this.#turns) {
      if (turn.answers.some((answer) => answer.itemId === itemId)) turn.interrupted = true;
    }
  }

  #ended(itemId: string, audioEndMs: number | null): void {
    const turn = this.#turnOf(itemId);
    this.#last = turn;
    turn.userEndMs ??= this.#caller.speechEndMs(audioEndMs);
  }

  #turnOf(itemId: string): Turn {
    const known = this.#byItem.get(itemId);
    if (known !== undefined) return known;
    const turn: Turn = {
      userEndMs: null,
      firstPacketMs: null,
      firstAudioMs: null,
      interrupted: false,
      userText: null,
      answered: false,
      answers: [],
    };
    if (this.#turns.length < turnLimit) {
      this.#turns.push(turn);
      this.#byItem.set(itemId, turn);
    }
    return turn;
  }

  /** Out of band (no conversation) nothing is said to the caller. */
  #created(response: Readonly<Record<string, unknown>>): void {
    if (this.#last === null || response['conversation_id'] === null) return;
    const onset = new AudibleOnset(this.#rateHz);
    this.#last.answered = true;
    this.#open.set(text(response['id']), { turn: this.#last, onset, audioSamples: 0 });
  }

  #audio(event: TalkEvent, itemId: string, atMs: number): void {
    const received = Buffer.from(text(event['delta']), 'base64');
    const bytes = received.subarray(0, received.length - (received.length % 2));
    const samples = decodePcm16(bytes);
    const playedFromMs = this.#player.push(itemId, samples, atMs);
    const open = this.#open.get(text(event['response_id']));
    if (open === undefined) return;
    open.turn.firstPacketMs ??= atMs;
    const onset = open.onset.push(bytes);
    if (onset !== null) {
      const intoPacketMs = samplesToMs(onset - open.audioSamples, this.#rateHz);
      // The player counts in whole samples; a packet is never heard before it came.
      const heardMs = playedFromMs - this.#player.bufferMs + intoPacketMs;
      open.turn.firstAudioMs ??= Math.max(heardMs, atMs);
    }
    open.audioSamples += samples.length;
    answerOf(open.turn, itemId).audioMs += samplesToMs(samples.length, this.#rateHz);
  }

  #text(event: TalkEvent, itemId: string): void {
    const open = this.#open.get(text(event['response_id']));
    if (open === undefined) return;
    const answer = answerOf(open.turn, itemId);
    answer.written ||= event.type === 'response.output_text.delta';
    answer.pieces.push({ text: text(event['delta']), audioMs: answer.audioMs });
  }

  #tool(item: Readonly<Record<string, unknown>>, atMs: number): void {
    if (item['type'] !== 'function_call') return;
    const callId = text(item['call_id']);
    if (this.#toolCallIds.has(callId)) return;
    this.#toolCallIds.add(callId);
    const call = { name: text(item['name']), arguments: text(item['arguments']), atMs };
    if (this.#tools.length < turnLimit) this.#tools.push(call);
  }

  #done(response: Readonly<Record<string, unknown>>): void {
    const id = text(response['id']);
    const reason = object(response['status_details'])['reason'];
    const open = this.#open.get(id);
    if (open !== undefined && response['status'] === 'cancelled' && reason === 'turn_detected') {
      open.turn.interrupted = true;
    }
    this.#open.delete(id);
  }

  /** Transcript whose audio had begun to play, and all of what is only written. */
  #heardText(answers: readonly Answer[], atMs: number): string | null {
    const heard = answers.map(({ itemId, pieces, written }) => {
      const playedMs = this.#player.playedMs(itemId, atMs);
      return pieces.filter((piece) => written || piece.audioMs < playedMs);
    });
    const words = heard.flat().map((piece) => piece.text);
    return answers.some((answer) => answer.pieces.length > 0) ? words.join('') : null;
  }
}

function answerOf(turn: Turn, itemId: string): Answer {
  const known = turn.answers.find((answer) => answer.itemId === itemId);
  if (known !== undefined) return known;
  const answer: Answer = { itemId, pieces: [], audioMs: 0, written: false };
  turn.answers.push(answer);
  return answer;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function number(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

function object(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
