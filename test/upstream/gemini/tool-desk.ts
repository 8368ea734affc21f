import type { FunctionCall, FunctionResponse } from './client-messages.ts';
import { Closing, invalidArgument } from './closing.ts';

interface PendingCall {
  readonly call: Required<FunctionCall>;
  readonly blocking: boolean;
}

/** What the responses of one message mean for the conversation. */
export interface ToolNews {
  readonly responses: readonly FunctionResponse[];
  /** Nothing blocks the turn any more, and something did before. */
  readonly unblocked: boolean;
  /** The model is to speak about it: at once, when it is idle, or not at all. */
  readonly schedule: 'INTERRUPT' | 'WHEN_IDLE' | null;
}

/** Function calls that wait for their responses. */
export class ToolDesk {
  readonly #pending = new Map<string, PendingCall>();
  readonly #cancelled = new Set<string>();
  readonly #onOddity: (what: string) => void;

  constructor(onOddity: (what: string) => void) {
    this.#onOddity = onOddity;
  }

  get waiting(): number {
    return this.#pending.size;
  }

  /** The turn cannot go on before a response. */
  get blocked(): boolean {
    return [...this.#pending.values()].some(({ blocking }) => blocking);
  }

  open(call: Required<FunctionCall>, blocking: boolean): void {
    this.#pending.set(call.id, { call, blocking });
  }

  /** @returns ids of the calls that the turn waited for */
  cancelBlocking(): string[] {
    const ids = [...this.#pending].flatMap(([id, { blocking }]) => (blocking ? [id] : []));
    for (const id of ids) {
      this.#pending.delete(id);
      this.#cancelled.add(id);
    }
    return ids;
  }

  /** @throws Closing with 1007 for a misshaped response, 1008 for a call that nobody made */
  take(responses: readonly FunctionResponse[]): ToolNews {
    if (responses.length === 0) throw new Closing(1007, invalidArgument);
    const wasBlocked = this.blocked;
    const taken: FunctionResponse[] = [];
    let schedule: ToolNews['schedule'] = null;
    for (const response of responses) {
      const { id, name } = response;
      if (id === undefined || response.response === undefined) {
        throw new Closing(1007, invalidArgument);
      }
      if (this.#cancelled.has(id)) {
        this.#onOddity(`response to the cancelled call ${id}`);
        continue;
      }
      const pending = this.#pending.get(id);
      if (pending === undefined) throw new Closing(1008, 'Requested entity was not found.');
      if (name !== pending.call.name) throw new Closing(1007, invalidArgument);
      taken.push(response);
      if (response.willContinue !== true || pending.blocking) this.#pending.delete(id);
      if (!pending.blocking) schedule = sooner(schedule, scheduleOf(response));
    }
    return { responses: taken, unblocked: wasBlocked && !this.blocked, schedule };
  }
}

function scheduleOf({
  response = {},
  scheduling,
  willContinue,
}: FunctionResponse): ToolNews['schedule'] {
  // Only a word that the call has arrived.
  if (willContinue === true && Object.keys(response).length === 0) return null;
  if (scheduling === 'SILENT') return null;
  return scheduling === 'INTERRUPT' ? 'INTERRUPT' : 'WHEN_IDLE';
}

function sooner(one: ToolNews['schedule'], other: ToolNews['schedule']): ToolNews['schedule'] {
  if (one === 'INTERRUPT' || other === 'INTERRUPT') return 'INTERRUPT';
  return one ?? other;
}
