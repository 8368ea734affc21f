import { CallError } from '../../../../src/ports/errors.ts';
import type {
  TextToSpeechSession,
  Utterance,
  UtteranceOptions,
} from '../../../../src/ports/text-to-speech.ts';
import { LinkKeeper, type LinkKeeperOptions } from './link-keeper.ts';
import type { Link } from './link.ts';
import { SpokenUtterance, type UtteranceHost } from './utterance.ts';
import type { WantedVoice } from './wire.ts';

/** Utterances that may wait for their turn (a count). */
const waitingLimit = 16;

export interface SessionOptions extends Omit<
  LinkKeeperOptions,
  'url' | 'onReady' | 'onLost' | 'onRefused' | 'onGone'
> {
  /** Called once. */
  readonly onClosed: () => void;
}

/** One call's utterances, each on the connection that is there for it. */
export class VoiceSession implements TextToSpeechSession {
  readonly #options: SessionOptions;
  readonly #keeper: LinkKeeper;
  readonly #host: UtteranceHost;
  readonly #opened = Promise.withResolvers<null>();
  readonly #lost = Promise.withResolvers<CallError | null>();
  #waiting: SpokenUtterance[] = [];
  /** Why it is over; `null` while it is not. */
  #over: CallError | null = null;

  /** Begins to connect at once. */
  constructor(options: SessionOptions) {
    const { context, counters, kind } = options;
    const { firstAudioTimeoutMs, stallTimeoutMs } = options.options;
    this.#options = options;
    this.#host = {
      clock: context.clock,
      counters,
      firstAudioTimeoutMs,
      stallTimeoutMs,
      over: (utterance, connection) => this.#utteranceOver(utterance, connection),
      sounded: () => this.#keeper.progress(),
      stalled: (utterance) => this.#stalled(utterance),
    };
    counters.sessionsOpen += 1;
    counters.sessionsTotal += 1;
    this.#keeper = new LinkKeeper({
      ...options,
      url: kind.urlOf(this.#wanted(null)),
      onReady: () => this.#ready(),
      onLost: (link, error) => this.#respeak(link, error),
      onRefused: (error) => this.#opened.reject(error),
      onGone: (error) => {
        counters.sessionsLost += 1;
        this.#end(error, error);
      },
    });
  }

  /** Resolves when the first connection is open; rejects with why it cannot be had. */
  get opened(): Promise<null> {
    return this.#opened.promise;
  }

  get lost(): Promise<CallError | null> {
    return this.#lost.promise;
  }

  speak(options: UtteranceOptions): Utterance {
    const wanted = this.#wanted(options);
    const utterance = new SpokenUtterance(wanted, this.#host);
    const refusal = this.#refusal(wanted, options);
    if (refusal !== null) utterance.fail(refusal);
    else {
      this.#waiting.push(utterance);
      this.#pump();
    }
    return utterance;
  }

  close(): void {
    this.#end(new CallError('backend_closed', 'the session is over'), null);
  }

  #wanted(options: UtteranceOptions | null): WantedVoice {
    const { kind } = this.#options;
    const format = options?.format ?? kind.capabilities.outputFormats[0];
    return {
      voice: options?.voice ?? kind.voice,
      language: options?.language ?? kind.language,
      rateHz: format?.rateHz ?? 24_000,
    };
  }

  #refusal(wanted: WantedVoice, { format }: UtteranceOptions): CallError | null {
    if (this.#over !== null) return this.#over;
    const { counters, kind } = this.#options;
    if (this.#waiting.length >= waitingLimit) {
      counters.queueOverflows += 1;
      return new CallError('queue_overflow', `${waitingLimit} utterances wait already`);
    }
    const { codec, rateHz } = format;
    const { outputFormats } = kind.capabilities;
    if (!outputFormats.some((one) => one.codec === codec && one.rateHz === rateHz)) {
      const message = `the voice gives no ${codec} at ${rateHz} Hz`;
      return new CallError('unsupported_by_backend', message, { param: 'format' });
    }
    return kind.refuses?.(wanted) ?? null;
  }

  #ready(): void {
    if (this.#keeper.current?.isOpen === true) this.#opened.resolve(null);
    this.#pump();
  }

  /** Begins what can begin, in order. */
  #pump(): void {
    for (;;) {
      const [next] = this.#waiting;
      if (this.#over !== null || next === undefined) return;
      this.#keeper.aim(this.#options.kind.urlOf(next.wanted));
      const link = this.#keeper.current;
      if (link?.isOpen !== true) return;
      if (link.wire.worn) {
        this.#keeper.exchange();
        continue;
      }
      if (!link.wire.free) return;
      this.#waiting.shift();
      link.utterances.add(next);
      next.speakOn(link.wire);
      this.#keeper.awaitIdleness();
    }
  }

  #utteranceOver(utterance: SpokenUtterance, connection: 'keep' | 'drop'): void {
    this.#waiting = this.#waiting.filter((other) => other !== utterance);
    const keeper = this.#keeper;
    for (const link of keeper.links) {
      if (!link.utterances.delete(utterance)) continue;
      if (connection === 'drop') this.#drop(link);
      else if (link.isRetired && link.utterances.size === 0) keeper.discard(link);
    }
    keeper.awaitIdleness();
    const { current } = keeper;
    // The next utterance need not wait for it then.
    if (current?.wire.worn === true && current.utterances.size === 0) keeper.exchange();
    this.#pump();
  }

  #stalled(utterance: SpokenUtterance): void {
    this.#options.counters.stalls += 1;
    const error = new CallError('backend_stalled', 'the voice fell silent');
    for (const link of this.#keeper.links) {
      if (link.utterances.has(utterance)) link.breakOff(error);
    }
  }

  /** The connection has to go, so that it falls silent; the others on it go with it. */
  #drop(link: Link): void {
    this.#keeper.discard(link);
    this.#respeak(link, new CallError('backend_closed', 'the connection was given up'));
    if (link === this.#keeper.current) this.#keeper.exchange();
  }

  /** Utterances of a connection that is gone go to the front of the line, or fail. */
  #respeak(link: Link, error: CallError): void {
    const utterances = [...link.utterances];
    link.utterances.clear();
    this.#waiting.unshift(...utterances.filter((utterance) => utterance.lost(error)));
  }

  #end(error: CallError, lost: CallError | null): void {
    if (this.#over !== null) return;
    this.#over = error;
    const speaking = [...this.#keeper.links].flatMap((link) => [...link.utterances]);
    const utterances = [...this.#waiting, ...speaking];
    this.#waiting = [];
    this.#keeper.close();
    for (const utterance of utterances) utterance.fail(error);
    this.#opened.reject(error);
    this.#lost.resolve(lost);
    this.#options.counters.sessionsOpen -= 1;
    this.#options.onClosed();
  }
}
