import { CallError } from '../../../../src/ports/errors.ts';
import type { SpeechPiece } from '../../../../src/ports/text-to-speech.ts';
import type { Timer } from '../../../../src/time/clock.ts';
import {
  parted,
  type SpeechSink,
  type VoiceWire,
  type WantedVoice,
  type WireHost,
  type WireSpeech,
} from '../shared/wire.ts';
import { FlushBudget } from './flush-budget.ts';
import { readMessage } from './messages.ts';

/** Until the server confirms that it cleared, ms. */
const clearTimeoutMs = 2000;

/** Deepgram's Aura: one utterance at a time, bytes without a name, pieces parted by flushes. */
export class AuraWire implements VoiceWire {
  readonly #host: WireHost;
  readonly #budget = new FlushBudget();
  #speech: AuraSpeech | null = null;
  /** Clears that are not confirmed: until then all audio is of what was cleared. */
  #clearing = 0;
  #clearTimer: Timer | null = null;

  constructor(host: WireHost) {
    this.#host = host;
  }

  get free(): boolean {
    return this.#speech === null;
  }

  get worn(): boolean {
    return this.free && !this.#budget.allowsPiece(this.#host.clock.nowMs());
  }

  begin(_wanted: WantedVoice, sink: SpeechSink): WireSpeech {
    const speech: AuraSpeech = new AuraSpeech({
      host: this.#host,
      sink,
      budget: this.#budget,
      onEnd: () => (this.#speech = null),
      onStop: () => this.#clear(),
    });
    this.#speech = speech;
    return speech;
  }

  hear(message: Buffer, isBinary: boolean): void {
    if (isBinary) {
      if (this.#clearing > 0 || this.#speech === null) this.#host.counters.staleMessages += 1;
      else this.#speech.audio(message);
      return;
    }
    const event = readMessage(message, this.#host);
    switch (event?.type) {
      case 'Flushed':
        if (this.#clearing === 0) this.#speech?.flushed();
        return;
      case 'Cleared':
        this.#clearing = Math.max(0, this.#clearing - 1);
        if (this.#clearing === 0) this.#clearTimer?.cancel();
        return;
      case undefined:
      case 'Warning':
        return;
      default:
        this.#host.counters.unknownMessages += 1;
    }
  }

  close(): void {
    this.#clearTimer?.cancel();
    this.#speech?.close();
    this.#speech = null;
  }

  #clear(): void {
    const { broken, clock, send } = this.#host;
    send({ type: 'Clear' });
    this.#clearing += 1;
    this.#clearTimer?.cancel();
    this.#clearTimer = clock.timerAt(clock.nowMs() + clearTimeoutMs, () =>
      broken(new CallError('backend_stalled', 'the voice did not stop when it was told to')),
    );
  }
}

interface AuraSpeechOptions {
  readonly host: WireHost;
  readonly sink: SpeechSink;
  readonly budget: FlushBudget;
  readonly onEnd: () => void;
  readonly onStop: () => void;
}

/** One utterance: its pieces between flushes. */
class AuraSpeech implements WireSpeech {
  readonly unspoken = null;
  readonly #options: AuraSpeechOptions;
  /** Pieces of each flush that is not confirmed, oldest first. */
  readonly #flushes: number[][] = [];
  /** Pieces sent since the last flush. */
  #unflushed: number[] = [];
  /** Until a flush is allowed again. */
  #later: Timer | null = null;
  #hasSpoken = false;
  #ended = false;

  constructor(options: AuraSpeechOptions) {
    this.#options = options;
  }

  say({ flush, pieceId, text }: SpeechPiece): void {
    const { budget, host } = this.#options;
    if (text.trim() !== '') {
      this.#hasSpoken = true;
      this.#unflushed.push(pieceId);
      host.send({ type: 'Speak', text: parted(text) });
    }
    // Without a flush the server keeps the text to itself.
    if (budget.allowsPiece(host.clock.nowMs())) this.#flush();
    else if (flush) this.#flushSoon();
  }

  end(): void {
    this.#ended = true;
    this.#flush();
    this.#endIfDone();
  }

  stop(_heardMs: number | null, spoken: (text: string | null) => void): 'keep' {
    const { onEnd, onStop } = this.#options;
    spoken(null);
    this.close();
    onEnd();
    if (this.#hasSpoken) onStop();
    return 'keep';
  }

  close(): void {
    this.#later?.cancel();
  }

  audio(bytes: Uint8Array): void {
    const [pieces = []] = this.#flushes;
    this.#options.sink.audio(bytes, pieces.length === 1 ? pieces[0]! : null);
  }

  flushed(): void {
    for (const pieceId of this.#flushes.shift() ?? []) this.#options.sink.pieceDone(pieceId);
    this.#endIfDone();
  }

  #flushSoon(): void {
    const { budget, host } = this.#options;
    const nowMs = host.clock.nowMs();
    if (budget.allowsUrgent(nowMs)) this.#flush();
    else {
      this.#later?.cancel();
      this.#later = host.clock.timerAt(budget.urgentAtMs(nowMs), () => this.#flushSoon());
    }
  }

  #flush(): void {
    const { budget, host } = this.#options;
    this.#later?.cancel();
    if (this.#unflushed.length === 0) return;
    budget.spend(host.clock.nowMs());
    this.#flushes.push(this.#unflushed);
    this.#unflushed = [];
    host.send({ type: 'Flush' });
  }

  #endIfDone(): void {
    if (!this.#ended || this.#flushes.length > 0) return;
    this.#options.onEnd();
    this.#options.sink.done();
  }
}
