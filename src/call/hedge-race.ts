import { HedgeRemains } from './hedge-remains.ts';
import { HedgeRival, type RivalOptions } from './hedge-rival.ts';
import { HedgeRunner } from './hedge-runner.ts';
import { hedgeStep, noHedge, type HedgeEffect, type HedgeInput, type HedgeState } from './hedge.ts';
import type {
  BackendCommand,
  BackendEvent,
  BackendPort,
  BackendSession,
  Usage,
} from '../ports/backend.ts';
import type { AudioFormat } from '../audio/format.ts';
import type { BackendHealth } from '../ports/health.ts';
import type { LiveBackendEvent } from './backend-events.ts';
import type { LogEntry } from '../ports/events.ts';
import type { ReadySession } from './link-options.ts';
import type { Timer } from '../time/clock.ts';

/** What one side has said that waits for the end of the race (a count): 20 s of 20 ms pieces. */
const heldLimit = 1000;

export interface HedgeRaceOptions extends RivalOptions {
  /** The backend that answers; `null` where what it is asked cannot be asked of another one. */
  readonly own: () => BackendPort | null;
  /** Agent audio as that one gives it. */
  readonly ownFormat: () => AudioFormat;
  /** Who would be asked as well; `null`: nobody. */
  readonly rival: () => BackendPort | null;
  readonly health: (backend: string) => BackendHealth | null;
  /** What the backend in use had said meanwhile is to be taken after all. */
  readonly release: (events: readonly LiveBackendEvent[]) => void;
  /** The call goes over to the rival, now. */
  readonly goOver: (rival: BackendPort) => void;
  /** Something was used by an answer that nobody heard; `null`: nobody said what. */
  readonly onUsed: (backend: string, usage: Usage | null) => void;
}

type Respond = BackendCommand & { readonly type: 'respond' };

/**
 * Asks a second backend where the first is later than nine of ten of its answers, and lets the first of
 * the two that can be heard answer. What both say is held until then, so that no tool runs twice.
 */
export class HedgeRace {
  readonly #options: HedgeRaceOptions;
  readonly #remains: HedgeRemains;
  #state: HedgeState = noHedge;
  #timer: Timer | null = null;
  #asked: Respond | null = null;
  #own: HedgeRunner | null = null;
  #rival: HedgeRival | null = null;
  #held: LiveBackendEvent[] = [];
  /** The call is going over to the rival. */
  #won = false;
  #closed = false;

