import { createCallLink, type CallLinkOptions } from './call-link.ts';
import { Handover } from './handover.ts';
import { HandoverMove } from './handover-move.ts';
import { HandoverReturn } from './handover-return.ts';
import { isOpen } from '../tools/ledger.ts';
import { defaultStall, longPatience, patienceWith } from './stall-patience.ts';
import { unknownPace, type BackendHealth } from '../ports/health.ts';
import type { BackendCommand, BackendPort } from '../ports/backend.ts';
import type { BackendLink } from './backend-link.ts';
import { asCallError, CallError } from '../ports/errors.ts';
import type { CommandResult } from '../ports/client.ts';
import type { CommandTarget } from './commands.ts';
import type { MoveCause } from '../ports/events.ts';
import type { TurnDesk } from './turn-desk.ts';
import type { Vigil } from './stall-watch.ts';

export interface CallBackendOptions extends Omit<CallLinkOptions, 'handover'> {
  readonly turns: TurnDesk;
}

/** Whoever answers a call, and how it goes from one to the next: what the call says to its backend. */
export class CallBackend {
  readonly #link: BackendLink;
  readonly #handover: Handover;
  readonly #move: HandoverMove;
  /** `null`: the call stays where it is. */
  readonly #return: HandoverReturn | null;
  readonly #backends: readonly BackendPort[];
  readonly #serving: () => string;
  readonly #acceptUnseeded: boolean;
  /** How much silence the call bears, by what all calls know of the backend that answers. */
  readonly vigil: Vigil;

  constructor(options: CallBackendOptions) {
    const { call, target, turns } = options;
    this.#handover = new Handover({ callId: call.callId, target, turns });
    this.#link = createCallLink({ ...options, handover: this.#handover });
    this.#backends = call.backends;
    this.#serving = () => target.context().backend;
    this.#acceptUnseeded = call.agent.handover?.acceptUnseeded === true;
    this.#move = new HandoverMove({
      scope: target.scope,
      quiet: () => this.#link.open && isQuiet(target, turns),
      sensible: ({ to }) => to !== target.context().backend,
      go: ({ to, cause }) => {
        const port = call.backends.find(({ name }) => name === to);
        if (port !== undefined) this.#link.leave(port, cause);
      },
    });
    const health = (name = target.context().backend): BackendHealth | null =>
      call.health?.(name) ?? null;
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
      rests: () => target.tools.entries.some(isOpen),
      firstAudio: (tookMs) => health()?.firstAudio(tookMs),
      dried: (forMs) => health()?.dried(forMs),
    };
  }

  get open(): boolean {
    return this.#link.open;
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

  /** As `moveTo`, with the refusal as its result. */
  tryMove(wanted: string | null, cause: MoveCause): CommandResult {
    try {
      this.moveTo(wanted, cause);
      return { ok: true };
    } catch (thrown) {
      return { ok: false, error: asCallError(thrown) };
    }
  }

  start(): void {
    this.#link.start();
  }

  /** What waits for a backend is put in its terms when it is known which one it is. */
  send(command: BackendCommand): void {
    if (!this.#link.open) this.#link.send(command);
    else for (const told of this.#handover.translate(command)) this.#link.send(told);
  }

  /** Caller audio; it is the same to everybody. */
  hear(command: BackendCommand & { readonly type: 'audio' }): void {
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
    this.#handover.close();
    this.#move.close();
    this.#return?.close();
  }

  close(): void {
    this.#move.close();
    this.#return?.close();
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
