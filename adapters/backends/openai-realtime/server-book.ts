import type { ServerToolEvent } from '../../../src/ports/tool-servers.ts';
import { SeenCalls } from './seen-calls.ts';
import type { CallItem, Sighting } from './server-sightings.ts';

/** Calls and lists followed at once (a count); of more, the oldest are forgotten. */
const openLimit = 128;

type Of<Kind extends Sighting['kind']> = Extract<Sighting, { readonly kind: Kind }>;

interface OpenCall {
  lineId: string | null;
  item: CallItem | null;
  /** `null` until all of them are known. */
  arguments: string | null;
  called: boolean;
  /** The upstream has said that it is over. */
  ended: boolean;
}

/** A call that is over, in words. */
export interface RanCall {
  readonly callId: string;
  readonly name: string;
  readonly arguments: string;
  /** `null`: it failed. */
  readonly output: string | null;
}

/** What the upstream tells of tools that it runs: each thing once, in order, whatever tells it first. */
export class ServerBook {
  readonly #calls = new Map<string, OpenCall>();
  /** Servers of the lists that are being made. */
  readonly #lists = new Map<string, string>();
  readonly #approvals = new Set<string>();
  readonly #over = new SeenCalls();
  readonly #onRan: (call: RanCall) => void;

  /** @param onRan called with each call that is over, before the event that says so is returned */
  constructor(onRan: (call: RanCall) => void) {
    this.#onRan = onRan;
  }

  /** Something runs, or waits for the client's word: another connection knows nothing of it. */
  get busy(): boolean {
    return this.#calls.size > 0 || this.#approvals.size > 0;
  }

  /** The client has spoken. @returns whether it was asked */
  approved(approvalId: string, approve: boolean): boolean {
    // An approval is closed by the call that rests on it.
    return approve ? this.#approvals.has(approvalId) : this.#approvals.delete(approvalId);
  }

  /** @param lineOf line of a response, `null` where it is over */
  take(sighting: Sighting, lineOf: (responseId: string) => string | null): ServerToolEvent[] {
    switch (sighting.kind) {
      case 'list':
      case 'list.completed':
      case 'list.failed':
        return this.#list(sighting);
      case 'call':
      case 'call.arguments':
      case 'call.running':
      case 'call.ended':
        return this.#call(sighting, lineOf);
      case 'approval': {
        const { itemId, responseId, server, name, arguments: args } = sighting;
        if (!sighting.done || !this.#over.isNew(itemId)) return [];
        bounded(this.#approvals).add(itemId);
        const lineId = responseId === null ? null : lineOf(responseId);
        return [{ what: 'approval', approvalId: itemId, lineId, server, name, arguments: args }];
      }
    }
  }

  /** The connection that ran them is gone. */
  lost(): ServerToolEvent[] {
    this.#approvals.clear();
    const error = {
      kind: 'tool',
      code: null,
      message: 'The connection that ran it was lost.',
    } as const;
    const called = [...this.#calls].filter(([, call]) => call.called);
    this.#calls.clear();
    const lists = [...this.#lists];
    this.#lists.clear();
    return [
      ...called.map(([callId]) => ({ what: 'answered', callId, output: null, error }) as const),
      ...lists.map(
        ([listId, server]) => ({ what: 'listed', listId, server, tools: null }) as const,
      ),
    ];
  }

  #list(sighting: Of<'list' | 'list.completed' | 'list.failed'>): ServerToolEvent[] {
    const { itemId: listId } = sighting;
    const known = this.#lists.get(listId);
    if (sighting.kind === 'list') {
      const { server, tools, done } = sighting;
      if (known === undefined && !this.#over.isNew(listId)) return [];
      const events: ServerToolEvent[] = [];
      if (known === undefined) {
        bounded(this.#lists).set(listId, server);
        events.push({ what: 'listing', listId, server });
      }
      if (!done && tools.length === 0) return events;
      this.#lists.delete(listId);
      return [...events, { what: 'listed', listId, server, tools }];
    }
    // Completed without its tools: the item that has them follows.
    if (sighting.kind !== 'list.failed' || known === undefined) return [];
    this.#lists.delete(listId);
    return [{ what: 'listed', listId, server: known, tools: null }];
  }

  #call(
    sighting: Of<'call' | 'call.arguments' | 'call.running' | 'call.ended'>,
    lineOf: (responseId: string) => string | null,
  ): ServerToolEvent[] {
    const { itemId, kind } = sighting;
    const open = this.#open(itemId);
    if (open === null) return [];
    switch (kind) {
      case 'call': {
        open.item = sighting.item;
        if (sighting.responseId !== null) open.lineId ??= lineOf(sighting.responseId);
        if (sighting.done) open.arguments ??= sighting.item.arguments;
        break;
      }
      case 'call.arguments':
        open.arguments = sighting.arguments;
        break;
      case 'call.ended':
        open.ended = true;
        break;
      case 'call.running':
        break;
    }
    const { item } = open;
    if (item === null) return [];
    const hasResult = item.output !== null || item.error !== null;
    if (kind === 'call.running' || open.ended || hasResult) open.arguments ??= item.arguments;
    const isOver = hasResult || (open.ended && kind === 'call' && sighting.done);
    return [
      ...this.#called(itemId, open, item),
      ...(isOver ? this.#answered(itemId, open, item) : []),
    ];
  }

  /** @returns `null` for a call that is over */
  #open(callId: string): OpenCall | null {
    const known = this.#calls.get(callId);
    if (known !== undefined) return known;
    if (!this.#over.isNew(callId)) return null;
    const open = { lineId: null, item: null, arguments: null, called: false, ended: false };
    bounded(this.#calls).set(callId, open);
    return open;
  }

  #called(callId: string, open: OpenCall, item: CallItem): ServerToolEvent[] {
    if (open.called || open.arguments === null) return [];
    open.called = true;
    const { server, name, approvalId } = item;
    if (approvalId !== null) this.#approvals.delete(approvalId);
    const { lineId, arguments: args } = open;
    return [{ what: 'called', callId, lineId, server, name, arguments: args, approvalId }];
  }

  #answered(callId: string, open: OpenCall, item: CallItem): ServerToolEvent[] {
    this.#calls.delete(callId);
    const { error, name } = item;
    const output = error === null ? (item.output ?? '') : null;
    this.#onRan({ callId, name, arguments: open.arguments ?? '', output });
    return [{ what: 'answered', callId, output, error }];
  }
}

/** Makes room for one more. */
function bounded<Open extends Map<string, unknown> | Set<string>>(open: Open): Open {
  const [oldest] = open.keys();
  if (open.size >= openLimit && oldest !== undefined) open.delete(oldest);
  return open;
}
