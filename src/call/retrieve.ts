import type { Conversation, HeardAt } from './conversation.ts';
import type { EventLog } from './event-log.ts';
import type { RetrievedItem } from '../ports/client.ts';
import type { Uplink } from './uplink.ts';

/** An item with its audio, where that is still kept: 15 s of the caller, the agent's last line. */
export function retrieveItem(
  from: { conversation: Conversation; uplink: Uplink; log: EventLog },
  itemId: string,
  at: HeardAt,
): RetrievedItem | undefined {
  const { conversation, uplink, log } = from;
  const item = conversation.item(itemId, at);
  if (item === undefined) return undefined;
  const track = conversation.line(itemId);
  if (track !== undefined) return { item, audio: track.audio() };
  const committed = log
    .entries()
    .findLast((entry) => entry.type === 'turn.committed' && entry.itemId === itemId);
  const audio =
    committed?.type === 'turn.committed'
      ? uplink.slice(committed.fromSample, committed.toSample)
      : null;
  return { item, audio };
}