  constructor(options: HedgeRaceOptions) {
    this.#options = options;
    const { scope, onUsed } = options;
    this.#remains = new HedgeRemains(scope.clock, onUsed);
    scope.log.listen((entry) => this.#entry(entry));
  }

  /** The backend in use is sent this. */
  sent(command: BackendCommand): void {
    this.#rival?.missed(command);
    if (command.type !== 'respond' || command.outOfBand || this.#closed) return;
    const { health, own, rival } = this.#options;
    const port = own();
    const other = port === null ? null : rival();
    const able = port !== null && other !== null && canAsk(other, command);
    this.#asked = withoutSpeculation(command);
    const lateMs = able ? (health(port.name)?.pace.firstAudioP90Ms ?? null) : null;
    this.#feed({ type: 'asked', lineId: command.lineId, lateMs });
  }

  /** What the backend in use says. @returns whether it is held until it is known who answers */
  holds(event: LiveBackendEvent): boolean {
    const own = this.#own;
    if (own === null) {
      if (this.#state.kind === 'asked') this.#begun(event);
      return false;
    }
    this.#rival?.alsoHeard(event);
    const what = own.take(event);
    // A failed answer is a loss, and what follows from that is not this race's.
    if (what === 'out' || !own.concerns(event)) return false;
    if (this.#held.length >= heldLimit) {
      this.#feed({ type: 'left' });
      return false;
    }
    this.#held.push(event);
    if (what !== null) this.#feed({ type: 'own', lineId: this.#lineId, what });
    return true;
  }

  /** The rival's session, where the call goes over to it and it was asked already; `null` otherwise. */
  take(port: BackendPort): ReadySession | null {
    const rival = this.#rival;
    if (rival?.port !== port || !rival.asked) return null;
    this.#rival = null;
    // It may be that the other one was lost.
    if (!this.#won) this.#logEnd(port.name);
    this.#settle(noHedge, null);
    const taken = rival.handOver();
    this.#over();
    return taken;
  }

  /** The session in use is being left. @returns whether it is kept here until it has told its usage */
  retire(port: BackendPort, session: BackendSession): boolean {
    if (this.#won) {
      this.#remains.keep(port.name, session, this.#asked?.lineId ?? '');
      return true;
    }
    // Whoever takes over after a loss may be the rival: it is asked for next.
    if (this.#rival?.asked === false) this.#feed({ type: 'left' });
    return false;
  }

  /** What a session says that was left. @returns false when nothing more of it is wanted */
  retired(session: BackendSession, event: BackendEvent): boolean {
    return this.#remains.take(session, event);
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#feed({ type: 'left' });
    this.#closed = true;
    this.#end(null);
    this.#remains.close();
  }

  get #lineId(): string {
    return this.#state.kind === 'idle' ? '' : this.#state.lineId;
  }

  #begun(event: LiveBackendEvent): void {
    const { type } = event;
    if (type !== 'line.audio' && type !== 'tool.called' && type !== 'line.done') return;
    if (event.lineId !== null) this.#feed({ type: 'own', lineId: event.lineId, what: 'begun' });
  }

  #entry(entry: LogEntry): void {
    if (entry.type === 'line.closed') this.#feed({ type: 'over', lineId: entry.lineId });
    // Whoever was asked as well is not it: that one takes over before this is said.
    else if (entry.type === 'backend.opening') this.#feed({ type: 'left' });
  }

  #feed(input: HedgeInput): void {
    if (this.#closed) return;
    const { clock } = this.#options.scope;
    // The timer has come: rounding must not put "now" just before it.
    const dueMs = this.#state.kind === 'asked' && input.type === 'wake' ? this.#state.lateAtMs : 0;
    const { state, effects, wakeAtMs } = hedgeStep(
      this.#state,
      input,
      Math.max(clock.nowMs(), dueMs),
    );
    this.#settle(state, wakeAtMs);
    for (const effect of effects) this.#run(effect);
  }

  #settle(state: HedgeState, wakeAtMs: number | null): void {
    this.#state = state;
    this.#timer?.cancel();
    const { clock } = this.#options.scope;
    this.#timer =
      wakeAtMs === null ? null : clock.timerAt(wakeAtMs, () => this.#feed({ type: 'wake' }));
  }

  #run(effect: HedgeEffect): void {
    switch (effect.type) {
      case 'ask':
        this.#ask();
        return;
      case 'won':
        this.#win(effect);
        return;
      case 'lost':
        this.#end(this.#options.own()?.name ?? null);
        return;
      case 'dropped':
        this.#end(null);
        return;
    }
  }

  #ask(): void {
    const { own, rival, scope } = this.#options;
    const [port, other] = [own(), rival()];
    const asked = this.#asked;
    if (port === null || other === null || asked === null || this.#state.kind !== 'racing') {
      this.#feed({ type: 'left' });
      return;
    }
    const { lineId, atMs } = this.#state;
    const entered = new HedgeRival(other, asked, {
      ...this.#options,
      handlers: {
        onAsked: () => this.#feed({ type: 'rival.asked' }),
        onProgress: (what) => this.#feed({ type: 'rival', lineId, what }),
      },
    });
    this.#rival = entered;
    this.#won = false;
    this.#own = new HedgeRunner(lineId, this.#options.ownFormat());
    const afterMs = scope.clock.nowMs() - atMs;
    scope.log.append({ type: 'hedge.started', lineId, backend: other.name, afterMs });
    entered.start();
  }

  #win({ ownMs, rivalMs }: HedgeEffect & { readonly type: 'won' }): void {
    const { goOver, health, own } = this.#options;
    const rival = this.#rival;
    const port = own();
    if (rival === null) return;
    health(port?.name ?? '')?.overtaken(ownMs);
    health(rival.port.name)?.firstAudio(rivalMs);
    this.#logEnd(rival.port.name);
    this.#won = true;
    goOver(rival.port);
  }

  /** The rival is not needed. @param winner who answers */
  #end(winner: string | null): void {
    const rival = this.#rival;
    this.#rival = null;
    if (rival !== null) {
      if (!this.#won) this.#logEnd(winner);
      rival.leave(this.#remains);
    }
    this.#over();
  }

  /** What was held goes where it would have gone. */
  #over(): void {
    this.#own = null;
    this.#won = false;
    const held = this.#held;
    this.#held = [];
    if (held.length > 0) this.#options.release(held);
  }

  #logEnd(winner: string | null): void {
    const { log } = this.#options.scope;
    log.append({ type: 'hedge.ended', lineId: this.#asked?.lineId ?? '', winner });
  }
}

/** What was begun ahead of the turn was begun by one backend alone. */
function withoutSpeculation(command: Respond): Respond {
  const { speculationId, ...plain } = command;
  return speculationId === undefined ? command : plain;
}

/** Whether another backend can be asked for the same. */
function canAsk({ capabilities }: BackendPort, { input, overrides, words }: Respond): boolean {
  if (input !== null || words !== undefined) return false;
  return capabilities.rigid?.perLine !== true || Object.keys(overrides).length === 0;
}
