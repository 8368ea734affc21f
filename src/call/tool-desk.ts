import { createLedger, isOpen, ledgerStep } from '../tools/ledger.ts';
import { CallError } from '../ports/errors.ts';
import { defaultToolManner, type CallActions, type ToolManner } from '../ports/tool.ts';
import { ToolBridge } from '../tools/bridge.ts';
import { ToolRegistry } from '../tools/registry.ts';
import type { CallScope } from './scope.ts';
import type { LedgerEffect, LedgerInput } from '../tools/ledger-vocabulary.ts';
import type { LedgerEntry, ToolCallItem } from '../ports/conversation.ts';
import type { ToolDefinition } from '../ports/settings.ts';
import type { ToolPort } from '../ports/tool.ts';

export interface ToolDeskOptions {
  readonly scope: CallScope;
  readonly callId: string;
  readonly tools: readonly ToolPort[];
  readonly actions: CallActions;
  /** Gives an answer to the model: it enters the conversation and the backend's context. */
  readonly onAnswer: (toolCallId: string, output: string, itemId: string | null) => void;
  /** Tells the model something about a call whose output it was given before. */
  readonly onNote: (entry: LedgerEntry, text: string) => void;
  /** Every tool Parley ran for a line has answered: the agent may go on. */
  readonly onGatewayDone: () => void;
}

/** What the desk has to know of a request besides its item. */
export interface ToolRequest {
  readonly runner: LedgerEntry['runner'];
  readonly key: string;
  /** The backend is told that it runs on, and the result in a message of its own. */
  readonly detached: boolean;
}

/** One call's tools: who runs what, what was answered, nothing twice. Never runs in the media path. */
export class ToolDesk {
  readonly #options: ToolDeskOptions;
  readonly #bridge: ToolBridge;
  #registry: ToolRegistry;
  #ledger = createLedger();

