import { createLedger, ledgerStep, type LedgerEffect, type LedgerInput } from '../tools/ledger.ts';
import { CallError } from '../ports/errors.ts';
import { ToolBridge } from '../tools/bridge.ts';
import { ToolRegistry } from '../tools/registry.ts';
import type { CallScope } from './scope.ts';
import type { LedgerEntry, ToolCallItem } from '../ports/conversation.ts';
import type { ToolDefinition } from '../ports/settings.ts';
import type { ToolPort } from '../ports/tool.ts';

export interface ToolDeskOptions {
  readonly scope: CallScope;
  readonly callId: string;
  readonly tools: readonly ToolPort[];
  /** Gives an answer to the model: it enters the conversation and the backend's context. */
  readonly onAnswer: (toolCallId: string, output: string, itemId: string | null) => void;
  /** Every tool Parley ran for a line has answered: the agent may go on. */
  readonly onGatewayDone: () => void;
}

/** One call's tools: who runs what, what was answered, nothing twice. Never runs in the media path. */
export class ToolDesk {
  readonly #options: ToolDeskOptions;
  readonly #registry: ToolRegistry;
  readonly #bridge: ToolBridge;
  #ledger = createLedger();

  constructor(options: ToolDeskOptions) {
    this.#options = options;
    this.#registry = new ToolRegistry(options.tools);
    this.#bridge = new ToolBridge({
      clock: options.scope.clock,
      tools: options.tools,
      log: options.scope.logger,
      onResult: (result) => {
        // A result that comes too late tells the model nothing, so it owes no answer either.
        const told = this.#step(result).some((effect) => effect.type === 'pass_on');
        if (told && !this.#gatewayRunning()) options.onGatewayDone();
      },
    });
  }

  get entries(): readonly LedgerEntry[] {
    return this.#ledger.entries;
  }

  /** Client tools and Parley's own as the model sees them. @throws CallError on a name clash */
  merge(declared: readonly ToolDefinition[]): readonly ToolDefinition[] {
    const merged = this.#registry.merge(declared);
    if (!merged.ok) throw merged.error;
    return merged.tools;
  }

  runnerOf(name: string, shown: readonly ToolDefinition[]): LedgerEntry['runner'] {
    return this.#registry.runnerOf(name, shown);
  }

  /** The model called a tool. Parley's own start at once; the client's wait for its answer. */
  called(item: ToolCallItem, runner: LedgerEntry['runner']): void {
    const { itemId, toolCallId, name, arguments: argumentsText } = item;
    this.#step({ type: 'called', toolCallId, itemId, name, arguments: argumentsText, runner });
  }

  /** Whether the ledger has, or still remembers, a call of this id. */
  known(toolCallId: string): boolean {
    return this.#ledger.entries.some((entry) => entry.toolCallId === toolCallId);
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

  close(): void {
    this.#step({ type: 'call_closed' });
    this.#bridge.close();
  }

  #gatewayRunning(): boolean {
    return this.#ledger.entries.some(
      ({ state, runner }) => state === 'running' && runner === 'gateway',
    );
  }

  #step(input: LedgerInput, itemId: string | null = null): readonly LedgerEffect[] {
    const { scope } = this.#options;
    const { state, effects } = ledgerStep(this.#ledger, input, scope.nowMs());
    this.#ledger = state;
    for (const effect of effects) this.#run(effect, itemId);
    return effects;
  }

  #run(effect: LedgerEffect, itemId: string | null): void {
    const { scope, callId, onAnswer } = this.#options;
    switch (effect.type) {
      case 'run':
        if (effect.entry.runner === 'client') return;
        this.#bridge.run({
          callId,
          toolCallId: effect.entry.toolCallId,
          name: effect.entry.name,
          arguments: effect.entry.arguments,
        });
        return;
      case 'pass_on':
        scope.log.append({
          type: 'tool.answered',
          toolCallId: effect.toolCallId,
          state: effect.state,
        });
        onAnswer(effect.toolCallId, effect.output, itemId);
        return;
      case 'abort':
        this.#bridge.abort(effect.toolCallId);
        return;
      case 'duplicate':
      case 'late':
      case 'repeated':
        scope.logger.info('tool.ignored', { why: effect.type });
        return;
      case 'refuse':
        return;
    }
  }
}
