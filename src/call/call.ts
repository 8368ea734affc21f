import { AgentLines } from './agent-lines.ts';
import { unasked, type LineRequest } from './line-request.ts';
import { asCallError, CallError } from '../ports/errors.ts';
import { authorityFor, adaptSettings, initialSettings, type SettingsContext } from './settings.ts';
import { createCallLink } from './call-link.ts';
import { backendFormats, sameBackendFormats } from './backend-formats.ts';
import { Conversation, type HeardAt } from './conversation.ts';
import { turnOptions } from './turn-options.ts';
import type { TurnOptions } from '../turn/options.ts';
import { CallObservers } from './observers.ts';
import { createCallerSide } from './caller-side.ts';
import { EventLog } from './event-log.ts';
import { Lifetime, shorterCapMs } from './lifetime.ts';
import { retrieveItem } from './retrieve.ts';
import { runCommand, tellHeard, type CommandTarget } from './commands.ts';
import { takeSeed } from './seed.ts';
import { ToolCalls } from './tool-calls.ts';
import { TurnDesk } from './turn-desk.ts';
import { UplinkGate } from './uplink-gate.ts';
import type { BackendCapabilities, BackendPort } from '../ports/backend.ts';
import type {
  CallControl,
  CallView,
  ClientCommand,
  CommandResult,
  RetrievedItem,
} from '../ports/client.ts';
import type { CallOptions } from './options.ts';
import type { BackendLink } from './backend-link.ts';
import type { CallScope } from './scope.ts';
import type { EchoLadder } from './echo-ladder.ts';
import type { Uplink } from './uplink.ts';
import type { CallSeed, ConversationItem } from '../ports/conversation.ts';
import type { CallSettings } from '../ports/settings.ts';
import type { CloseReason, LogEntry } from '../ports/events.ts';
import type { LineTrack } from './line-track.ts';
import type { TurnAuthority } from '../ports/backend.ts';

/** Log entries kept in memory per call (a count). */
const logLimit = 5000;

