import { limitStep, unlimited, type LimitNotice, type ToldLimits } from '../spend/limits.ts';
import { UsageFold } from '../spend/usage-fold.ts';
import { asCallError } from '../ports/errors.ts';
import { UsageDesk, type BesideUse } from './usage-desk.ts';
import { WrapUp } from './wrap-up.ts';
import type { BackendEvent, Usage } from '../ports/backend.ts';
import type { CloseReason } from '../ports/events.ts';
import type { CommandTarget } from './commands.ts';
import type { MessageItem } from '../ports/conversation.ts';
import type { SpendOptions } from './spend-options.ts';
import type { Timer } from '../time/clock.ts';

const minuteMs = 60_000;

/** What holds where nobody says anything about money. */
const freely: SpendOptions = {
  prices: () => null,
  currency: 'USD',
  limits: unlimited,
  shared: [],
  warnAt: 0.8,
  words: '',
  cheaper: null,
};

export interface CallSpendOptions {
  readonly target: Pick<
    CommandTarget,
    'scope' | 'conversation' | 'lines' | 'uplink' | 'context' | 'roundTripMs' | 'send' | 'respond'
  >;
  /** Absent: no prices, no limits. */
  readonly spend: SpendOptions | undefined;
  readonly callerSpeaks: () => boolean;
  /** What is used beside the backends; absent: nothing. */
  readonly beside?: (() => BesideUse | null) | undefined;
  /** The call is to go on with this backend; absent: it cannot. @throws CallError where it cannot */
  readonly move?: ((backend: string) => void) | undefined;
  readonly close: (reason: CloseReason) => void;
}

/** What a call has cost so far, and what happens when that is nearly or quite too much. */
export class CallSpend {
  readonly #options: CallSpendOptions;
  readonly #spend: SpendOptions;
  readonly #fold = new UsageFold();
  readonly #desk: UsageDesk;
  readonly #timers: readonly Timer[];
  #told: ToldLimits = new Set();
  #wrapUp: WrapUp | null = null;
  #closed = false;

  constructor(options: CallSpendOptions) {
    const { target, spend = freely } = options;
    const { scope } = target;
    this.#options = options;
    this.#spend = spend;
    this.#desk = new UsageDesk({
      scope,
      prices: spend.prices,
      backend: () => target.context().backend,
      reportsTime: () => target.context().capabilities.reportsTime === true,
      callerAudioMs: () => target.uplink.endMs,
      beside: options.beside ?? (() => null),
    });
    scope.log.listen((entry) => {
      if (entry.type !== 'usage.counted') return;
      this.#fold.push(entry);
      this.#look();
    });
    this.#timers = this.#minuteTimers();
  }

  /** What the backend says, before anything else is done with it. */
  take(event: BackendEvent): void {
    this.#desk.take(event);
  }

  /** An answer that nobody heard, of a backend that may not be the one in use. */
  unheard(backend: string, usage: Usage | null): void {
    this.#desk.unheard(backend, usage);
  }

  /** What is left is counted; nothing happens any more. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const timer of this.#timers) timer.cancel();
    this.#wrapUp?.close();
    this.#desk.close();
  }

  /** A call's own minutes pass without anything being counted. */
  #minuteTimers(): readonly Timer[] {
    const { clock, originMs } = this.#options.target.scope;
    const { limits, warnAt } = this.#spend;
    const { minutes } = limits;
    if (minutes === null) return [];
    return [warnAt, 1].map((share) =>
      clock.timerAt(originMs + minutes * share * minuteMs, () => this.#look()),
    );
  }

  #look(): void {
    if (this.#closed || this.#wrapUp !== null) return;
    const { scope } = this.#options.target;
    const { currency, limits, shared, warnAt } = this.#spend;
    const used = { ...this.#fold.limited(currency), minutes: scope.nowMs() / minuteMs };
    const scopes = [
      { scope: 'call', limits, used } as const,
      ...shared.map((each) => ({ ...each, used: each.used() })),
    ];
    const { told, notices } = limitStep(this.#told, scopes, warnAt);
    this.#told = told;
    for (const notice of notices) scope.log.append({ type: 'spend.limit', ...notice });
    const reached = notices.find(({ stage }) => stage === 'reached');
    if (reached !== undefined) this.#windUp(reached);
    else if (notices.length > 0 && !this.#goesCheaper()) this.#warn();
  }

  /** The agent is told, where it can be, and brings the call to an end by itself. */
  #warn(): void {
    const { context, conversation, scope, send } = this.#options.target;
    if (!context().capabilities.appendContext) return;
    const item: MessageItem = {
      kind: 'message',
      role: 'system',
      itemId: scope.ids.next('item'),
      status: 'completed',
      content: [
        {
          type: 'text',
          text: 'This call is close to its limit. Settle what is open and bring it to an end soon.',
        },
      ],
    };
    const previousItemId = conversation.add(item, null);
    send({ type: 'item.add', item, afterItemId: undefined });
    scope.log.append({ type: 'item.added', item, previousItemId });
  }

  /** Before the limit is reached, so that it holds. @returns whether the call goes over now */
  #goesCheaper(): boolean {
    const { target, move } = this.#options;
    const { cheaper } = this.#spend;
    if (cheaper === null || move === undefined || target.context().backend === cheaper) {
      return false;
    }
    try {
      move(cheaper);
      return true;
    } catch (thrown) {
      const reason = asCallError(thrown).message;
      target.scope.logger.warn('spend.cheaper_unavailable', { backend: cheaper, reason });
      return false;
    }
  }

  #windUp({ scope: whose, of, limit }: LimitNotice): void {
    const { target, callerSpeaks, close } = this.#options;
    const { scope } = target;
    const { words } = this.#spend;
    const message = `The limit of ${limit} (${of}) of the ${whose} is used up.`;
    this.#wrapUp = new WrapUp({
      scope,
      lines: target.lines,
      capabilities: () => target.context().capabilities,
      roundTripMs: target.roundTripMs,
      callerSpeaks,
      respond: (request) => target.respond(request, null),
      words,
      onOver: () => close({ kind: 'error', code: 'spend_limit', message }),
    });
  }
}
