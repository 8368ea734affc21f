import { Director } from '../dialogues/director.ts';
import type { GeneratorParameters } from '../dialogues/parameters.ts';
import type { PlayedDialogue } from '../scoring/observed.ts';
import { CallerChannel } from '../sound/caller-channel.ts';
import { playablePart } from '../playable-part.ts';
import type { ExchangeSounds } from '../sound/dialogue-sounds.ts';
import { soundRateHz } from '../sound/fragment.ts';
import { encodePcm16 } from '../../../src/audio/pcm16.ts';
import { createResampler, type Resampler } from '../../../src/audio/resampler.ts';
import type { Clock } from '../../../src/time/clock.ts';
import { ownWire } from '../../../test/ear/own-wire.ts';
import type { ServerEvent, Wire } from '../../../test/ear/wire.ts';
import { agentName, wireRateHz, type GatewayDialogue } from './dialogue-gateway.ts';
import { LineWatch } from './line-watch.ts';

const pieceMs = 20;
const pieceSamples = (soundRateHz * pieceMs) / 1000;
/** A dialogue that does not end is ended, ms. */
const longestMs = 240_000;
const noEcho = new Float32Array(0);

export interface DialogueCallOptions {
  readonly url: string;
  readonly dialogue: GatewayDialogue;
  readonly sounds: readonly ExchangeSounds[];
  readonly parameters: GeneratorParameters;
  readonly clock: Clock;
  /** The settings of the session, as the wire has them. */
  readonly session: Readonly<Record<string, unknown>>;
  readonly exchanges?: number;
}

/** A played dialogue, and how late the caller's own pieces left, ms. */
export interface CalledDialogue {
  readonly played: PlayedDialogue;
  readonly lateMs: readonly number[];
}

/**
 * One dialogue through the running gateway in real time: a client that sends what the script's caller
 * says, plays what comes, and stops when it is told of speech, as stock clients do.
 */
export class DialogueCall {
  readonly #options: DialogueCallOptions;
  readonly #watch: LineWatch;
  readonly #director: Director;
  readonly #channel: CallerChannel;
  readonly #resampler: Resampler;
  readonly #lateMs: number[] = [];
  readonly #ready = Promise.withResolvers<undefined>();
  readonly #done = Promise.withResolvers<undefined>();
  #wire: Wire | null = null;
  #originMs = 0;
  #pieces = 0;

  private constructor(options: DialogueCallOptions) {
    this.#options = options;
    const { dialogue, sounds, parameters, exchanges } = options;
    const { script } = dialogue;
    this.#watch = new LineWatch(dialogue.answers);
    this.#channel = new CallerChannel(script.line, script.seed, parameters);
    this.#resampler = createResampler({ fromHz: soundRateHz, toHz: wireRateHz });
    this.#director = new Director({
      script,
      parameters,
      ...(exchanges === undefined ? {} : { exchanges }),
      partOf: ({ exchange, part }) => playablePart(sounds[exchange]![part]!),
      say: ({ exchange, part }, notBeforeMs) => {
        const wanted = Math.ceil((notBeforeMs * soundRateHz) / 1000);
        const startSample = Math.max(this.#channel.position, wanted);
        this.#channel.say(sounds[exchange]![part]!.sound, startSample);
        return (startSample * 1000) / soundRateHz;
      },
    });
  }

  /** Plays it to its end. @throws Error when the call fails */
  static async play(options: DialogueCallOptions): Promise<CalledDialogue> {
    const call = new DialogueCall(options);
    try {
      await call.#open();
      await call.#done.promise;
    } finally {
      call.#close();
    }
    return { played: call.#played(), lateMs: call.#lateMs };
  }

  get #nowMs(): number {
    return this.#options.clock.nowMs() - this.#originMs;
  }

  async #open(): Promise<void> {
    const { url, dialogue, session, clock } = this.#options;
    const connect = ownWire({ url, agent: agentName(dialogue.script) });
    this.#wire = await connect({
      opened: () => undefined,
      event: (event) => this.#event(event),
      audio: (itemId, bytes) => this.#watch.audio(itemId, bytes, this.#nowMs),
      interrupted: () => undefined,
      failed: (error) => this.#fail(error),
      closed: (code, reason) => this.#fail(new Error(`the call was closed: ${code} ${reason}`)),
    });
    this.#wire.send({ type: 'session.update', session });
    await this.#ready.promise;
    this.#originMs = clock.nowMs();
    this.#nextPiece();
  }

  /** The piece that was captured leaves when its last sample was spoken, never earlier. */
  #nextPiece(): void {
    const { clock } = this.#options;
    clock.timerAt(this.#originMs + (this.#pieces + 1) * pieceMs, () => {
      const now = this.#nowMs;
      this.#pieces += 1;
      this.#lateMs.push(now - this.#pieces * pieceMs);
      const sound = this.#channel.next(pieceSamples, noEcho);
      this.#wire?.sendAudio(encodePcm16(this.#resampler.process(sound)));
      this.#director.step(now, this.#watch.heardAt(now));
      const { overAtMs } = this.#director;
      const over = now >= longestMs || (overAtMs !== null && now >= overAtMs);
      if (over) this.#done.resolve(undefined);
      else if (this.#wire !== null) this.#nextPiece();
    });
  }

  #event(event: ServerEvent): void {
    const now = this.#nowMs;
    switch (event.type) {
      case 'session.updated':
        this.#ready.resolve(undefined);
        return;
      case 'error':
        // A truncation may come after the line's end; anything else is a failure.
        if (this.#pieces === 0) this.#fail(new Error(JSON.stringify(event['error'])));
        return;
      case 'input_audio_buffer.committed':
        this.#watch.committed(now);
        return;
      case 'input_audio_buffer.speech_started':
        this.#stop(now);
        return;
      case 'response.done': {
        const response = event['response'] as { readonly status?: string } | undefined;
        this.#watch.over(response?.status === 'cancelled', now);
        return;
      }
      default:
        return;
    }
  }

  /** What stock clients do when the server hears the caller: stop, and say what was played. */
  #stop(now: number): void {
    const playing = this.#watch.playing;
    const heard = this.#watch.heardAt(now);
    this.#watch.stop(now);
    if (playing === null) return;
    this.#wire?.send({
      type: 'conversation.item.truncate',
      item_id: playing.lineId,
      content_index: 0,
      audio_end_ms: Math.floor(heard?.heardMs ?? 0),
    });
  }

  #fail(error: Error): void {
    this.#ready.reject(error);
    this.#done.reject(error);
  }

  #close(): void {
    const wire = this.#wire;
    this.#wire = null;
    // Nobody waits for these any more; closing itself would reject them.
    this.#ready.promise.catch(() => undefined);
    this.#done.promise.catch(() => undefined);
    wire?.close();
    this.#resampler.close();
  }

  #played(): PlayedDialogue {
    const { script } = this.#options.dialogue;
    return {
      index: script.index,
      line: script.line,
      durationMs: this.#nowMs,
      truth: this.#director.truth,
      observed: this.#watch.observed,
    };
  }
}
