import type { ServerEventBody } from '../../../protocol/openai-live/server-events.ts';
import type { ToolCallItem } from '../../../src/ports/conversation.ts';
import type { IdSource } from '../../../src/time/ids.ts';
import { Refused } from './problems.ts';
import { delegateTool } from './start.ts';

/** Most delegations that are remembered (a count). */
const knownLimit = 1_024;

/**
 * Work that the model handed to the app, without a description: the app knows the conversation. Its
 * results come as appends; after a delay without any, the caller is told that it is under way.
 */
export class ClientDelegations {
  /** Tool calls that they stand for, by their id. */
  readonly #known = new Map<string, string>();
  /** Tool calls that nobody has answered. */
  readonly #open = new Set<string>();
  /** When an acknowledgement is owed, timeline ms. */
  #owed: number[] = [];

  created(
    { itemId: id, toolCallId }: ToolCallItem,
    offsetMs: number,
    delayMs: number,
  ): ServerEventBody {
    this.#known.set(id, toolCallId);
    this.#open.add(toolCallId);
    const [oldest] = this.#known.keys();
    if (this.#known.size > knownLimit && oldest !== undefined) {
      this.#open.delete(this.#known.get(oldest) ?? '');
      this.#known.delete(oldest);
    }
    this.#owed.push(offsetMs + delayMs);
    return {
      type: 'session.delegation.created',
      offset_ms: offsetMs,
      delegation: { id, type: 'delegation', target: 'client' },
    };
  }

  /** @throws Refused for a delegation that there never was */
  check(id: string | null): void {
    if (id === null || this.#known.has(id)) return;
    throw new Refused('invalid_value', 'There is no such delegation.', 'delegation_id');
  }

  toolCallOf(id: string | null): string | null {
    return id === null ? null : (this.#known.get(id) ?? null);
  }

  /** The first word on a delegation answers its call. @returns that, or `null` after the first */
  answer(id: string | null): string | null {
    const toolCallId = this.toolCallOf(id);
    return toolCallId !== null && this.#open.delete(toolCallId) ? toolCallId : null;
  }

  /** Something was said, or will be: nobody waits for an acknowledgement. */
  settle(): void {
    this.#owed = [];
  }

  /** @returns whether one is due; it is owed no longer then */
  due(trackMs: number): boolean {
    if (!this.#owed.some((atMs) => atMs <= trackMs)) return false;
    this.settle();
    return true;
  }
}

/** Whether this call hands work to the app. */
export function delegateToolOf({ name }: ToolCallItem): boolean {
  return name === delegateTool.name;
}

interface Round {
  readonly responseId: string;
  readonly delegationId: string;
  readonly output: Readonly<Record<string, unknown>>[];
}

/** Tool calls of the agent's model, shown as the work of a backend of its own. */
export class ResponsesDelegations {
  readonly #ids: IdSource;
  /** By line. */
  readonly #rounds = new Map<string, Round>();
  /** Calls that nobody has answered. */
  readonly #open = new Set<string>();

  constructor(ids: IdSource) {
    this.#ids = ids;
  }

  called(lineId: string, item: ToolCallItem, offsetMs: number): readonly ServerEventBody[] {
    const events: ServerEventBody[] = [];
    let round = this.#rounds.get(lineId);
    if (round === undefined) {
      round = { responseId: this.#ids.next('resp'), delegationId: item.itemId, output: [] };
      this.#rounds.set(lineId, round);
      events.push(created(round, offsetMs));
      events.push(nested(round, 'response.created', { response: snapshot(round, 'in_progress') }));
    }
    this.#open.add(item.toolCallId);
    const done = functionCall(item, 'completed');
    const place = { output_index: round.output.length, item_id: item.itemId };
    round.output.push(done);
    const begun = { ...functionCall(item, 'in_progress'), arguments: '' };
    const { output_index } = place;
    const args = 'response.function_call_arguments';
    return [
      ...events,
      nested(round, 'response.output_item.added', { output_index, item: begun }),
      nested(round, `${args}.delta`, { ...place, delta: item.arguments }),
      nested(round, `${args}.done`, { ...place, name: item.name, arguments: item.arguments }),
      nested(round, 'response.output_item.done', { output_index, item: done }),
    ];
  }

  /** The line is over, and with it the round of calls that it held. */
  lineClosed(lineId: string): readonly ServerEventBody[] {
    const round = this.#rounds.get(lineId);
    if (round === undefined) return [];
    this.#rounds.delete(lineId);
    return [nested(round, 'response.completed', { response: snapshot(round, 'completed') })];
  }

  answered(toolCallId: string): void {
    this.#open.delete(toolCallId);
  }

  /** @throws Refused while calls wait for their output */
  checkComplete(): void {
    if (this.#open.size === 0) return;
    const message = `${this.#open.size} function calls have no output yet.`;
    throw new Refused('invalid_value', message);
  }
}

function created({ delegationId, responseId }: Round, offsetMs: number): ServerEventBody {
  return {
    type: 'session.delegation.created',
    offset_ms: offsetMs,
    delegation: {
      id: delegationId,
      type: 'delegation',
      target: 'responses',
      response_id: responseId,
    },
  };
}

function nested(
  { delegationId, responseId }: Round,
  type: string,
  fields: Readonly<Record<string, unknown>>,
): ServerEventBody {
  const own = type === 'response.created' || type === 'response.completed';
  return {
    type: 'response.event',
    delegation_id: delegationId,
    event: { type, ...(own ? {} : { response_id: responseId }), ...fields },
  };
}

/** Snapshots carry no output: calls are told one by one. */
function snapshot({ responseId }: Round, status: string): Readonly<Record<string, unknown>> {
  return { id: responseId, object: 'response', status, instructions: '', tools: [], output: [] };
}

function functionCall(item: ToolCallItem, status: string): Readonly<Record<string, unknown>> {
  return {
    type: 'function_call',
    id: item.itemId,
    call_id: item.toolCallId,
    name: item.name,
    arguments: item.arguments,
    status,
  };
}
