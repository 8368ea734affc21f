import { queryFormat } from './nova-session.ts';
import type { SessionMade } from './server.ts';
import { StandInSession, typed, Violation, written } from './session.ts';

/** Between two updates, ms of audio. */
const updateMs = 240;

export interface FluxStandInOptions {
  readonly forceEndTurn: boolean;
  readonly wordTimes: boolean;
}

type TurnState = 'ready' | 'speaking' | 'eager';

/** Deepgram's `/v2/listen`: turns, judged by silence alone. */
export class FluxStandInSession extends StandInSession {
  readonly #options: FluxStandInOptions;
  readonly #eagerMs: number;
  readonly #endMs: number;
  readonly #timeoutMs: number;
  #state: TurnState = 'ready';
  #turnIndex = 0;
  #sequence = 0;
  /** Where the turn's audio begins, and where what was told of it ends; ms. */
  #startMs = 0;
  #toldMs = 0;
  #text = '';

  constructor(made: SessionMade, options: FluxStandInOptions) {
    super(made);
    this.#options = options;
    const { searchParams: query } = made.url;
    const threshold = Number(query.get('eot_threshold') ?? 0.7);
    const eager = query.get('eager_eot_threshold');
    this.#timeoutMs = Number(query.get('eot_timeout_ms') ?? 5000);
    // A confidence is a silence here: 0.7 is 640 ms, 1 is never.
    this.#endMs = threshold >= 1 ? Infinity : 400 + 1200 * (threshold - 0.5);
    this.#eagerMs = eager === null ? Infinity : Math.min(150 + 300 * Number(eager), this.#endMs);
    this.takes(queryFormat(query));
    if (this.wrong('open')) return;
    this.say({ type: 'Connected', request_id: 'r', sequence_id: this.#sequence++ });
  }

  protected get settledMs(): number {
    return this.#startMs;
  }

  protected heard(): void {
    const words = this.wordsFrom(this.#startMs);
    const text = written(words);
    const isNews = text !== this.#text;
    this.#text = text;
    const silenceMs = this.positionMs - (words.at(-1)?.endMs ?? this.positionMs);
    switch (this.#state) {
      case 'ready':
        if (text !== '') {
          this.#state = 'speaking';
          this.#tell('StartOfTurn', 0.05);
          return;
        }
        break;
      case 'speaking':
        if (silenceMs >= Math.min(this.#endMs, this.#timeoutMs)) {
          this.#end(silenceMs >= this.#timeoutMs ? 'timeout' : 'model');
          return;
        }
        if (silenceMs >= this.#eagerMs && !isNews) {
          this.#state = 'eager';
          this.#tell('EagerEndOfTurn', 0.55);
          return;
        }
        break;
      case 'eager':
        if (isNews) {
          this.#state = 'speaking';
          this.#tell('TurnResumed', 0.1);
          return;
        }
        if (silenceMs >= Math.min(this.#endMs, this.#timeoutMs)) {
          this.#end('model');
          return;
        }
    }
    if (this.positionMs - this.#toldMs >= updateMs) this.#tell('Update', 0.1);
  }

  protected text(message: string): void {
    const { type } = typed(message);
    this.stayAwake();
    if (type === 'CloseStream') {
      this.made.socket.close(1000);
      return;
    }
    if (type === 'Configure') {
      this.say({ type: 'ConfigureSuccess', request_id: 'r', sequence_id: this.#sequence++ });
      return;
    }
    if (type !== 'ForceEndTurn' || !this.#options.forceEndTurn) {
      throw new Violation(`unknown message type '${type}'`);
    }
    this.flushes += 1;
    if (this.wrong('flush')) return;
    this.ear?.flush();
    const words = this.wordsFrom(this.#startMs);
    this.#text = written(words);
    // Nobody speaks: it is ignored.
    if (this.#state === 'ready' && this.#text === '') return;
    if (this.#state === 'ready') this.#tell('StartOfTurn', 0.05);
    this.#end('manual');
  }

  protected expired(): void {
    this.close(1011, 'NET-0000: the service ended the connection');
  }

  protected idle(): void {
    this.close(1011, 'NET-0001: no audio data within the timeout window');
  }

  protected broken({ message }: Violation): void {
    const code = 'UNPARSABLE_CLIENT_MESSAGE';
    this.say({ type: 'Error', sequence_id: this.#sequence++, code, description: message });
    this.close(1008, code);
  }

  #end(trigger: string): void {
    const endMs = this.segmentEndMs(this.wordsFrom(this.#startMs), trigger === 'manual');
    this.tellSettled(this.#info('EndOfTurn', 0.9, { trigger }));
    this.#state = 'ready';
    this.#turnIndex += 1;
    this.#startMs = endMs;
    this.#toldMs = this.positionMs;
    this.#text = '';
  }

  #tell(event: string, confidence: number): void {
    this.#toldMs = this.positionMs;
    this.tell(this.#info(event, confidence));
  }

  #info(event: string, confidence: number, more: object = {}): object {
    const words = this.wordsFrom(this.#startMs);
    return {
      type: 'TurnInfo',
      request_id: 'r',
      sequence_id: this.#sequence++,
      event,
      turn_index: this.#turnIndex,
      audio_window_start: this.#startMs / 1000,
      audio_window_end: this.positionMs / 1000,
      transcript: written(words),
      words: words.map(({ text, startMs, endMs }) => ({
        word: text,
        confidence: 0.9,
        ...(this.#options.wordTimes ? { start: startMs / 1000, end: endMs / 1000 } : {}),
      })),
      end_of_turn_confidence: confidence,
      ...more,
    };
  }
}
