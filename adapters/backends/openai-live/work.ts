import type { ClientEvent } from '../../../protocol/openai-live/client-events.ts';
import type { BackendEvent, Usage } from '../../../src/ports/backend.ts';
import type { CallSettings, ToolDefinition } from '../../../src/ports/settings.ts';
import type { Counters } from './counters.ts';
import type { UpstreamEvent } from './decode.ts';
import { answerNow, encodeContext, encodeOutput, encodeResult } from './encode.ts';
import type { DelegationOptions } from './options.ts';

/** Delegations that are remembered (a count): something may be said about them later. */
const knownLimit = 256;

export interface WorkOptions {
  readonly delegation: DelegationOptions;
  readonly counters: Counters;
  readonly settings: () => CallSettings;
  /** What the caller said last, as far as it is known. */
  readonly request: () => string;
  readonly emit: (event: BackendEvent) => void;
  readonly send: (events: readonly ClientEvent[]) => void;
}

/** What the voice model hands on, and what came of it. */
export class Work {
  readonly #options: WorkOptions;
  /** By tool call. */
  readonly #delegations = new Map<string, string>();
  /** Calls of the upstream's backend that have no output yet. */
  readonly #open = new Set<string>();
  /** Name of the round that calls tools now. */
  #round: string | null = null;
  #rounds = 0;
  /** Everything was answered, and the upstream will speak about it. */
  #goesOn = false;

  constructor(options: WorkOptions) {
    this.#options = options;
  }

  /** Speech about a result is on its way, or waits for tools: nobody need ask for it. */
  get goesOn(): boolean {
    return this.#goesOn || this.#open.size > 0;
  }

  get idle(): boolean {
    return this.#open.size === 0 && this.#round === null;
  }

  /** Id of the delegation that a tool call stands for. */
  delegationOf(toolCallId: string | null): string | null {
    return toolCallId === null ? null : (this.#delegations.get(toolCallId) ?? null);
  }

  /** The agent speaks. */
  spoke(): void {
    this.#goesOn = false;
  }

  /** Another session: nothing of the old one is open any more. */
  reset(): void {
    this.#delegations.clear();
    this.#open.clear();
    this.#round = null;
    this.#goesOn = false;
  }

  /** The app is to do something: a tool of the call's does it. */
  delegated({ id, target }: UpstreamEvent & { readonly type: 'delegated' }): void {
    const { counters, emit, send } = this.#options;
    counters.delegations += 1;
    if (target === 'upstream') return;
    const tool = this.#tool();
    if (tool === undefined) {
      // Whoever is asked for nothing that there is says so: else it waits for ever.
      const text = 'Nothing here can do that. Tell the caller so in one sentence.';
      send(encodeContext('commentary', text, id));
      return;
    }
    counters.toolsCalled += 1;
    const toolCallId = `call_${id}`;
    this.#delegations.set(toolCallId, id);
    const [oldest] = this.#delegations.keys();
    if (this.#delegations.size > knownLimit && oldest !== undefined) {
      this.#delegations.delete(oldest);
    }
    const args = argumentsOf(tool, this.#options.request());
    emit({ type: 'tool.called', lineId: id, toolCallId, name: tool.name, arguments: args });
    emit({ type: 'line.done', lineId: id, outcome: { status: 'completed' }, usage: null });
  }

  /** The upstream's backend calls a function. */
  called(event: UpstreamEvent & { readonly type: 'tool' }): void {
    const { counters, emit } = this.#options;
    const { toolCallId, name } = event;
    if (this.#open.has(toolCallId)) return;
    if (this.#round === null) {
      this.#rounds += 1;
      this.#round = `round_${this.#rounds}`;
    }
    counters.toolsCalled += 1;
    this.#open.add(toolCallId);
    const lineId = this.#round;
    emit({ type: 'tool.called', lineId, toolCallId, name, arguments: event.arguments });
  }

  /** It has called all functions of a round. */
  roundOver(failed: boolean, usage: Usage | null): void {
    const { counters, emit } = this.#options;
    counters.inputTextTokens += usage?.inputTextTokens ?? 0;
    counters.outputTextTokens += usage?.outputTextTokens ?? 0;
    const lineId = this.#round;
    this.#round = null;
    // The upstream forgets the calls of a round that failed.
    if (failed) this.#open.clear();
    if (lineId !== null) {
      emit({ type: 'line.done', lineId, outcome: { status: 'completed' }, usage });
      this.#continue();
    } else if (usage !== null) {
      emit({ type: 'usage', usage });
    }
  }

  /** A tool brought this. */
  answered(toolCallId: string, output: string): void {
    const { send } = this.#options;
    const delegationId = this.delegationOf(toolCallId);
    if (delegationId !== null) {
      send(encodeResult(output, delegationId));
    } else if (this.#open.delete(toolCallId)) {
      send([encodeOutput(toolCallId, output)]);
      this.#continue();
    } else {
      // Whoever asked for it is gone, and the caller waits for what came of it.
      send(encodeContext('thinking', `A tool that was asked for earlier brought: ${output}`));
      send(encodeContext('commentary', answerNow));
    }
  }

  /** An open batch holds up everything that is handed on later: it ends as soon as it can. */
  #continue(): void {
    if (this.#round !== null || this.#open.size > 0 || this.#options.delegation.type === 'client') {
      return;
    }
    this.#goesOn = true;
    this.#options.send([{ type: 'response.create' }]);
  }

  #tool(): ToolDefinition | undefined {
    const { delegation, settings } = this.#options;
    const { tools } = settings();
    const named = delegation.type === 'client' ? delegation.tool : undefined;
    return named === undefined ? tools[0] : tools.find(({ name }) => name === named);
  }
}

/** A delegation says nothing of what is wanted: a tool that takes a text gets what the caller said. */
function argumentsOf({ parameters }: ToolDefinition, request: string): string {
  const properties: unknown = parameters?.['properties'];
  if (typeof properties !== 'object' || properties === null) return '{}';
  const text = Object.entries(
    properties as Readonly<Record<string, { readonly type?: unknown } | null>>,
  ).find(([, schema]) => schema?.type === 'string');
  return text === undefined ? '{}' : JSON.stringify({ [text[0]]: request });
}
