import { asCallError, CallError } from '../../../../src/ports/errors.ts';
import type { Logger } from '../../../../src/ports/log.ts';
import type { Clock, Timer } from '../../../../src/time/clock.ts';
import { Connection, type Loss } from '../../../shared/connection.ts';
import type { WireRecorder } from '../../../shared/wire-record.ts';
import type { VoiceCounters } from './counters.ts';
import type { SpokenUtterance } from './utterance.ts';
import type { VoiceKind, VoiceWire } from './wire.ts';

export interface LinkOptions {
  readonly kind: VoiceKind;
  /** Its address, which carries no key. */
  readonly url: string;
  readonly secret: string | null;
  readonly recorder: WireRecorder | null;
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: VoiceCounters;
  /** Longest time to the end of the upgrade, ms. */
  readonly timeoutMs: number;
  readonly onOpen: (link: Link) => void;
  /** It is gone, or never came about. Told once, unless we closed it. */
  readonly onLost: (link: Link, loss: Loss) => void;
  /** An utterance may be able to begin. */
  readonly onFreed: () => void;
}

/** One connection to a voice and the utterances on it. */
export class Link {
  readonly url: string;
  readonly wire: VoiceWire;
  readonly utterances = new Set<SpokenUtterance>();
  /** It takes no more utterances and goes with its last one. */
  isRetired = false;
  readonly #options: LinkOptions;
  readonly #connection: Connection;
  #isOpen = false;
  #isOver = false;
  #timer: Timer;

  /** Begins to connect at once. */
  constructor(options: LinkOptions) {
    const { clock, counters, kind, log, recorder, secret, timeoutMs, url } = options;
    this.#options = options;
    this.url = url;
    this.#connection = new Connection({
      url,
      headers: kind.headersOf(secret),
      secret,
      recorder,
      clock,
      handlers: {
        open: () => this.#opened(),
        message: (message, isBinary) => this.#hear(message, isBinary),
        lost: (loss) => this.#lose(loss),
      },
    });
    this.wire = kind.createWire({
      clock,
      log,
      counters,
      secret,
      send: (message) => this.#send(message),
      freed: () => options.onFreed(),
      broken: (error) => this.breakOff(error),
    });
    this.#timer = clock.timerAt(clock.nowMs() + timeoutMs, () =>
      this.breakOff(
        new CallError('backend_stalled', `the voice did not connect within ${timeoutMs} ms`),
      ),
    );
  }

  get isOpen(): boolean {
    return this.#isOpen && !this.#isOver;
  }

  /** It is of no use any more: as if the upstream had closed it. */
  breakOff(error: CallError): void {
    this.#lose({ error, closeCode: null, httpStatus: null });
  }

  /** Idempotent; nothing is told afterwards. */
  close(): void {
    this.#isOver = true;
    this.#timer.cancel();
    this.wire.close();
    this.#connection.close();
  }

  #opened(): void {
    this.#timer.cancel();
    this.#isOpen = true;
    this.#options.counters.connectionsOpened += 1;
    this.#keepAlive();
    this.#options.onOpen(this);
  }

  #keepAlive(): void {
    const { clock, counters, kind } = this.#options;
    this.#timer = clock.timerAt(clock.nowMs() + kind.keepAliveMs, () => {
      if (this.utterances.size > 0 && this.wire.keepAlive !== undefined) {
        counters.keepAlives += 1;
        this.wire.keepAlive();
      }
      if (this.isOpen) this.#keepAlive();
    });
  }

  #hear(message: Buffer, isBinary: boolean): void {
    try {
      this.wire.hear(message, isBinary);
    } catch (thrown) {
      this.breakOff(asCallError(thrown, 'backend_protocol'));
    }
  }

  #send(message: object): void {
    if (this.#isOver || this.#connection.send(JSON.stringify(message), 'control')) return;
    this.#options.counters.queueOverflows += 1;
    this.breakOff(new CallError('queue_overflow', 'the voice does not read what it is sent'));
  }

  #lose(loss: Loss): void {
    if (this.#isOver) return;
    this.close();
    this.#options.onLost(this, loss);
  }
}
