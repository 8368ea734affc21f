import { BackendUplink } from './backend-uplink.ts';
import { HedgeRunner } from './hedge-runner.ts';
import { PacedReplay } from './handover-replay.ts';
import type { AudioFormat } from '../audio/format.ts';
import type { BackendCommand, BackendEvent, BackendPort } from '../ports/backend.ts';
import type { CallScope } from './scope.ts';
import type { HedgeRemains } from './hedge-remains.ts';
import type { OpenedAhead, Standby } from './standby.ts';
import type { OtherTerms } from './term-changes.ts';
import type { ReadySession } from './link-options.ts';
import type { Retelling, Taker } from './handover-plan.ts';
import type { RunnerInput } from './hedge.ts';
import type { StandbySession } from './standby-session.ts';

/** What the call goes on to say while it is not known who answers (a count): 40 s of 20 ms chunks. */
const missedLimit = 2000;

export interface RivalOptions {
  readonly scope: CallScope;
  /** Where sessions come from that were told nothing yet. */
  readonly standby: Pick<Standby, 'wait'>;
  /** The call's terms with another backend. */
  readonly termsWith: (port: BackendPort) => OtherTerms;
  /** Caller audio as the client sends it. */
  readonly callerFormat: () => AudioFormat;
  /** What another backend would be told of the call as it is now. */
  readonly retelling: (taker: Taker) => Retelling;
}

export interface RivalHandlers {
  /** It has been told everything, and asked. */
  readonly onAsked: () => void;
  readonly onProgress: (what: RunnerInput) => void;
}

type Respond = BackendCommand & { readonly type: 'respond' };

/** The second backend that is asked for an answer: its session, what it was told, and what it was not. */
export class HedgeRival {
  readonly port: BackendPort;
  readonly #respond: Respond;
  readonly #options: RivalOptions;
  readonly #handlers: RivalHandlers;
  #stopWaiting: () => void = () => undefined;
  #session: StandbySession | null = null;
  #uplink: BackendUplink | null = null;
  #replay: PacedReplay | null = null;
  /** What was said to the other since this one was told everything. */
  readonly #missed: BackendCommand[] = [];
  /** Turns of which the other gave the words meanwhile. */
  readonly #transcribed = new Set<string>();
  #asked = false;

  constructor(
    port: BackendPort,
    respond: Respond,
    options: RivalOptions & { readonly handlers: RivalHandlers },
  ) {
    this.port = port;
    this.#respond = respond;
    this.#options = options;
    this.#handlers = options.handlers;
  }

  /** Whether it was told everything, and asked. */
  get asked(): boolean {
    return this.#asked;
  }

  /** Begins. It may be out before this returns. */
  start(): void {
    this.#stopWaiting = this.#options.standby.wait(this.port, 'hedge', (opened) => {
      if (opened === null) this.#handlers.onProgress('out');
      else this.#tell(opened);
    });
  }

  /** The backend in use is sent this, and this one is not. */
  missed(command: BackendCommand): void {
    if (this.#session === null) return;
    // What is begun ahead of a turn is begun by one backend alone, and what is said beside the
    // conversation ends with the other one.
    const { type } = command;
    if (type === 'speculate' || type === 'speculation.drop' || type === 'respond') return;
    this.#missed.push(command);
    if (this.#missed.length > missedLimit) this.#handlers.onProgress('out');
  }

  /** The backend in use says this. */
  alsoHeard(event: BackendEvent): void {
    if (event.type === 'caller.transcript' && event.final) this.#transcribed.add(event.itemId);
  }

  /** The call takes it over. */
  handOver(): ReadySession | null {
    const session = this.#session;
    const uplink = this.#uplink;
    if (session === null || uplink === null) return null;
    this.#session = null;
    this.#uplink = null;
    this.#close();
    // Nobody's words are told twice.
    session.forget(
      (event) => event.type === 'caller.transcript' && this.#transcribed.has(event.itemId),
    );
    return { session, missed: this.#missed, uplink };
  }

  /** It is not needed any more. Idempotent. */
  leave(remains: HedgeRemains): void {
    const session = this.#session;
    this.#session = null;
    this.#close();
    if (session === null) return;
    if (!this.#asked || !session.alive) {
      session.close();
      return;
    }
    remains.keep(this.port.name, session, this.#respond.lineId);
    session.events.consume?.((event) => remains.take(session, event)).catch(() => undefined);
  }

  #close(): void {
    this.#stopWaiting();
    this.#replay?.close();
    this.#uplink?.close();
  }

  #tell({ session, context }: OpenedAhead): void {
    const { callerFormat, retelling, scope, termsWith } = this.#options;
    const { authority, capabilities, settings } = termsWith(this.port);
    const { items, commands } = retelling({ authority, capabilities });
    const runner = new HedgeRunner(this.#respond.lineId, context.outputFormat);
    this.#session = session;
    session.watch({
      onEvent: (event) => {
        const what = runner.take(event);
        if (what !== null) this.#handlers.onProgress(what);
      },
      onLost: () => this.#handlers.onProgress('out'),
    });
    const uplink = new BackendUplink(callerFormat(), context.inputFormat);
    this.#uplink = uplink;
    session.seed(items);
    session.send({ type: 'configure', settings });
    this.#replay = new PacedReplay([...commands, this.#respond], {
      clock: scope.clock,
      paced: !capabilities.fasterThanRealTime,
      send: (command) => {
        const adapted = uplink.adapt(command);
        if (adapted !== null && session.send(adapted) !== 'ok') this.#handlers.onProgress('out');
      },
      onDone: () => {
        this.#asked = true;
        this.#handlers.onAsked();
      },
    });
    this.#replay.start();
  }
}
