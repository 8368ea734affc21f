import { CallError } from '../../../../src/ports/errors.ts';
import type { TextToSpeechContext } from '../../../../src/ports/text-to-speech.ts';
import type { Timer } from '../../../../src/time/clock.ts';
import type { Loss } from '../../../shared/connection.ts';
import {
  firstOpening,
  rolloverStep,
  type RolloverInput,
  type RolloverOptions,
  type RolloverState,
} from '../../../shared/rollover.ts';
import type { WireRecorder } from '../../../shared/wire-record.ts';
import type { VoiceCounters } from './counters.ts';
import { Link } from './link.ts';
import { isRetryable } from './loss.ts';
import type { HostedVoiceOptions } from './options.ts';
import { SpareLink } from './spare-link.ts';
import type { VoiceKind } from './wire.ts';

/** A connection is looked at for exchange so long before its cap, ms. */
const capLeadMs = 300_000;
const capMarginMs = 30_000;
/** Before a lost connection is dialled again, ms; the first time at once. */
const againAfterMs = { first: 250, most: 4000 };

export interface LinkKeeperOptions {
  readonly kind: VoiceKind;
  readonly context: TextToSpeechContext;
  readonly options: HostedVoiceOptions;
  readonly secret: string | null;
  readonly recorder: WireRecorder | null;
  readonly counters: VoiceCounters;
  /** From [0, 1), for jitter. */
  readonly chance: () => number;
  /** The first address. */
  readonly url: string;
  /** The current connection is open, or has room again. */
  readonly onReady: () => void;
  /** A connection is gone, with whatever was spoken on it. */
  readonly onLost: (link: Link, error: CallError) => void;
  /** The first connection cannot be had. */
  readonly onRefused: (error: CallError) => void;
  /** No connection can be had any more. */
  readonly onGone: (error: CallError) => void;
}

/** Sees to it that a connection stands ready: has it again when it is lost, and in time before. */
export class LinkKeeper {
  readonly #options: LinkKeeperOptions;
  readonly #rollover: RolloverOptions;
  readonly #links = new Set<Link>();
  readonly #spare: SpareLink | null;
  #url: string;
  #current: Link | null;
  #state: RolloverState = firstOpening;
  #wake: Timer | null = null;
  #idle: Timer | null = null;
  #lastLoss: CallError | null = null;
  #closed = false;

