import { addQuantities, quantitiesOf } from '../spend/quantities.ts';
import { costOf } from '../spend/prices.ts';
import type { PriceTable } from '../spend/prices.ts';
import type { BackendEvent, Usage } from '../ports/backend.ts';
import type { CallScope } from './scope.ts';
import type { LogEntry } from '../ports/events.ts';
import type { Quantities } from '../ports/usage.ts';
import type { Timer } from '../time/clock.ts';

/** How often time and audio are counted while a call goes on, ms. */
const countMs = 60_000;
/** Lines remembered as having brought something (a count): all that may run at once, and more. */
const linesLimit = 256;

export interface UsageDeskOptions {
  readonly scope: CallScope;
  /** Prices of a backend; `null` where it has none. */
  readonly prices: (backend: string) => PriceTable | null;
  /** Backend that answers now. */
  readonly backend: () => string;
  /** It says itself how long its sessions were; absent: it does not. */
  readonly reportsTime?: () => boolean;
  /** Caller audio so far, ms. */
  readonly callerAudioMs: () => number;
  /** What somebody beside the backends has heard so far; `null`: nobody is there. */
  readonly beside: () => BesideUse | null;
}

/** A recogniser beside the backends: audio since the call began. */
export interface BesideUse {
  readonly name: string;
  readonly audioMs: number;
  /** The vendor has said that it will charge for so much. */
  readonly reported: boolean;
}

interface OpenSession {
  readonly backend: string;
  sinceMs: number;
  callerMs: number;
  /** Since when nobody but our clock knows of its time; `null`: nobody ever tells of it. */
  untoldSinceMs: number | null;
}

/**
 * Writes down what a call's backends use: what they report when they do, time and audio every minute
 * and when a session ends.
 */
export class UsageDesk {
  readonly #options: UsageDeskOptions;
  /** The session that is open: since when, call time in ms, and what the caller had said by then. */
  #open: OpenSession | null = null;
  #uncounted: Quantities = {};
  #besideMs = 0;
  /** Answers without a report in this session; one may still come when a line is long over. */
  #unreported = 0;
  /** Lines that brought something and have not ended on the backend's side. */
  readonly #productive = new Set<string>();
  #timer: Timer | null = null;
  #closed = false;

  constructor(options: UsageDeskOptions) {
    this.#options = options;
    options.scope.log.listen((entry) => this.#heard(entry));
    this.#wait();
  }

  /** What the backend says, before anything else is done with it. */
  take(event: BackendEvent): void {
    const { type } = event;
    if (type === 'line.audio' || type === 'line.text') {
      if (this.#productive.size < linesLimit) this.#productive.add(event.lineId);
    } else if (type === 'usage') this.#reported(event);
    else if (type === 'line.done') this.#done(event);
  }

  /** An answer that nobody heard was made beside the one that was; `null`: nobody said what it used. */
  unheard(backend: string, usage: Usage | null): void {
    const used = usage === null ? null : quantitiesOf(usage);
    if (used === null) this.#log('counted', { unreportedAnswers: 1 }, backend);
    else this.#log('reported', used, backend);
  }

  /** Counts what is left; nothing is written down afterwards. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#end();
    this.#closed = true;
    this.#timer?.cancel();
  }

  #reported(event: BackendEvent & { readonly type: 'usage' }): void {
    const { usage, recognisedAudioMs, spokenCharacters, sessionMs } = event;
    const tokens = usage === null ? null : quantitiesOf(usage);
    const used = {
      ...tokens,
      ...(recognisedAudioMs === undefined ? {} : { recognisedAudioMs }),
      ...(spokenCharacters === undefined ? {} : { spokenCharacters }),
      ...(sessionMs === undefined ? {} : { sessionMs }),
    };
    if (sessionMs !== undefined && this.#open !== null) {
      this.#open.untoldSinceMs = this.#options.scope.nowMs();
    }
    if (tokens !== null) this.#unreported = Math.max(0, this.#unreported - 1);
    if (Object.keys(used).length > 0) this.#log('reported', used);
    else this.#unreported += 1;
  }

  #done({ lineId, usage }: BackendEvent & { readonly type: 'line.done' }): void {
    const productive = this.#productive.delete(lineId);
    const used = usage === null ? null : quantitiesOf(usage);
    if (used !== null) this.#log('reported', used);
    else if (productive) this.#unreported += 1;
  }

  #heard(entry: LogEntry): void {
    const { type } = entry;
    if (type === 'backend.ready') {
      const callerMs = this.#options.callerAudioMs();
      const untoldSinceMs = this.#options.reportsTime?.() === true ? entry.atMs : null;
      this.#open = { backend: entry.backend, sinceMs: entry.atMs, callerMs, untoldSinceMs };
    } else if (type === 'backend.opening' || type === 'backend.failed') this.#end();
    else if (type === 'standby.closed' && entry.outcome !== 'refused') {
      this.#log('counted', { connectedMs: entry.ageMs }, entry.backend);
    } else if (type === 'line.closed') this.#count({ agentAudioMs: entry.extent.sentMs });
    else if (type === 'tool.called') this.#count({ toolCalls: 1 });
  }

  /** Written down with the next minute. */
  #count(used: Quantities): void {
    this.#uncounted = addQuantities(this.#uncounted, used);
  }

  #end(): void {
    this.#count({ unreportedAnswers: this.#unreported + this.#productive.size });
    this.#unreported = 0;
    const untoldSinceMs = this.#open?.untoldSinceMs ?? null;
    // What it would have said of its last seconds.
    if (untoldSinceMs !== null) {
      this.#count({ sessionMs: Math.max(0, this.#options.scope.nowMs() - untoldSinceMs) });
    }
    this.#settle();
    this.#open = null;
    this.#productive.clear();
  }

  #settle(): void {
    const open = this.#open;
    if (open !== null) {
      const nowMs = this.#options.scope.nowMs();
      const callerMs = this.#options.callerAudioMs();
      this.#count({
        connectedMs: Math.max(0, nowMs - open.sinceMs),
        callerAudioMs: Math.max(0, callerMs - open.callerMs),
      });
      open.sinceMs = nowMs;
      open.callerMs = callerMs;
    }
    const used = this.#uncounted;
    this.#uncounted = {};
    if (Object.values(used).some((quantity) => quantity > 0)) {
      this.#log('counted', used, open?.backend);
    }
    this.#countBeside();
  }

  #countBeside(): void {
    const beside = this.#options.beside();
    if (beside === null || beside.audioMs <= this.#besideMs) return;
    const used = { recognisedAudioMs: beside.audioMs - this.#besideMs };
    this.#besideMs = beside.audioMs;
    this.#log(beside.reported ? 'reported' : 'counted', used, beside.name);
  }

  #wait(): void {
    const { clock } = this.#options.scope;
    this.#timer = clock.timerAt(clock.nowMs() + countMs, () => {
      this.#settle();
      this.#wait();
    });
  }

  #log(source: 'reported' | 'counted', used: Quantities, of?: string): void {
    if (this.#closed) return;
    const backend = of ?? this.#options.backend();
    const told = this.#open?.backend === backend && this.#open.untoldSinceMs !== null;
    // Time is paid for once: as the vendor tells it where it does.
    const paid = told ? { ...used, connectedMs: 0 } : used;
    const cost = costOf(paid, this.#options.prices(backend));
    this.#options.scope.log.append({ type: 'usage.counted', backend, source, used, cost });
  }
}
