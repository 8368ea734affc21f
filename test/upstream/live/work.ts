import type { ScriptedDelegation, ScriptedSpeech } from './options.ts';
import { WireError, type Delegation } from './shapes.ts';

type Body = Readonly<Record<string, unknown>>;

export interface WorkHost {
  readonly delegation: () => Delegation;
  readonly newId: (prefix: string) => string;
  readonly send: (body: Body) => void;
  /** Told when the backend has a result to be spoken. */
  readonly speak: (speech: ScriptedSpeech) => void;
}

interface Round {
  readonly delegationId: string | null;
  readonly responseId: string;
  readonly then: ScriptedSpeech | null;
  readonly open: Set<string>;
}

/** What the voice model hands on: to the application, or to a backend with functions. */
export class Work {
  readonly #host: WorkHost;
  readonly #ids = new Set<string>();
  /** Acknowledgements that are owed, by the time on the timeline. */
  #owed: { readonly atMs: number; readonly say: string }[] = [];
  #round: Round | null = null;
  /** Outputs as they came, by call. */
  readonly outputs = new Map<string, string>();
  /** Messages that were typed, and wait for `response.create`. */
  #typed = 0;

  constructor(host: WorkHost) {
    this.#host = host;
  }

  /** Work of the model's own. @param nowMs on the timeline */
  delegate(answer: ScriptedDelegation, nowMs: number): void {
    const { delegation, newId, send } = this.#host;
    const { type, acknowledgement_delay_ms: delayMs = 0 } = delegation();
    const id = newId('item');
    this.#ids.add(id);
    if (answer.say !== undefined) this.#owed.push({ atMs: nowMs + delayMs, say: answer.say });
    const responseId = newId('resp');
    send({
      type: 'session.delegation.created',
      offset_ms: nowMs,
      delegation:
        type === 'client'
          ? { id, type: 'delegation', target: 'client' }
          : { id, type: 'delegation', target: 'responses', response_id: responseId },
    });
    if (type === 'responses') this.#respond(answer, id, responseId);
  }

  /** @throws WireError for a delegation that there is not, or that is not answered this way */
  check(id: string | null): void {
    if (id === null) return;
    const message = 'No such delegation.';
    if (this.#host.delegation().type === 'responses' || !this.#ids.has(id)) {
      throw new WireError('invalid_value', message, 'delegation_id');
    }
  }

  /** Nobody waits for an acknowledgement any more. */
  settle(): void {
    this.#owed = [];
  }

  /** @returns the acknowledgement that is due */
  due(nowMs: number): string | null {
    const first = this.#owed.find(({ atMs }) => atMs <= nowMs);
    if (first === undefined) return null;
    this.settle();
    return first.say;
  }

  /** @returns text of a message, `null` for the output of a call; throws WireError */
  createItem(item: Body): { readonly role: string; readonly text: string } | null {
    if (this.#host.delegation().type !== 'responses') {
      throw new WireError('invalid_event', 'response.item.create requires Responses delegation.');
    }
    if (item['type'] === 'message') {
      this.#typed += 1;
      return { role: String(item['role']), text: textOf(item['content']) };
    }
    if (item['type'] !== 'function_call_output') {
      throw new WireError('invalid_value', 'No such item here.', 'item.type');
    }
    const callId = String(item['call_id']);
    if (this.#round?.open.delete(callId) !== true) {
      throw new WireError('invalid_value', 'No open call of that id.', 'item.call_id');
    }
    this.outputs.set(callId, String(item['output']));
    return null;
  }

  /** @returns whether something typed is to be answered; throws WireError for a partial batch */
  createResponse(): boolean {
    if (this.#host.delegation().type !== 'responses') {
      throw new WireError('invalid_event', 'response.create requires Responses delegation.');
    }
    const round = this.#round;
    if (round === null) {
      const typed = this.#typed > 0;
      this.#typed = 0;
      if (!typed) throw new WireError('invalid_value', 'There is nothing to respond to.');
      return true;
    }
    if (round.open.size > 0) {
      throw new WireError('invalid_value', `No tool output found for ${[...round.open].join()}.`);
    }
    this.#round = null;
    const { delegationId } = round;
    const responseId = this.#host.newId('resp');
    this.#nested(delegationId, 'response.created', {
      response: snapshot(responseId, 'in_progress'),
    });
    this.#completed(delegationId, responseId);
    if (round.then !== null) this.#host.speak(round.then);
    return false;
  }

  #respond(answer: ScriptedDelegation, delegationId: string, responseId: string): void {
    const delegation = this.#host.delegation();
    const tools = delegation.type === 'responses' ? (delegation.responses.tools ?? []) : [];
    const calls = (answer.calls ?? []).filter(({ name }) =>
      tools.some((tool) => tool.type === 'function' && tool.name === name),
    );
    this.#nested(delegationId, 'response.created', {
      response: snapshot(responseId, 'in_progress'),
    });
    const open = new Set<string>();
    for (const [index, call] of calls.entries()) {
      const callId = this.#host.newId('call');
      open.add(callId);
      const item = { type: 'function_call', id: this.#host.newId('fc'), call_id: callId, ...call };
      const place = { output_index: index, item_id: item.id };
      const begun = { ...item, arguments: '', status: 'in_progress' };
      this.#nested(delegationId, 'response.output_item.added', {
        output_index: index,
        item: begun,
      });
      const name = 'response.function_call_arguments';
      this.#nested(delegationId, `${name}.delta`, { ...place, delta: call.arguments });
      this.#nested(delegationId, `${name}.done`, { ...place, arguments: call.arguments });
      this.#nested(delegationId, 'response.output_item.done', {
        output_index: index,
        item: { ...item, status: 'completed' },
      });
    }
    const then = answer.then ?? null;
    this.#completed(delegationId, responseId);
    if (open.size > 0) this.#round = { delegationId, responseId, then, open };
    else if (then !== null) this.#host.speak(then);
  }

  #completed(delegationId: string | null, responseId: string): void {
    const usage = { input_tokens: 120, output_tokens: 12, total_tokens: 132 };
    const response = { ...snapshot(responseId, 'completed'), usage };
    this.#nested(delegationId, 'response.completed', { response });
  }

  #nested(delegationId: string | null, type: string, fields: Body): void {
    this.#host.send({
      type: 'response.event',
      delegation_id: delegationId,
      event: { type, ...fields },
    });
  }
}

/** Snapshots have no input, and empty instructions, tools and output. */
function snapshot(id: string, status: string): Body {
  return { id, object: 'response', status, instructions: '', tools: [], output: [] };
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  return (content as readonly { readonly text?: string }[]).map(({ text }) => text ?? '').join(' ');
}
