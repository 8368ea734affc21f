import { createCallLink, successorsIn, type CallLinkOptions } from './call-link.ts';
import { createHedge } from './call-hedge.ts';
import { createStandby, type CallStandbyOptions } from './call-standby.ts';
import type { HedgeRace } from './hedge-race.ts';
import { Handover } from './handover.ts';
import { HandoverCap } from './handover-cap.ts';
import { HandoverMove } from './handover-move.ts';
import { HandoverReturn } from './handover-return.ts';
import { isOpen } from '../tools/ledger.ts';
import { defaultStall, longPatience, patienceWith } from './stall-patience.ts';
import { unknownPace, type BackendHealth, type BackendSpeech } from '../ports/health.ts';
import type { BackendCommand, BackendPort, Usage } from '../ports/backend.ts';
import type { BackendLink } from './backend-link.ts';
import { asCallError, CallError } from '../ports/errors.ts';
import type { CommandResult } from '../ports/client.ts';
import type { CommandTarget } from './commands.ts';
import type { MoveCause } from '../ports/events.ts';
import type { TurnDesk } from './turn-desk.ts';
import type { Vigil } from './stall-watch.ts';

export interface CallBackendOptions extends Omit<
  CallLinkOptions,
  'handover' | 'adopt' | 'onLeaving' | 'race'
> {
  readonly turns: TurnDesk;
  /** The call's terms with another backend. */
  readonly termsWith: CallStandbyOptions['termsWith'];
  /** Something was used by an answer that nobody heard; `null`: nobody said what. */
  readonly onUnheard: (backend: string, usage: Usage | null) => void;
}

/** Whoever answers a call, and how it goes from one to the next: what the call says to its backend. */
export class CallBackend {
  readonly #link: BackendLink;
  readonly #handover: Handover;
  readonly #move: HandoverMove;
  readonly #cap: HandoverCap;
  /** `null`: the call stays where it is. */
  readonly #return: HandoverReturn | null;
  readonly #standby: ReturnType<typeof createStandby>;
  /** `null`: nobody else is asked. */
  readonly #hedge: HedgeRace | null;
  readonly #backends: readonly BackendPort[];
  readonly #serving: () => string;
  readonly #acceptUnseeded: boolean;
  readonly #health: (backend: string) => BackendHealth | null;
  /** How much silence the call bears, by what all calls know of the backend that answers. */
  readonly vigil: Vigil;

