import { CallError } from '../ports/errors.ts';
import { failedToolText } from '../tools/words.ts';
import type { BackendCommand } from '../ports/backend.ts';
import type { CallScope } from './scope.ts';
import type { ClientCommand } from '../ports/client.ts';
import type { Conversation } from './conversation.ts';
import type { ConversationItem, RanOn, ToolCallItem } from '../ports/conversation.ts';
import type { LogEvent } from '../ports/events.ts';
import type { ServerToolEvent } from '../ports/tool-servers.ts';
import type { ToolDesk } from './tool-desk.ts';

/** Requests for an approval that may be open at once (a count); the oldest are void then. */
const approvalLimit = 64;

export interface ServerToolsOptions {
  readonly scope: CallScope;
  readonly conversation: Conversation;
  readonly desk: ToolDesk;
  readonly send: (command: BackendCommand) => void;
}

type Called = ServerToolEvent & { readonly what: 'called' };
type Answered = ServerToolEvent & { readonly what: 'answered' };

/**
 * Tools that the backend runs by itself, on servers of its own reach: shown and written down, never
 * run or answered here. A call of theirs is one item of the conversation, its output with it.
 */
export class ServerTools {
  readonly #options: ServerToolsOptions;
  /** Open requests for an approval, and the line each was asked in. */
  readonly #approvals = new Map<string, string | null>();
  readonly #running = new Map<string, ToolCallItem & { readonly ranOn: RanOn }>();

  constructor(options: ServerToolsOptions) {
    this.#options = options;
    options.scope.log.listen(({ type }) => {
      if (type === 'backend.failed') this.#lost();
    });
  }

  take(event: ServerToolEvent): void {
    switch (event.what) {
      case 'listing':
      case 'listed':
        this.#log(event, null);
        return;
      case 'called':
        this.#called(event);
        return;
      case 'answered':
        this.#answered(event);
        return;
      case 'approval':
        this.#approvals.set(event.approvalId, event.lineId);
        if (this.#approvals.size > approvalLimit) {
          for (const oldest of this.#approvals.keys()) {
            this.#approvals.delete(oldest);
            break;
          }
        }
        this.#log(event, this.#options.conversation.lastItemId);
    }
  }

  /** @throws CallError `item_not_found` where nobody waits for this approval, `item_exists` */
  approve(command: ClientCommand & { readonly type: 'server_tool.approve' }): void {
    const { conversation, scope, send } = this.#options;
    const { approvalId, approve, reason } = command;
    if (!this.#approvals.has(approvalId)) {
      throw new CallError('item_not_found', `No call waits for the approval ${approvalId}.`, {
        param: 'approvalId',
      });
    }
    if (command.itemId !== null && conversation.taken(command.itemId)) {
      throw new CallError('item_exists', `Item ${command.itemId} already exists.`, {
        param: 'itemId',
      });
    }
    const itemId = command.itemId ?? scope.ids.next('item');
    const approval = { approvalId, approve, reason };
    send({ type: 'server_tool.approve', itemId, ...approval });
    this.#log({ what: 'approved', itemId, ...approval }, conversation.lastItemId);
    // Who was refused calls nothing: the request is over.
    if (!approve) this.#approvals.delete(approvalId);
  }

  #called(event: Called): void {
    const { conversation, desk, scope } = this.#options;
    const { callId, server, name, approvalId } = event;
    const asked = approvalId === null ? null : (this.#approvals.get(approvalId) ?? null);
    const lineId = event.lineId ?? asked;
    if (desk.known(callId) || conversation.taken(callId) || lineId === null) {
      scope.logger.info('tool.not_run', { stale: lineId === null });
      return;
    }
    if (approvalId !== null) this.#approvals.delete(approvalId);
    const item = {
      kind: 'tool_call',
      itemId: callId,
      status: 'completed',
      toolCallId: callId,
      name,
      arguments: event.arguments,
      ranOn: { server, approvalId, output: null, error: null },
    } as const satisfies ConversationItem;
    this.#running.set(callId, item);
    const previousItemId = conversation.add(item, null);
    scope.log.append({ type: 'tool.called', lineId, item, previousItemId, runner: 'backend' });
    desk.called(item, { runner: 'backend', key: callId, detached: false });
    this.#log(event, previousItemId);
  }

  #answered(event: Answered): void {
    const item = this.#running.get(event.callId);
    if (item === undefined) return;
    const { conversation, desk } = this.#options;
    const { callId, error } = event;
    const output = error === null ? (event.output ?? '') : null;
    this.#running.delete(callId);
    conversation.replace({ ...item, ranOn: { ...item.ranOn, output, error } });
    if (error === null) desk.ranByBackend(callId, 'answered', output ?? '');
    else desk.ranByBackend(callId, 'failed', failedToolText(item.name, error.message));
    this.#log(event, null);
  }

  /** Whoever ran them is gone, and with it what it waited for. */
  #lost(): void {
    this.#approvals.clear();
    const message = 'The backend that ran it was lost.';
    for (const callId of [...this.#running.keys()]) {
      const error = { kind: 'tool', code: null, message } as const;
      this.#answered({ what: 'answered', callId, output: null, error });
    }
  }

  #log(
    event: (LogEvent & { readonly type: 'server_tool' })['event'],
    previousItemId: string | null,
  ): void {
    this.#options.scope.log.append({ type: 'server_tool', event, previousItemId });
  }
}

/**
 * The conversation as another backend is told it: what one ran by itself is a call and its output
 * like any other.
 */
export function plainItems(items: readonly ConversationItem[]): readonly ConversationItem[] {
  return items.flatMap((item): readonly ConversationItem[] => {
    if (item.kind !== 'tool_call' || item.ranOn === undefined) return [item];
    const { ranOn, ...call } = item;
    const { itemId, toolCallId, name } = call;
    const output = ranOn.output ?? failedToolText(name, ranOn.error?.message ?? null);
    const answer = { kind: 'tool_output', status: 'completed', toolCallId, output } as const;
    return [call, { ...answer, itemId: `${itemId}_output` }];
  });
}
