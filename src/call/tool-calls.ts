import { ToolDesk } from './tool-desk.ts';
import type { AgentLines } from './agent-lines.ts';
import type { BackendCommand, BackendEvent } from '../ports/backend.ts';
import type { CallScope } from './scope.ts';
import type { Conversation } from './conversation.ts';
import type { NewItem } from '../ports/client.ts';
import type { CallSettings, ToolDefinition } from '../ports/settings.ts';
import type { LedgerEntry, ToolCallItem, ToolOutputItem } from '../ports/conversation.ts';
import type { ToolPort } from '../ports/tool.ts';
import type { TurnInput } from '../turn/vocabulary.ts';

export interface ToolCallsOptions {
  readonly scope: CallScope;
  readonly callId: string;
  readonly tools: readonly ToolPort[];
  readonly conversation: Conversation;
  readonly lines: AgentLines;
  readonly settings: () => CallSettings;
  readonly send: (command: BackendCommand) => void;
  /** The turn machine: who waits for a tool, and what a speculation rests on. */
  readonly turn: (input: TurnInput) => void;
  readonly callerSpeaks: () => boolean;
  /** Lets the agent speak about what Parley's own tools brought. */
  readonly answer: () => void;
}

/** Tool calls as items of the conversation: from the model's request to the answer in its context. */
export class ToolCalls {
  readonly #options: ToolCallsOptions;
  readonly #desk: ToolDesk;
  #answerOwed = false;
  /** Where the output that is being taken goes. */
  #after: string | null = null;
  #closed = false;

  constructor(options: ToolCallsOptions) {
    this.#options = options;
    this.#desk = new ToolDesk({
      scope: options.scope,
      callId: options.callId,
      tools: options.tools,
      onAnswer: (toolCallId, output, itemId) => this.#addOutput(toolCallId, output, itemId),
      onGatewayDone: () => {
        this.#answerOwed = true;
        this.lineDone();
      },
    });
  }

  get entries(): readonly LedgerEntry[] {
    return this.#desk.entries;
  }

  /** @throws CallError on a name clash */
  merge(declared: readonly ToolDefinition[]): readonly ToolDefinition[] {
    return this.#desk.merge(declared);
  }

  known(toolCallId: string): boolean {
    return this.#desk.known(toolCallId);
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
    const track = lines.find(event.lineId);
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
      lineId: event.lineId,
      item,
      previousItemId,
      runner,
    });
    if (!track.inBand) return;
    turn({ type: 'context' });
    // A client that runs a tool asks for the answer itself: a filler would be in its way.
    if (runner === 'gateway') turn({ type: 'tool', event: 'start', toolCallId: item.toolCallId });
    this.#desk.called(item, runner);
  }

  /** A line ended: an answer that waited for the floor may start. */
  lineDone(): void {
    const { lines, callerSpeaks, answer } = this.#options;
    if (!this.#answerOwed || this.#closed || lines.active !== null) return;
    this.#answerOwed = false;
    const clientStillRuns = this.#desk.entries.some(
      ({ state, runner }) => state === 'running' && runner === 'client',
    );
    // The caller's next turn, or the client's own request, will carry the results.
    if (!clientStillRuns && !callerSpeaks()) answer();
  }

  close(): void {
    this.#closed = true;
    this.#desk.close();
  }

  #addOutput(toolCallId: string, output: string, wantedId: string | null): void {
    const { scope, conversation, send, turn } = this.#options;
    if (this.#closed) return;
    turn({ type: 'tool', event: 'end', toolCallId });
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
    send({ type: 'item.add', item, afterItemId });
    scope.log.append({ type: 'item.added', item, previousItemId });
  }
}