/** A running call with what operators see of it, beyond its client's view. */
export interface Call extends CallControl {
  /** The log so far, as far as it is kept. */
  readonly entries: readonly LogEntry[];
  /** Name of the backend that answers now. */
  readonly backend: string;
  seed(): CallSeed;
}

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
  readonly #link: BackendLink;
  readonly #target: CommandTarget;
  readonly #observers: CallObservers;
  readonly #gate: UplinkGate;
  readonly #lifetime: Lifetime;
  #port: BackendPort;
  #settings: CallSettings;
  #view: CallView | null = null;
  #closed: CloseReason | null = null;
  /** Call time of the uplink audio that is on its way now. */
  #pushedAtMs = 0;

  constructor(options: CallOptions) {
    const [port] = options.backends;
    if (port === undefined) throw new RangeError('a call needs at least one backend');
    const { clock, ids, log: logger } = options;
    const originMs = clock.nowMs();
    const nowMs = (): number => clock.nowMs() - originMs;
    const log = new EventLog({ limit: logLimit, nowMs });
    this.#options = options;
    this.#port = port;
    this.#scope = { clock, originMs, nowMs, ids, log, logger };
    this.#observers = new CallObservers(options.observers, this, logger);
    this.#lifetime = new Lifetime(this.#scope, options.limits, ({ code, message }) =>
      this.close({ kind: 'error', code, message }),
    );
    this.#settings = initialSettings(options.agent, this);
    const caller = createCallerSide({
      call: options,
      format: this.#settings.inputFormat,
      nowMs,
      roundTripMs: () => this.#roundTripMs(),
      judged: () =>
        this.authority === 'gateway' && this.#settings.turnDetection?.interruptResponse === true,
      turn: (input) => this.#turns.feed(input),
      onChunk: (chunk) => {
        this.#link.send({ type: 'audio', chunk });
        if (this.#link.open) this.#observers.delay('up', nowMs() - this.#pushedAtMs);
      },
      onFault: (error) => this.#fault(error),
    });
    this.#uplink = caller.uplink;
    this.#echo = caller.echo;
    this.#gate = new UplinkGate({
      uplink: this.#uplink,
      manualTurns: () => this.#settings.turnDetection === null && this.capabilities.commit,
    });
    this.#lines = new AgentLines({
      scope: this.#scope,
      conversation: this.#conversation,
      settings: () => this.#settings,
      playoutLeadMs: options.agent.playoutLeadMs,
      roundTripMs: () => this.#roundTripMs(),
      echo: this.#echo,
      send: (command) => this.#link.send(command),
      turn: (input) => this.#turns.feed(input),
      write: (audio) => this.#view?.audio(audio),
      onDelay: (delayMs) => this.#observers.delay('down', delayMs),
      onCut: (tracks) => {
        for (const track of tracks) tellHeard(this.#target, track);
      },
      onLineDone: () => this.#tools.lineDone(),
      paired: () => this.capabilities.transcripts.paired === true,
      onBackendFault: (error) => this.#backendLost(error),
    });
    this.#tools = new ToolCalls({
      scope: this.#scope,
      callId: options.callId,
      tools: options.tools,
      conversation: this.#conversation,
      lines: this.#lines,
      settings: () => this.#settings,
      send: (command) => this.#link.send(command),
      turn: (input) => this.#turns.feed(input),
      callerSpeaks: () => this.#turns.callerSpeaks,
      answer: () => this.#respond({ ...unasked, cause: 'tool' }, null),
    });
    this.#settings = this.#withOwnTools(this.#settings);
    this.#target = this.#commandTarget();
    this.#turns = new TurnDesk(this.#target, this.#turnOptions());
    this.#link = createCallLink({
      call: options,
      target: this.#target,
      onOpening: (port) => this.#opening(port),
      onLost: (error) => this.#backendLost(error),
    });
    this.#observers.watch(() => ({
      unsentBytes: this.#view?.unsentBytes ?? 0,
      unplayedMs: this.#lines.waitingMs,
      waitingCommands: this.#link.waiting,
    }));
    log.listen((entry) => this.#observers.entry(entry));
    log.append({ type: 'call.opened', agent: options.agent.name, settings: this.#settings });
    this.#uplink.listen(this.#wantsDetection());
    this.#link.start();
  }

  get callId(): string {
    return this.#options.callId;
  }

  get agent(): string {
    return this.#options.agent.name;
  }

  get backend(): string {
    return this.#port.name;
  }

  get authority(): TurnAuthority {
    return authorityFor(this.#options.agent.turns.authority, this.capabilities);
  }

  get capabilities(): BackendCapabilities {
    return this.#port.capabilities;
  }

  get sessionCapMs(): number | null {
    return shorterCapMs(this.#options.limits?.sessionCapMs ?? null, this.capabilities.sessionCapMs);
  }

  get settings(): CallSettings {
    return this.#settings;
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
    if (this.#closed !== null) return { ok: false, error: callOver() };
    this.#lifetime.heard(this.#scope.nowMs());
    try {
      runCommand(this.#target, command);
      return { ok: true };
    } catch (thrown) {
      const error = asCallError(thrown);
      if (error.code === 'internal_error') {
        this.#scope.logger.error('call.command_failed', { command: command.type, error: thrown });
      }
      return { ok: false, error };
    }
  }

  retrieve(itemId: string): RetrievedItem | undefined {
    return retrieveItem(
      { conversation: this.#conversation, uplink: this.#uplink, log: this.#scope.log },
      itemId,
      this.#heardAt(),
    );
  }

  seed(): CallSeed {
    return takeSeed({
      callId: this.callId,
      agent: this.#options.agent,
      settings: this.#settings,
      items: this.#conversation.items(this.#heardAt()),
      ledger: this.#tools.entries,
      turn: this.#turns.state,
      uplink: this.#uplink,
      unansweredFromSample: this.#turns.unansweredFromSample,
    });
  }

  close(reason: CloseReason): void {
    if (this.#closed !== null) return;
    this.#closed = reason;
    this.#lifetime.close();
    this.#stopAnswering();
    this.#lines.close();
    this.#link.close();
    this.#uplink.close();
    this.#scope.log.append({ type: 'call.closed', reason });
    this.#view?.close(reason);
    this.#options.onClosed(reason);
  }

  #commandTarget(): CommandTarget {
    return {
      scope: this.#scope,
      conversation: this.#conversation,
      lines: this.#lines,
      tools: this.#tools,
      uplink: this.#uplink,
      echo: this.#echo,
      settings: () => this.#settings,
      context: () => this.#context(),
      configure: (settings) => this.#configure(settings),
      roundTripMs: () => this.#roundTripMs(),
      turn: (input) => this.#turns.feed(input),
      send: (command) => this.#link.send(command),
      respond: (request, input, speculationId) => this.#respond(request, input, speculationId),
    };
  }

  /** What this backend cannot honour changes before it is opened, and the client is told. */
  #opening(port: BackendPort): void {
    const changed = port !== this.#port;
    this.#port = port;
    if (changed) {
      const adapted = adaptSettings(this.#settings, this.#options.agent, this.#context());
      this.#configure(this.#withOwnTools(adapted));
    }
    this.#scope.log.append({ type: 'backend.opening', backend: port.name });
    const { inputFormat, outputFormat } = backendFormats(port.capabilities, this.#settings);
    this.#uplink.connect(inputFormat);
    this.#lines.connect(outputFormat);
  }

  #configure(settings: CallSettings): void {
    const before = this.#settings;
    this.#settings = settings;
    this.#uplink.setFormat(settings.inputFormat);
    this.#lines.setFormat(settings.outputFormat);
    // A session already in use goes on in the format it was opened with, and is converted for.
    if (!sameBackendFormats(this.capabilities, before, settings)) this.#link.reopen();
    this.#uplink.listen(this.#wantsDetection());
    this.#turns.configure(this.#turnOptions());
    this.#link.send({ type: 'configure', settings });
    this.#scope.log.append({ type: 'call.configured', settings });
  }

  #respond(
    request: LineRequest,
    input: readonly ConversationItem[] | null,
    speculationId?: number,
  ): LineTrack {
    const { outOfBand, overrides } = request;
    const adopts = speculationId === undefined ? {} : { speculationId };
    return this.#lines.open(request, undefined, ({ line: { lineId, itemId } }) =>
      this.#link.send({ type: 'respond', lineId, itemId, outOfBand, overrides, input, ...adopts }),
    );
  }

  #backendLost(error: CallError): void {
    if (this.#closed !== null) return;
    const { code, message } = error;
    this.#stopAnswering();
    this.#lines.failAll(error);
    this.#scope.log.append({ type: 'backend.failed', backend: this.#port.name, code, message });
    this.close({ kind: 'error', code, message });
  }

  /** No line ends now for another one to begin. */
  #stopAnswering(): void {
    this.#turns.close();
    this.#tools.close();
  }

  /** Parley's own tools are always shown, where the backend can call any. */
  #withOwnTools(settings: CallSettings): CallSettings {
    return this.capabilities.tools === 'none'
      ? settings
      : { ...settings, tools: this.#tools.merge(settings.tools) };
  }

  #context(): SettingsContext {
    return {
      backend: this.#port.name,
      capabilities: this.capabilities,
      authority: this.authority,
      voiceLocked: this.#lines.heardAnything,
      formatLocked: { input: this.#uplink.endSample > 0, output: this.#lines.formatLocked },
    };
  }

  #turnOptions(): TurnOptions {
    return turnOptions({
      agent: this.#options.agent,
      settings: this.#settings,
      capabilities: this.capabilities,
      authority: this.authority,
      endOfTurn: (this.#options.endOfTurn ?? null) !== null,
    });
  }

  #wantsDetection(): boolean {
    return this.#settings.turnDetection !== null && this.authority !== 'backend';
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

function callOver(): CallError {
  return new CallError('internal_error', 'The call is over.');
}