  constructor(options: ToolDeskOptions) {
    this.#options = options;
    this.#registry = new ToolRegistry(options.tools);
    this.#bridge = new ToolBridge({
      clock: options.scope.clock,
      tools: options.tools,
      log: options.scope.logger,
      onResult: (result) => this.#tell(this.#step(result)),
    });
  }

  get entries(): readonly LedgerEntry[] {
    return this.#ledger.entries;
  }

  /** Other tools from now on; what runs goes on. @throws RangeError when two have one name */
  setTools(tools: readonly ToolPort[]): void {
    this.#registry = new ToolRegistry(tools);
    this.#bridge.setTools(tools);
  }

  /** Client tools and Parley's own as the model sees them. @throws CallError on a name clash */
  merge(declared: readonly ToolDefinition[]): readonly ToolDefinition[] {
    const merged = this.#registry.merge(declared);
    if (!merged.ok) throw merged.error;
    return merged.tools;
  }

  /** Those of a list that are not Parley's own. */
  others(shown: readonly ToolDefinition[]): readonly ToolDefinition[] {
    return shown.filter(({ name }) => this.#registry.port(name) === undefined);
  }

  runnerOf(name: string, shown: readonly ToolDefinition[]): LedgerEntry['runner'] {
    return this.#registry.runnerOf(name, shown);
  }

  mannerOf(name: string): ToolManner {
    return { ...defaultToolManner, ...this.#registry.port(name)?.manner };
  }

  /** The model called a tool. Parley's own start at once; the client's wait for its answer. */
  called(item: ToolCallItem, { runner, key, detached }: ToolRequest): void {
    const { itemId, toolCallId, name, arguments: argumentsText } = item;
    const { repeatable, idempotent } = this.mannerOf(name);
    const effects = this.#step({
      type: 'called',
      toolCallId,
      itemId,
      name,
      arguments: argumentsText,
      key,
      runner,
      repeatable,
      idempotent,
      detached,
    });
    this.#tell(effects);
  }

  /** Whether the ledger has, or still remembers, a call of this id. */
  known(toolCallId: string): boolean {
    return this.#ledger.entries.some((entry) => entry.toolCallId === toolCallId);
  }

  /** Whether nothing has come of it yet. */
  isOpen(toolCallId: string): boolean {
    return this.#ledger.entries.some((entry) => entry.toolCallId === toolCallId && isOpen(entry));
  }

  /**
   * The client answers. A second answer to the same call is counted and changes nothing.
   * @returns whether the answer was taken
   * @throws CallError `tool_call_not_found`
   */
  answered(toolCallId: string, output: string, itemId: string | null): boolean {
    const effects = this.#step({ type: 'answered', toolCallId, by: 'client', output }, itemId);
    if (effects.some((effect) => effect.type === 'refuse')) {
      throw new CallError('tool_call_not_found', `No tool call has the id ${toolCallId}.`, {
        param: 'item.call_id',
      });
    }
    return effects.some((effect) => effect.type === 'pass_on');
  }

  /** What came of a call that the backend runs by itself. It knows the output: nobody is told. */
  ranByBackend(toolCallId: string, became: 'answered' | 'failed', output: string): void {
    this.#step(
      became === 'answered'
        ? { type: became, toolCallId, by: 'backend', output }
        : { type: became, toolCallId, output },
    );
  }

  /** The agent was interrupted: what is declared to stop then is stopped. */
  interrupted(): void {
    const toolCallIds = this.#ledger.entries
      .filter((entry) => isOpen(entry) && this.mannerOf(entry.name).cancellable)
      .map(({ toolCallId }) => toolCallId);
    if (toolCallIds.length > 0) this.#step({ type: 'interrupted', toolCallIds });
  }

  close(): void {
    this.#step({ type: 'call_closed' });
    this.#bridge.close();
  }

  /** Parley still runs something that an answer has to wait for. */
  get busy(): boolean {
    return this.#ledger.entries.some(
      (entry) =>
        isOpen(entry) &&
        entry.runner === 'gateway' &&
        this.mannerOf(entry.name).mode === 'blocking',
    );
  }

  #tell(effects: readonly LedgerEffect[]): void {
    // What tells the model nothing owes no answer either.
    if (effects.some(({ type }) => type === 'pass_on') && !this.busy) {
      this.#options.onGatewayDone();
    }
  }

  #step(input: LedgerInput, itemId: string | null = null): readonly LedgerEffect[] {
    const { scope } = this.#options;
    const { state, effects } = ledgerStep(this.#ledger, input, scope.nowMs());
    this.#ledger = state;
    for (const effect of effects) this.#run(effect, itemId);
    return effects;
  }

  #run(effect: LedgerEffect, itemId: string | null): void {
    const { scope, callId, actions, onAnswer, onNote } = this.#options;
    switch (effect.type) {
      case 'run': {
        const { toolCallId, name, arguments: argumentsText, key } = effect.entry;
        if (effect.entry.runner !== 'gateway') return;
        this.#bridge.run({
          callId,
          toolCallId,
          name,
          arguments: argumentsText,
          idempotencyKey: key,
          call: actions,
        });
        return;
      }
      case 'settled':
        this.#log(effect.entry);
        return;
      case 'pass_on':
        if (this.#isOfBackend(effect.toolCallId)) return;
        onAnswer(effect.toolCallId, effect.output, itemId);
        return;
      case 'note':
        onNote(effect.entry, effect.output);
        return;
      case 'abort':
        this.#bridge.abort(effect.toolCallId);
        return;
      case 'duplicate':
      case 'repeated':
        scope.logger.info('tool.ignored', { why: effect.type });
        return;
      case 'refuse':
        return;
    }
  }

  #isOfBackend(toolCallId: string): boolean {
    const entry = this.#ledger.entries.find((each) => each.toolCallId === toolCallId);
    return entry?.runner === 'backend';
  }

  #log({ toolCallId, name, runner, state, sharedWith, calledAtMs }: LedgerEntry): void {
    const { log, nowMs } = this.#options.scope;
    const known = runner !== 'gateway' || this.#registry.port(name) !== undefined;
    log.append({
      type: 'tool.answered',
      toolCallId,
      name: known ? name : null,
      runner,
      state,
      sharedWith,
      elapsedMs: nowMs() - calledAtMs,
    });
  }
}
