import { AgentLines } from './agent-lines.ts';
import { respondExtras, type LineRequest } from './line-request.ts';
import type { CallError } from '../ports/errors.ts';
import { TermChanges } from './term-changes.ts';
import { CallTerms } from './terms.ts';
import { CallBackend } from './call-backend.ts';
import { CallSpend } from './call-spend.ts';
import { createCallTools } from './call-tools.ts';
import { Conversation, type HeardAt } from './conversation.ts';
import { CallObservers } from './observers.ts';
import { createCallerSide } from './caller-side.ts';
import { EventLog } from './event-log.ts';
import { createLineGate, type LineGate } from './line-gate.ts';
import { LastWords } from './last-words.ts';
import { Lifetime } from './lifetime.ts';
import { retrieveItem } from './retrieve.ts';
import { callOver, tellHeard, tryCommand, type CommandTarget } from './commands.ts';
import { takeSeed } from './seed.ts';
import { createSideListener, type SideListener } from './side-listener.ts';
import { TurnDesk } from './turn-desk.ts';
import { TurnWords } from './turn-words.ts';
import { UplinkGate } from './uplink-gate.ts';
import type { BackendCapabilities } from '../ports/backend.ts';
import type { CallView, ClientCommand, CommandResult, RetrievedItem } from '../ports/client.ts';
import type { Call } from './running.ts';
import type { CallOptions } from './options.ts';
import type { CallScope } from './scope.ts';
import type { EchoLadder } from './echo-ladder.ts';
import type { Uplink } from './uplink.ts';
import type { CallSeed, ConversationItem } from '../ports/conversation.ts';
import type { CallSettings } from '../ports/settings.ts';
import type { CloseReason, LogEntry } from '../ports/events.ts';
import type { LineTrack } from './line-track.ts';
import type { ToolCalls } from './tool-calls.ts';
import type { TurnAuthority } from '../ports/backend.ts';

/** Log entries kept in memory per call (a count). */
const logLimit = 5000;

/** Opens a call: it starts looking for its backend at once and logs `call.opened`. */
export function createCall(options: CallOptions): Call {
  return new RunningCall(options);
}

/** Wiring only: every rule lives in the part named for it. */
class RunningCall implements Call {
  readonly #options: CallOptions;
  readonly #scope: CallScope;
  readonly #conversation = new Conversation();
  readonly #uplink: Uplink;
  readonly #echo: EchoLadder;
  readonly #lines: AgentLines;
  readonly #tools: ToolCalls;
  readonly #turns: TurnDesk;
  readonly #spend: CallSpend;
  readonly #backend: CallBackend;
  readonly #target: CommandTarget;
  readonly #observers: CallObservers;
  readonly #gate: UplinkGate;
  readonly #lineGate: LineGate | null;
  readonly #lifetime: Lifetime;
  readonly #lastWords: LastWords;
  readonly #side: SideListener | null;
  readonly #terms: CallTerms;
  readonly #changes: TermChanges;
  #view: CallView | null = null;
  #closed: CloseReason | null = null;
  /** Call time of the uplink audio that is on its way now. */
  #pushedAtMs = 0;

