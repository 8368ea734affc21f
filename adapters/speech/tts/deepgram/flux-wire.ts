import { CallError } from '../../../../src/ports/errors.ts';
import type { Timer } from '../../../../src/time/clock.ts';
import {
  parted,
  type SpeechSink,
  type VoiceWire,
  type WantedVoice,
  type WireHost,
  type WireSpeech,
} from '../shared/wire.ts';
import { readMessage, type ServerMessage } from './messages.ts';
import { SessionPositions } from './session-positions.ts';

/** Until the server confirms an interruption, ms. */
const interruptTimeoutMs = 2000;

/** Warnings by which the server says that it did not interrupt. */
const ignored: readonly string[] = [
  'NO_AUDIO_GENERATED',
  'INTERRUPT_IN_PROGRESS',
  'INVALID_INTERRUPT_OFFSET',
];

interface Turn {
  readonly sink: SpeechSink;
  hasText: boolean;
}

interface Interruption {
  readonly spoken: (text: string | null) => void;
  readonly timer: Timer;
}

/** Deepgram's Flux: an utterance is a turn, and an interrupted turn is told how far it was heard. */
export class FluxWire implements VoiceWire {
  readonly worn = false;
  readonly #host: WireHost;
  readonly #positions = new SessionPositions();
  #turn: Turn | null = null;
  #interruption: Interruption | null = null;

  constructor(host: WireHost) {
    this.#host = host;
  }

  get free(): boolean {
    return this.#turn === null && this.#interruption === null;
  }

  begin(_wanted: WantedVoice, sink: SpeechSink): WireSpeech {
    const turn: Turn = { sink, hasText: false };
    this.#turn = turn;
    return {
      unspoken: null,
      say: ({ text }) => {
        // What has nothing to say makes no turn.
        if (text.trim() === '') return;
        turn.hasText = true;
        this.#host.send({ type: 'Speak', text: parted(text) });
      },
      end: () => {
        if (turn.hasText) this.#host.send({ type: 'Flush' });
        else this.#endTurn(turn);
      },
      stop: (heardMs, spoken) => this.#stop(turn, heardMs, spoken),
    };
  }

  hear(message: Buffer, isBinary: boolean): void {
    if (isBinary) {
      this.#positions.sounded();
      if (this.#turn === null) this.#host.counters.staleMessages += 1;
      else this.#turn.sink.audio(message, null);
      return;
    }
    const event = readMessage(message, this.#host);
    if (event !== null) this.#take(event);
  }

  close(): void {
    this.#turn = null;
    this.#settle(null);
  }

  #take(event: ServerMessage): void {
    switch (event.type) {
      case 'SpeechMetadata':
        this.#positions.turnDone(event.audio_duration_ms ?? 0);
        if (this.#turn !== null) this.#endTurn(this.#turn);
        return;
      case 'SpeechInterrupted':
        this.#positions.interrupted(event.audio_played_ms ?? null);
        this.#settle(event.text_spoken ?? null);
        this.#host.freed();
        return;
      case 'Warning':
        this.#heedWarning(event.code ?? '');
        return;
      case 'SpeechStarted':
      case 'Flushed':
        return;
      default:
        this.#host.counters.unknownMessages += 1;
    }
  }

  #heedWarning(code: string): void {
    if (this.#interruption === null) return;
    if (ignored.includes(code)) {
      // The turn goes on speaking, and nothing but the end of the connection stops it.
      this.#host.broken(new CallError('backend_refused', `the voice did not stop: ${code}`));
    } else if (code === 'NO_ACTIVE_SPEECH') {
      this.#settle(null);
      this.#host.freed();
    }
  }

  #endTurn(turn: Turn): void {
    this.#turn = null;
    turn.sink.done();
  }

  #stop(
    turn: Turn,
    heardMs: number | null,
    spoken: (text: string | null) => void,
  ): 'keep' | 'drop' {
    this.#turn = null;
    if (!turn.hasText) {
      spoken(null);
      return 'keep';
    }
    // An interruption is ignored in a session that has given no audio yet.
    if (!this.#positions.hasSounded) {
      spoken(null);
      return 'drop';
    }
    const { broken, clock, send } = this.#host;
    const offsetMs = this.#positions.interruptAt(heardMs);
    const offset = { type: 'time_ms', value: offsetMs };
    send({ type: 'Interrupt', ...(offsetMs === null ? {} : { playback_offset: offset }) });
    const timer = clock.timerAt(clock.nowMs() + interruptTimeoutMs, () =>
      broken(new CallError('backend_stalled', 'the voice did not stop when it was told to')),
    );
    this.#interruption = { spoken, timer };
    return 'keep';
  }

  #settle(text: string | null): void {
    this.#interruption?.timer.cancel();
    this.#interruption?.spoken(text);
    this.#interruption = null;
  }
}
