import { expect } from 'vitest';
import type { BackendContext } from '../../../src/ports/backend.ts';
import type { CallHarness } from '../../support/call-harness.ts';
import type { ConversationItem } from '../../../src/ports/conversation.ts';
import type { ScriptedSession } from '../../support/scripted-backend.ts';

/** What a session knows of lines that it has not said itself: their texts, by item. */
function linesTold(context: BackendContext, session: ScriptedSession): ReadonlyMap<string, string> {
  const lines = new Map<string, string>();
  const learn = (item: ConversationItem): void => {
    if (item.kind !== 'message' || item.role !== 'assistant') return;
    const [part] = item.content;
    if (part?.type === 'audio') lines.set(item.itemId, (part.transcript ?? '').trim());
  };
  for (const item of [...(context.seed?.items ?? []), ...session.seeded.flat()]) learn(item);
  for (const command of session.leftovers) {
    if (command.type === 'item.add') learn(command.item);
    else if (command.type === 'item.delete') lines.delete(command.itemId);
  }
  return lines;
}

/** Items of lines that were cut, and not only played to their end. */
function cutItems({ call }: CallHarness): ReadonlySet<string> {
  const items = new Map<string, string>();
  const cut = new Set<string>();
  for (const entry of call.entries) {
    if (entry.type === 'line.opened') items.set(entry.line.lineId, entry.line.itemId);
    else if (entry.type === 'agent.cut') cut.add(items.get(entry.lineId) ?? '');
    else if (entry.type === 'item.truncated') cut.add(entry.itemId);
  }
  return cut;
}

/** Who answers now knows the lines of those before it as they were heard. */
export function expectHeardAsTold(harness: CallHarness): void {
  const { backends, call } = harness;
  const backend = backends.find(({ name }) => name === call.backend);
  const session = backend?.sessions.at(-1);
  const context = backend?.contexts.at(-1);
  const last = call.entries.findLast(({ type }) => type.startsWith('backend.'));
  if (backend === undefined || session === undefined || context === undefined) return;
  if (session.closed || last?.type !== 'backend.ready') return;
  const { appendContext, fasterThanRealTime } = backend.capabilities;
  // Who cannot be told cannot be put right, and who listens in real time may still be told.
  if (!appendContext || !fasterThanRealTime) return;
  const heard = new Map(
    call.seed().items.flatMap((item) => {
      if (item.kind !== 'message' || item.role !== 'assistant') return [];
      const [part] = item.content;
      return part?.type === 'audio' ? [[item.itemId, (part.transcript ?? '').trim()]] : [];
    }),
  );
  const cut = cutItems(harness);
  for (const [itemId, text] of linesTold(context, session)) {
    if (cut.has(itemId)) expect([itemId, text]).toEqual([itemId, heard.get(itemId)]);
  }
}
