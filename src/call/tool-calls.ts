import { asideRequest } from './aside.ts';
import { idempotencyKey } from '../tools/idempotency.ts';
import { ownTools, toolResultMessage } from './tool-items.ts';
import { ServerTools } from './server-tools.ts';
import { ToolDesk } from './tool-desk.ts';
import { ToolPreamble } from './tool-preamble.ts';
import type { AgentLines } from './agent-lines.ts';
import type { BackendCapabilities, BackendCommand, BackendEvent } from '../ports/backend.ts';
import type { ActionsOfCall } from './call-actions.ts';
import type { ToolPort, ToolSet } from '../ports/tool.ts';
import type { CallScope } from './scope.ts';
import type { CallSettings, ToolDefinition } from '../ports/settings.ts';
import type { Conversation } from './conversation.ts';
import type {
  ConversationItem,
  LedgerEntry,
  ToolCallItem,
  ToolOutputItem,
} from '../ports/conversation.ts';
import type { LineRequest } from './line-request.ts';
import type { LineTrack } from './line-track.ts';
import type { LogEntry } from '../ports/events.ts';
import type { NewItem } from '../ports/client.ts';
import type { TurnInput } from '../turn/vocabulary.ts';

export interface ToolCallsOptions {
  readonly scope: CallScope;
  readonly callId: string;
  readonly tools: readonly ToolPort[];
  /** Tools that may come and go; absent: only `tools`. */
  readonly toolSet?: ToolSet | null;
  readonly actions: ActionsOfCall;
  readonly conversation: Conversation;
  readonly lines: AgentLines;
  readonly settings: () => CallSettings;
  readonly capabilities: () => BackendCapabilities;
  readonly send: (command: BackendCommand) => void;
  /** The turn machine: who waits for a tool, and what a speculation rests on. */
  readonly turn: (input: TurnInput) => void;
  readonly callerSpeaks: () => boolean;
  /** Whether something is said while a tool runs that does not say so itself. */
  readonly fillers: boolean;
  /** Opens a line. */
  readonly respond: (request: LineRequest) => void;
  /** Lets the agent speak about what Parley's own tools brought. */
  readonly answer: () => void;
  /** Parley's own tools are others now; `kept` are the client's. */
  readonly onTools: (kept: readonly ToolDefinition[]) => void;
}

/** Tool calls as items of the conversation: from the model's request to the answer in its context. */
export class ToolCalls {
  /** Those that the backend runs by itself. */
  readonly served: ServerTools;
  readonly #options: ToolCallsOptions;
  readonly #desk: ToolDesk;
  readonly #preamble: ToolPreamble;
  #stopListening: () => void = () => undefined;
  #answerOwed = false;
  /** Something came that the agent is to speak about. */
  #worthAnswering = false;
  /** The model said something in the latest line that was no filler. */
  #modelSpoke = false;
  /** Item of the caller's latest turn. */
  #turnItemId: string | null = null;
  /** Turns in which the calls that are open were asked for. */
  readonly #askedIn = new Map<string, string | null>();
  /** Where the output that is being taken goes. */
  #after: string | null = null;
  #closed = false;