  constructor(options: CallOptions) {
    const { clock, ids, log: logger } = options;
    const originMs = clock.nowMs();
    const nowMs = (): number => clock.nowMs() - originMs;
    const log = new EventLog({ limit: logLimit, nowMs });
    this.#options = options;
    this.#scope = { clock, originMs, nowMs, ids, log, logger };
    this.#observers = new CallObservers(options.observers, this, logger);
    this.#lifetime = new Lifetime(this.#scope, options.limits, ({ code, message }) =>
      this.close({ kind: 'error', code, message }),
    );
    this.#side = createSideListener(options, {
      target: () => this.#target,
      onHearing: () => this.#turns.configure(this.#terms.turnOptions()),
    });
    this.#terms = new CallTerms(options, (backends) => this.#side?.shown(backends) ?? backends);
    const caller = createCallerSide({
      call: options,
      format: this.#terms.settings.inputFormat,
      nowMs,
      roundTripMs: () => this.#roundTripMs(),
      judged: () => this.#terms.judged,
      turn: (input) => this.#turns.feed(input),
      onChunk: (chunk) => {
        this.#backend.hear({ type: 'audio', chunk });
        this.#side?.push(chunk);
        if (this.#backend.open) this.#observers.delay('up', nowMs() - this.#pushedAtMs);
      },
      onFault: (error) => this.#fault(error),
    });
    this.#uplink = caller.uplink;
    this.#echo = caller.echo;
    this.#gate = new UplinkGate({
      uplink: this.#uplink,
      manualTurns: () => this.#terms.manualTurns,
    });
    this.#lineGate = createLineGate(options, {
      scope: this.#scope,
      agent: () => this.agent,
      backend: () => this.backend,
      lines: () => this.#lines,
      capabilities: () => this.capabilities,
      roundTripMs: () => this.#roundTripMs(),
      callerSpeaks: () => this.#turns.callerSpeaks,
      respond: (request) => this.#respond(request, null),
      close: (reason) => this.close(reason),
    });
    this.#lines = new AgentLines({
      gate: this.#lineGate,
      scope: this.#scope,
      conversation: this.#conversation,
      settings: () => this.#terms.settings,
      playoutLeadMs: options.agent.playoutLeadMs,
      roundTripMs: () => this.#roundTripMs(),
      echo: this.#echo,
      send: (command) => this.#backend.send(command),
      turn: (input) => this.#turns.feed(input),
      write: (audio) => this.#view?.audio(audio),
      onDelay: (delayMs) => this.#observers.delay('down', delayMs),
      onCut: (tracks) => tracks.forEach((track) => tellHeard(this.#target, track)),
      onLineDone: (track) => {
        this.#tools.lineDone(track);
        this.#backend.lineDone();
      },
      paired: () => this.capabilities.transcripts.paired === true,
      callerTalks: () => this.#turns.callerTalks,
      stopsStream: () => this.capabilities.cancel,
      onBackendFault: (error) => this.#backend.fail(error),
      vigil: () => this.#backend.vigil,
      speech: () => this.#backend.speech,
    });
    this.#tools = createCallTools({
      call: options,
      scope: this.#scope,
      conversation: this.#conversation,
      lines: this.#lines,
      settings: () => this.#terms.settings,
      context: () => this.#changes.context(),
      roundTripMs: () => this.#roundTripMs(),
      send: (command) => this.#backend.send(command),
      turn: (input) => this.#turns.feed(input),
      callerSpeaks: () => this.#turns.callerSpeaks,
      respond: (request) => this.#respond(request, null),
      configure: (settings) => this.#changes.configure(settings),
      agent: () => this.#terms.agent,
      moveTo: (backend) => this.#backend.moveTo(backend, 'tool'),
      onAgent: ({ agent, agent: { gate }, gateCheck = null }) => {
        this.#terms.agent = agent;
        this.#lineGate?.change(gate === undefined ? null : { gate, checker: gateCheck });
      },
      close: (reason) => this.close(reason),
    });
    this.#changes = new TermChanges({
      scope: this.#scope,
      terms: this.#terms,
      uplink: this.#uplink,
      lines: this.#lines,
      tools: this.#tools,
      side: this.#side,
      turns: () => this.#turns,
      backend: () => this.#backend,
      send: (command) => this.#backend.send(command),
    });
    this.#terms.settings = this.#tools.withOwn(this.#terms.settings);
    this.#target = this.#commandTarget();
    this.#lastWords = new LastWords(this.#target, options.phrases ?? null);
    this.#turns = new TurnDesk(this.#target, this.#terms.turnOptions());
    this.#backend = new CallBackend({
      call: options,
      target: this.#target,
      turns: this.#turns,
      beside: this.#side,
      onOpening: (port) => this.#changes.opening(port),
      termsWith: (port) => this.#changes.with(port),
      onEvent: (event) => this.#spend.take(event),
      onUnheard: (backend, usage) => this.#spend.unheard(backend, usage),
      onLost: (error) => this.#backendLost(error),
    });
    this.#observers.watch(() => ({
      unsentBytes: this.#view?.unsentBytes ?? 0,
      unplayedMs: this.#lines.waitingMs,
      waitingCommands: this.#backend.waiting,
    }));
    log.listen((entry) => this.#observers.entry(entry));
    log.listen((entry) => this.#side?.entry(entry));
    this.#spend = new CallSpend({
      target: this.#target,
      spend: options.spend,
      callerSpeaks: () => this.#turns.callerSpeaks,
      beside: () => this.#side?.used ?? null,
      move: (backend) => this.#backend.moveTo(backend, 'spend_limit'),
      close: (reason) => this.close(reason),
    });
    const route = options.route === undefined ? {} : { route: options.route };
    log.append({
      type: 'call.opened',
      agent: this.agent,
      settings: this.#terms.settings,
      ...route,
    });
    this.#uplink.listen(this.#terms.wantsDetection);
    this.#backend.start();
  }

  get callId(): string {
    return this.#options.callId;
  }

  get agent(): string {
    return this.#terms.agent.name;
  }

  get backend(): string {
    return this.#terms.port.name;
  }

  get authority(): TurnAuthority {
    return this.#terms.authority;
  }

  get capabilities(): BackendCapabilities {
    return this.#terms.capabilities;
  }

  get sessionCapMs(): number | null {
    return this.#terms.sessionCapMs;
  }

  get settings(): CallSettings {
    return this.#terms.settings;
  }

  get entries(): readonly LogEntry[] {
    return this.#scope.log.entries();
  }

  attach(view: CallView): void {
    if (this.#view !== null) throw new TypeError('a call has one view');
    this.#view = view;
    this.#scope.log.listen((entry) => view.entry(entry));
    if (this.#closed !== null) view.close(this.#closed);
  }

  pushAudio(bytes: Uint8Array): CommandResult {
    if (this.#closed !== null) return { ok: false, error: callOver() };
    const nowMs = this.#scope.nowMs();
    this.#lifetime.heard(nowMs);
    const error = this.#gate.refusal(bytes.byteLength, nowMs);
    if (error !== null) return { ok: false, error };
    this.#pushedAtMs = nowMs;
    this.#uplink.push(bytes, nowMs);
    return { ok: true };
  }

  audioRefusal(lengthBytes: number): CallError | null {
    return this.#gate.expectedRefusal(lengthBytes, this.#scope.nowMs());
  }

  execute(command: ClientCommand): CommandResult {
    if (this.#lastWords.refuses(command)) return { ok: false, error: callOver() };
    this.#lifetime.heard(this.#scope.nowMs());
    return tryCommand(this.#target, command);
  }

  handOver(to: string | null): CommandResult {
    if (this.#closed !== null) return { ok: false, error: callOver() };
    return this.#backend.tryMove(to, 'operator');
  }

  breakBackend(): CommandResult {
    return this.#backend.tryBreak();
  }

  retrieve(itemId: string): RetrievedItem | undefined {
    return retrieveItem(
      { conversation: this.#conversation, uplink: this.#uplink, log: this.#scope.log },
      itemId,
      this.#heardAt(),
    );
  }

  seed(): CallSeed {
    return takeSeed({ callId: this.callId, target: this.#target, turns: this.#turns });
  }

  close(reason: CloseReason): void {
    if (this.#closed !== null) return;
    this.#closed = reason;
    this.#lifetime.close();
    this.#lastWords.close();
    this.#stopAnswering();
    this.#lineGate?.close();
    this.#lines.close();
    this.#spend.close();
    this.#backend.close();
    this.#side?.close();
    this.#uplink.close();
    this.#scope.log.append({ type: 'call.closed', reason });
    this.#view?.close(reason);
    this.#options.onClosed(reason);
  }

  #commandTarget(): CommandTarget {
    return {
      scope: this.#scope,
      words: new TurnWords(this.#scope, this.#conversation, () => this.#terms.settings),
      conversation: this.#conversation,
      lines: this.#lines,
      tools: this.#tools,
      uplink: this.#uplink,
      echo: this.#echo,
      agent: () => this.#terms.agent,
      settings: () => this.#terms.settings,
      context: () => this.#changes.context(),
      configure: (settings) => this.#changes.configure(settings),
      roundTripMs: () => this.#roundTripMs(),
      turn: (input) => this.#turns.feed(input),
      send: (command) => this.#backend.send(command),
      retold: (lineId) => this.#backend.retold(lineId),
      respond: (request, input, speculationId) => this.#respond(request, input, speculationId),
    };
  }

  #respond(
    request: LineRequest,
    input: readonly ConversationItem[] | null,
    speculationId?: number,
  ): LineTrack {
    const { outOfBand, overrides } = request;
    const more = respondExtras(request, speculationId);
    return this.#lines.open(request, undefined, ({ line: { lineId, itemId } }) =>
      this.#backend.send({ type: 'respond', lineId, itemId, outOfBand, overrides, input, ...more }),
    );
  }

  #backendLost(error: CallError): void {
    if (this.#closed !== null) return;
    const { code, message } = error;
    this.#stopAnswering();
    this.#lines.failAll(error);
    this.#scope.log.append({ type: 'backend.failed', backend: this.backend, code, message });
    this.#lastWords.say(() => this.close({ kind: 'error', code, message }));
  }

  /** No line ends now for another one to begin. */
  #stopAnswering(): void {
    this.#turns.close();
    this.#tools.close();
    this.#backend.stopAnswering();
  }

  #heardAt(): HeardAt {
    return { nowMs: this.#scope.nowMs(), roundTripMs: this.#roundTripMs() };
  }

  #roundTripMs(): number {
    return this.#view?.roundTripMs ?? 0;
  }

  #fault({ code, message }: CallError): void {
    this.#scope.log.append({ type: 'fault', code, message });
  }
}
