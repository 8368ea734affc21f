import type { Conversation, HeardAt } from './conversation.ts';
import type { ConversationItem, MessageItem } from '../ports/conversation.ts';
import { plainItems } from './server-tools.ts';
import type { LineTrack } from './line-track.ts';

/** A line of the agent's as another backend was told it. */
export interface ToldLine {
  readonly itemId: string;
  readonly text: string;
}

/**
 * The conversation as it will have been heard, if nobody interrupts what still plays.
 *
 * @param owed a line that is still to be said, and of which the next backend makes all but a phrase
 */
export function itemsToBeHeard(
  conversation: Conversation,
  at: HeardAt,
  owed: LineTrack | null = null,
): { readonly items: readonly ConversationItem[]; readonly lines: ReadonlyMap<string, ToldLine> } {
  const lines = new Map<string, ToldLine>();
  const items = conversation.items(at).flatMap((item) => {
    const track = conversation.line(item.itemId);
    if (track !== undefined && track === owed) return [];
    if (track === undefined || track.line.modality === 'text') return item;
    const text = track.settled ? track.heardText(at.nowMs, at.roundTripMs) : track.text.text.trim();
    lines.set(track.line.lineId, { itemId: item.itemId, text });
    return lineItem(track, text, at);
  });
  return { items: plainItems(items), lines };
}

/** An agent line of which this was heard, in words. */
export function lineItem(track: LineTrack, text: string, at: HeardAt): MessageItem {
  const { settled, outcome, completed, generatedMs } = track;
  const durationMs = settled ? track.heardMs(at.nowMs, at.roundTripMs) : generatedMs;
  const whole = completed || outcome?.outcome.status === 'completed';
  return {
    kind: 'message',
    itemId: track.line.itemId,
    role: 'assistant',
    status: whole ? 'completed' : 'incomplete',
    content: [{ type: 'audio', transcript: text, durationMs }],
  };
}

/** The item before this one that says something; `null` where there is none. */
export function itemBefore(items: readonly ConversationItem[], itemId: string): string | null {
  const at = items.findIndex((item) => item.itemId === itemId);
  return at < 0 ? null : (items.slice(0, at).at(-1)?.itemId ?? null);
}
