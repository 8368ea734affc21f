import { CallError } from '../ports/errors.ts';
import type { CommandTarget } from './commands.ts';

/**
 * What the commands of clients that think in turns mean to a backend that has none. Answers are asked
 * for by `respond` where it can be asked, and are its next speech; everything that would change what it
 * was told before is refused.
 */

type Target = Pick<CommandTarget, 'context' | 'conversation' | 'lines' | 'scope' | 'uplink'>;

/** Log entries that are looked back on (a count): a tool call, its output and what follows. */
const lookBack = 64;

/**
 * Whether the answer that is asked for has begun by itself: it goes on with the output of a tool as
 * soon as it has it, and does not wait for the client to say so.
 */
export function begunAlready({ context, lines, scope }: Target): boolean {
  const { active } = lines;
  if (context().authority !== 'model' || active?.line.cause !== 'stream') return false;
  for (const entry of scope.log.entries().slice(-lookBack).reverse()) {
    if (entry.type === 'item.added' && entry.item.kind === 'tool_output') return true;
    // An answer that was asked for since then was that answer.
    if (entry.type === 'line.opened' && entry.line.cause === 'client') return false;
  }
  return false;
}

/** Context is appended. @throws CallError for another place than the end */
export function checkItem(target: Target, after: string | null): void {
  if (after === null || after === target.conversation.lastItemId) return;
  refuse(target, 'appends to its context and puts nothing in between', 'previous_item_id');
}

/** What was appended stays. @throws CallError once the conversation has begun */
export function checkDelete(target: Target, itemId: string): void {
  const { conversation, lines, uplink } = target;
  const begun = uplink.endSample > 0 || lines.heardAnything;
  if (begun && conversation.has(itemId)) refuse(target, 'forgets nothing it was told', 'item_id');
}

/** @throws CallError `unsupported_by_backend` where the backend has no turns */
function refuse({ context }: Target, what: string, param: string): void {
  const { authority, backend, capabilities } = context();
  if (authority !== 'model' || !capabilities.appendContext) return;
  throw new CallError('unsupported_by_backend', `Backend ${backend} ${what}.`, { param });
}