  constructor(options: CallBackendOptions) {
    const { call, target, turns } = options;
    this.#handover = new Handover({
      callId: call.callId,
      target,
      turns,
      phrases: call.phrases ?? null,
    });
    this.#backends = call.backends;
    this.#serving = () => target.context().backend;
    this.#health = (name) => call.health?.(name) ?? null;
    this.#standby = createStandby({
      ...options,
      serving: () => call.backends.find(({ name }) => name === this.#serving()) ?? null,
      successors: successorsIn(call),
      health: this.#health,
    });
    const { standby, risk } = this.#standby;
    this.#link = createCallLink({
      ...options,
      handover: this.#handover,
      adopt: (port) => {
        const raced = this.#hedge?.take(port) ?? null;
        const session = raced === null ? standby.take(port)?.session : undefined;
        return session === undefined ? raced : { session, missed: null };
      },
      race: {
        holds: (event) => this.#hedge?.holds(event) === true,
        retire: (port, session) => this.#hedge?.retire(port, session) === true,
        retired: (session, event) => this.#hedge?.retired(session, event) === true,
      },
      onLeaving: () => standby.risk('leaving'),
    });
    this.#acceptUnseeded = call.agent.handover?.acceptUnseeded === true;
    this.#move = new HandoverMove({
      scope: target.scope,
      quiet: () => this.#link.open && this.#roomAhead() && isQuiet(target, turns),
      sensible: ({ to, cause }) => cause === 'session_cap' || to !== target.context().backend,
      go: ({ to, cause }) => {
        const port = call.backends.find(({ name }) => name === to);
        if (port !== undefined) this.#link.leave(port, cause);
      },
    });
    this.#cap = new HandoverCap({
      scope: target.scope,
      backends: call.backends,
      successors: successorsIn(call),
      go: (move) => this.#move.want(move),
    });
    this.#hedge =
      call.agent.handover?.hedge === true
        ? createHedge({
            ...options,
            standby,
            link: this.#link,
            handover: this.#handover,
            successors: successorsIn(call),
            health: this.#health,
          })
        : null;
    const health = (name = this.#serving()): BackendHealth | null => this.#health(name);
    const { backends: wanted } = call.route ?? call.agent;
    const preferred = call.backends.find(({ name }) => name === wanted[0]) ?? call.backends[0];
    this.#return =
      call.agent.handover?.returns === true && preferred !== undefined
        ? new HandoverReturn({
            scope: target.scope,
            preferred: preferred.name,
            serving: this.#serving,
            trusted: () => health(preferred.name)?.trusted ?? true,
            back: () =>
              this.#move.want({ to: preferred.name, cause: 'preferred', withinMs: Infinity }),
          })
        : null;
    const manner = { ...defaultStall, ...call.agent.handover?.stall };
    this.vigil = {
      patience: () =>
        this.#link.replaceable ? patienceWith(manner, health()?.pace ?? unknownPace) : longPatience,
      rests: () => this.#link.telling || target.tools.entries.some(isOpen),
      firstAudio: (tookMs) => {
        risk.begun();
        health()?.firstAudio(tookMs);
      },
      dried: (forMs) => health()?.dried(forMs),
      missed: () => health()?.missedDeadline(),
    };
  }

  get open(): boolean {
    return this.#link.open;
  }

  /** How the words of the backend in use lie on its sound, by what all calls know; `null`: nobody does. */
  get speech(): BackendSpeech | null {
    return this.#health(this.#serving())?.speech ?? null;
  }

  /** Commands that wait for a backend to open. */
  get waiting(): number {
    return this.#link.waiting;
  }

  /**
   * The call goes over to another backend at the next pause.
   *
   * @param wanted its name; `null`: the first one that is not in use
   * @throws CallError where there is no such backend, or it cannot be told what was said
   */
  moveTo(wanted: string | null, cause: MoveCause): void {
    const serving = this.#serving();
    const able = this.#backends.filter(
      ({ name, capabilities }) =>
        name !== serving && (this.#acceptUnseeded || capabilities.seedHistory !== 'none'),
    );
    const port = wanted === null ? able[0] : able.find(({ name }) => name === wanted);
    if (port === undefined)
      throw new CallError('unsupported_by_backend', refusalOf(wanted, serving, able));
    this.#move.want({ to: port.name, cause });
  }

  /** Whether the backend that the call is to go over to can be opened without waiting. */
  #roomAhead(): boolean {
    const { wanted } = this.#move;
    return wanted === null || this.#health(wanted.to)?.openings.free !== false;
  }

  /** As `moveTo`, with the refusal as its result. */
  tryMove(wanted: string | null, cause: MoveCause): CommandResult {
    try {
      this.moveTo(wanted, cause);
      return { ok: true };
    } catch (thrown) {
      return { ok: false, error: asCallError(thrown) };
    }
  }

  /** The backend in use is taken for dead: an operator tries out what happens then. */
  tryBreak(): CommandResult {
    if (!this.#link.open) {
      const message = 'No backend is open at the moment.';
      return { ok: false, error: new CallError('unsupported_by_backend', message) };
    }
    this.#link.fail(new CallError('backend_closed', 'an operator made it fail'));
    return { ok: true };
  }

  start(): void {
    this.#link.start();
  }

  /** What waits for a backend is put in its terms when it is known which one it is. */
  send(command: BackendCommand): void {
    if (!this.#link.open) {
      this.#link.send(command);
      return;
    }
    this.#hedge?.sent(command);
    for (const told of this.#handover.translate(command)) this.#link.send(told);
  }

  /** Caller audio; it is the same to everybody. */
  hear(command: BackendCommand & { readonly type: 'audio' }): void {
    if (this.#link.open) this.#hedge?.sent(command);
    this.#link.send(command);
  }

  /** See {@link BackendLink.reopen}. */
  reopen(): boolean {
    return this.#link.reopen();
  }

  /** See {@link BackendLink.fail}. */
  fail(error: CallError): void {
    this.#link.fail(error);
  }

  /** A line is over. */
  lineDone(): void {
    this.#handover.lineDone();
  }

  /** Whether what was heard of a line has to be put right, as another backend was told it. */
  retold(lineId: string): boolean {
    return this.#handover.retold(lineId);
  }

  /** Nothing is answered or gone on with any more. */
  stopAnswering(): void {
    this.#hedge?.close();
    this.#standby.risk.close();
    this.#standby.standby.close();
    this.#handover.close();
    this.#cap.close();
    this.#move.close();
    this.#return?.close();
  }

  close(): void {
    this.stopAnswering();
    this.#link.close();
  }
}

function refusalOf(wanted: string | null, serving: string, able: readonly BackendPort[]): string {
  const others = able.map(({ name }) => name).join(', ');
  const there = others === '' ? 'There is no other one.' : `There is: ${others}.`;
  if (wanted === serving) return `The call is with ${serving} already. ${there}`;
  return wanted === null ? there : `The call cannot go over to ${wanted}. ${there}`;
}

/** Whether nobody speaks or is about to, and all that was said has been heard. */
function isQuiet({ lines, tools, scope, roundTripMs }: CommandTarget, turns: TurnDesk): boolean {
  const { active, latest, waitingMs } = lines;
  if (active !== null || waitingMs > 0 || tools.busy || turns.callerSpeaks) return false;
  if (turns.unansweredFromSample !== null) return false;
  if (latest === null || latest.sentMs === 0) return true;
  // The clock's guess lies behind by less than this.
  return latest.heardMs(scope.nowMs(), roundTripMs()) >= latest.sentMs - 1;
}