  /** Begins to connect at once. */
  constructor(options: LinkKeeperOptions) {
    const { context, kind, url } = options;
    this.#options = options;
    this.#url = url;
    this.#rollover = {
      capMs: kind.capMs,
      leadMs: capLeadMs,
      marginMs: capMarginMs,
      attempts: options.options.reopenAttempts,
      againAfterMs,
    };
    this.#spare = kind.keepsSpare
      ? new SpareLink({
          clock: context.clock,
          idleMs: kind.idleMs,
          open: () => this.#newLink(),
          discard: (link) => this.discard(link),
        })
      : null;
    this.#current = this.#newLink();
  }

  /** The one on which utterances begin; open or not. */
  get current(): Link | null {
    return this.#current;
  }

  get links(): ReadonlySet<Link> {
    return this.#links;
  }

  /** From now on connections are to this address. */
  aim(url: string): void {
    if (url === this.#url) return;
    this.#url = url;
    this.#spare?.renew();
    this.exchange();
  }

  /** Something sounded: the voice is well. */
  progress(): void {
    this.#step({ type: 'progress' });
  }

  /** From now on another connection is the current one; the old one goes with its last utterance. */
  exchange(): void {
    const old = this.#current;
    this.#current = null;
    if (old !== null && this.#links.has(old)) this.#retire(old);
    this.#options.counters.connectionsRenewed += 1;
    const spare = this.#spare?.take(this.#url) ?? null;
    if (spare !== null) {
      this.#options.counters.sparesUsed += 1;
      this.#current = spare;
      if (spare.isOpen) this.#step({ type: 'connected' });
      return;
    }
    this.#step({ type: 'wanted' });
    this.#step({ type: 'quiet', quiet: true });
    // Where a connection was being opened already, that goes on with the new address.
    if (this.#state.kind === 'opening') this.#current ??= this.#newLink();
  }

  /** It is of no more use. */
  discard(link: Link): void {
    this.#links.delete(link);
    link.close();
  }

  /** Without an utterance for long the upstream would close; we are first. To be called after each. */
  awaitIdleness(): void {
    this.#idle?.cancel();
    this.#idle = null;
    const isQuiet = (): boolean => (this.#current?.utterances.size ?? 0) === 0;
    this.#step({ type: 'quiet', quiet: isQuiet() });
    if (this.#closed || !isQuiet()) return;
    const { context, kind } = this.#options;
    this.#idle = context.clock.timerAt(context.clock.nowMs() + kind.idleMs, () => {
      if (isQuiet()) this.#step({ type: 'wanted' });
    });
  }

  close(): void {
    this.#closed = true;
    this.#wake?.cancel();
    this.#idle?.cancel();
    this.#spare?.close();
    for (const link of this.#links) link.close();
    this.#links.clear();
  }

  #newLink(): Link {
    const { context, counters, kind, onReady, options, recorder, secret } = this.#options;
    const link = new Link({
      kind,
      url: this.#url,
      secret,
      recorder,
      clock: context.clock,
      log: context.log,
      counters,
      timeoutMs: options.connectTimeoutMs,
      onOpen: (it) => this.#opened(it),
      onLost: (it, loss) => this.#lost(it, loss),
      onFreed: onReady,
    });
    this.#links.add(link);
    return link;
  }

  #opened(link: Link): void {
    if (link !== this.#current) return;
    this.#step({ type: 'connected' });
    this.#spare?.keep();
    this.awaitIdleness();
    this.#options.onReady();
  }

  #lost(link: Link, loss: Loss): void {
    const { context, counters, kind, onLost, onReady, onRefused } = this.#options;
    const wasCurrent = link === this.#current;
    if (wasCurrent) this.#current = null;
    if (wasCurrent) this.#lastLoss = loss.error;
    this.discard(link);
    counters.connectionsLost += 1;
    context.log.info('voice.connection_lost', {
      type: kind.type,
      code: loss.error.code,
      closeCode: loss.closeCode,
      httpStatus: loss.httpStatus,
    });
    onLost(link, loss.error);
    if (!wasCurrent) {
      this.#spare?.lost(link);
      onReady();
      return;
    }
    onRefused(loss.error);
    const input = { retryable: isRetryable(loss), chance: this.#options.chance() };
    this.#step({ type: this.#state.kind === 'opening' ? 'refused' : 'lost', ...input });
    if (this.#state.kind !== 'waiting') return;
    const spare = this.#spare?.takeOpen(this.#url) ?? null;
    if (spare === null) return;
    counters.sparesUsed += 1;
    this.#current = spare;
    this.#opened(spare);
  }

  #step(input: RolloverInput): void {
    if (this.#closed) return;
    const { clock } = this.#options.context;
    const step = rolloverStep(this.#state, input, clock.nowMs(), this.#rollover);
    const { effects, state, wakeAtMs } = step;
    this.#state = state;
    this.#wake?.cancel();
    this.#wake =
      wakeAtMs === null ? null : clock.timerAt(wakeAtMs, () => this.#step({ type: 'tick' }));
    for (const effect of effects) {
      if (effect === 'open') this.#open();
      else {
        this.#options.onGone(
          this.#lastLoss ?? new CallError('backend_closed', 'the voice is gone'),
        );
      }
    }
  }

  /** Leaves the connection there is, and opens the next. */
  #open(): void {
    const old = this.#current;
    if (old !== null) {
      this.#options.counters.connectionsRenewed += 1;
      this.#retire(old);
    }
    this.#current = this.#newLink();
  }

  #retire(link: Link): void {
    if (link.utterances.size === 0) this.discard(link);
    else link.isRetired = true;
  }
}