  constructor(options: ToolCallsOptions) {
    const { scope, callId, capabilities, lines, actions } = options;
    this.#options = options;
    this.#preamble = new ToolPreamble({
      scope,
      capabilities,
      quiet: () => lines.active === null && !options.callerSpeaks(),
      respond: options.respond,
    });
    this.#desk = new ToolDesk({
      scope,
      callId,
      tools: [],
      actions,
      onAnswer: (toolCallId, output, itemId) => this.#addOutput(toolCallId, output, itemId),
      onNote: (entry, text) => this.#addNote(entry, text),
      onGatewayDone: () => {
        if (this.#worthAnswering) this.#owe();
      },
    });
    this.served = new ServerTools({ ...options, desk: this.#desk });
    this.#follow(options.tools, options.toolSet ?? null);
    scope.log.listen((entry) => this.#heard(entry));
  }

  get entries(): readonly LedgerEntry[] {
    return this.#desk.entries;
  }

  /** A tool runs that an answer waits for, or the answer is still owed. */
  get busy(): boolean {
    return this.#desk.busy || this.#answerOwed;
  }

  /** @throws CallError on a name clash */
  merge(declared: readonly ToolDefinition[]): readonly ToolDefinition[] {
    return this.#desk.merge(declared);
  }

  /** Settings with Parley's own tools, where the backend can call any. @throws CallError on a clash */
  withOwn(settings: CallSettings): CallSettings {
    return this.#options.capabilities().tools === 'none'
      ? settings
      : { ...settings, tools: this.merge(settings.tools) };
  }

  known(toolCallId: string): boolean {
    return this.#desk.known(toolCallId);
  }

  /**
   * Other tools of Parley's from now on: the call goes on with another agent.
   *
   * @returns the client's, as they are shown now
   */
  use(tools: readonly ToolPort[], toolSet: ToolSet | null): readonly ToolDefinition[] {
    const kept = this.#desk.others(this.#options.settings().tools);
    this.#stopListening();
    this.#follow(tools, toolSet, kept);
    return kept;
  }

  /**
   * What is said while a tool runs.
   *
   * @param count fillers that were said before in this wait
   * @param made how the backend makes it up where the tool has no words of its own
   */
  filler(count: number, made: string): LineRequest | null {
    const waiting = this.#desk.entries.find(
      ({ toolCallId, name }) => this.#desk.isOpen(toolCallId) && this.#hasWords(name),
    );
    const { fillers = null } = waiting === undefined ? {} : this.#desk.mannerOf(waiting.name);
    const words = Array.isArray(fillers) ? (fillers as readonly string[]) : [];
    const said = words[Math.min(count, words.length - 1)] ?? null;
    return asideRequest(this.#options.capabilities(), said, made);
  }

  /**
   * The client answers; a second answer is counted and changes nothing (stock clients repeat them).
   *
   * @param after where the output goes: an item id, `root`, or `null` for the end
   * @throws CallError `tool_call_not_found`
   */
  answered(
    { toolCallId, output, itemId }: NewItem & { readonly kind: 'tool_output' },
    after: string | null,
  ): void {
    this.#after = after;
    try {
      this.#desk.answered(toolCallId, output, itemId);
    } finally {
      this.#after = null;
    }
  }

  /** The model asks for a tool. A line that is over asks for nothing. */
  called(event: BackendEvent & { type: 'tool.called' }): void {
    const { scope, conversation, lines, settings, turn } = this.#options;
    const track =
      event.lineId === null
        ? (lines.active ?? lines.latest ?? undefined)
        : lines.find(event.lineId);
    if (track === undefined || this.#desk.known(event.toolCallId)) {
      scope.logger.info('tool.not_run', { stale: track === undefined });
      return;
    }
    const item: ToolCallItem = {
      kind: 'tool_call',
      itemId: scope.ids.next('item'),
      status: 'completed',
      toolCallId: event.toolCallId,
      name: event.name,
      arguments: event.arguments,
    };
    const shown = track.line.overrides.tools ?? settings().tools;
    const runner = track.inBand ? this.#desk.runnerOf(event.name, shown) : 'client';
    const previousItemId = track.inBand ? conversation.add(item, null) : null;
    scope.log.append({
      type: 'tool.called',
      lineId: track.line.lineId,
      item,
      previousItemId,
      runner,
    });
    if (!track.inBand) return;
    turn({ type: 'context' });
    this.#ask(item, runner);
  }

  /** A line ended: an answer or a preamble that waited for the floor may start. */
  lineDone(track?: LineTrack): void {
    const { lines, callerSpeaks, answer, actions } = this.#options;
    if (this.#closed) return;
    if (track?.inBand === true && track.line.cause !== 'filler') {
      this.#modelSpoke = track.sentText !== '' || track.sentSamples > 0;
      if (this.#modelSpoke) this.#preamble.drop();
    }
    if (lines.active !== null) return;
    if (!this.#answerOwed) {
      this.#preamble.look();
      return;
    }
    this.#answerOwed = false;
    this.#worthAnswering = false;
    // The goodbye has been said: another line would be a second one.
    if (actions.ending && this.#modelSpoke) return;
    const clientStillRuns = this.#desk.entries.some(
      ({ state, runner }) => state === 'running' && runner === 'client',
    );
    // The caller's next turn, or the client's own request, will carry the results.
    if (!clientStillRuns && !callerSpeaks()) answer();
  }

  close(): void {
    this.#closed = true;
    this.#options.actions.close();
    this.#stopListening();
    this.#preamble.drop();
    this.#desk.close();
  }

  #interrupted(): void {
    // Who told it to be silent does not want the next answer at once: what is known is context.
    this.#answerOwed = false;
    this.#worthAnswering = false;
    this.#preamble.drop();
    this.#desk.interrupted();
  }

  #ask(item: ToolCallItem, runner: LedgerEntry['runner']): void {
    const { callId, capabilities, turn } = this.#options;
    const { toolCallId, name } = item;
    const { mode, preamble } = this.#desk.mannerOf(name);
    const { tools, appendContext } = capabilities();
    // Where the backend cannot be told later, it has to wait.
    const detached =
      runner === 'gateway' && mode === 'asynchronous' && tools === 'blocking' && appendContext;
    const key = idempotencyKey({
      callId,
      turnItemId: this.#turnItemId,
      name,
      arguments: item.arguments,
    });
    this.#askedIn.set(toolCallId, this.#turnItemId);
    // A client that runs a tool asks for the answer itself: a filler would be in its way.
    if (runner === 'gateway' && mode === 'blocking' && this.#hasWords(name)) {
      turn({ type: 'tool', event: 'start', toolCallId });
    }
    this.#desk.called(item, { runner, key, detached });
    if (runner === 'gateway' && preamble !== null && !detached && this.#desk.isOpen(toolCallId)) {
      this.#preamble.asked(toolCallId, preamble);
    }
  }

  /** Whether anything may be said while a tool runs. */
  #hasWords(name: string): boolean {
    const { fillers } = this.#desk.mannerOf(name);
    return fillers === null ? this.#options.fillers : fillers.length > 0;
  }

  #owe(): void {
    this.#answerOwed = true;
    this.lineDone();
  }

  #heard(entry: LogEntry): void {
    if (entry.type === 'agent.cut') this.#interrupted();
    if (entry.type === 'turn.committed') this.#turnItemId = entry.itemId;
    else if (entry.type === 'item.added' && isOfCaller(entry.item)) {
      this.#turnItemId = entry.item.itemId;
    } else return;
    this.#preamble.newTurn();
  }

  #follow(
    tools: readonly ToolPort[],
    toolSet: ToolSet | null,
    kept: readonly ToolDefinition[] = [],
  ): void {
    const { logger } = this.#options.scope;
    const take = (ofClient: readonly ToolDefinition[]): void => {
      this.#desk.setTools(ownTools([...tools, ...(toolSet?.tools ?? [])], ofClient, logger));
    };
    take(kept);
    const stop = toolSet?.listen(() => {
      if (this.#closed) return;
      const ofClient = this.#desk.others(this.#options.settings().tools);
      take(ofClient);
      this.#options.onTools(ofClient);
    });
    this.#stopListening = stop ?? (() => undefined);
  }

  #addOutput(toolCallId: string, output: string, wantedId: string | null): void {
    const { scope, conversation, send, turn } = this.#options;
    if (this.#closed) return;
    if (this.#isWorthAnswering(toolCallId)) this.#worthAnswering = true;
    this.#over(toolCallId);
    turn({ type: 'context' });
    const item: ToolOutputItem = {
      kind: 'tool_output',
      itemId: wantedId ?? scope.ids.next('item'),
      status: 'completed',
      toolCallId,
      output,
    };
    const after = this.#after;
    const previousItemId = conversation.add(item, after);
    const afterItemId = after === 'root' ? null : (after ?? undefined);
    const failed = this.#broughtNothing(toolCallId) ? { failed: true as const } : {};
    send({ type: 'item.add', item, afterItemId, ...failed });
    scope.log.append({ type: 'item.added', item, previousItemId });
  }

  #broughtNothing(toolCallId: string): boolean {
    const entry = this.#desk.entries.find((each) => each.toolCallId === toolCallId);
    return entry !== undefined && fruitless.includes(entry.state);
  }

  /** A result of an earlier turn may be declared to be for the model alone. */
  #isWorthAnswering(toolCallId: string): boolean {
    const entry = this.#desk.entries.find((each) => each.toolCallId === toolCallId);
    if (entry?.runner === 'client') return false;
    if (entry === undefined || this.#askedIn.get(toolCallId) === this.#turnItemId) return true;
    return this.#desk.mannerOf(entry.name).late === 'speak';
  }

  /** A result whose output the model was given before reaches the context as a message. */
  #addNote(entry: LedgerEntry, text: string): void {
    const { scope, conversation, capabilities, send, turn } = this.#options;
    if (this.#closed) return;
    this.#over(entry.toolCallId);
    if (!capabilities().appendContext) {
      scope.logger.info('tool.late_untold', { toolCallId: entry.toolCallId });
      return;
    }
    turn({ type: 'context' });
    const item = toolResultMessage(scope.ids.next('item'), entry, text);
    const previousItemId = conversation.add(item, null);
    send({ type: 'item.add', item, afterItemId: undefined });
    scope.log.append({ type: 'item.added', item, previousItemId });
    const { late } = this.#desk.mannerOf(entry.name);
    if (late === 'speak' && entry.state !== 'cancelled') this.#owe();
  }

  /** Nobody waits for it any more. */
  #over(toolCallId: string): void {
    if (this.#desk.isOpen(toolCallId)) return;
    this.#options.turn({ type: 'tool', event: 'end', toolCallId });
    this.#preamble.over(toolCallId);
    this.#askedIn.delete(toolCallId);
  }
}

/** States in which a tool's output says in words why there is none. */
const fruitless: readonly LedgerEntry['state'][] = ['cancelled', 'refused', 'failed', 'timed_out'];

function isOfCaller(item: ConversationItem): boolean {
  return item.kind === 'message' && item.role === 'user';
}
