import { lateResultText } from '../tools/words.ts';
import type { LedgerEntry, MessageItem } from '../ports/conversation.ts';
import type { Logger } from '../ports/log.ts';
import type { ToolDefinition } from '../ports/settings.ts';
import type { ToolPort } from '../ports/tool.ts';

/**
 * Parley's tools without those whose names are taken: the first of a name is used, and what the
 * client declared stays the client's.
 */
export function ownTools(
  tools: readonly ToolPort[],
  ofClient: readonly ToolDefinition[],
  logger: Logger,
): readonly ToolPort[] {
  const taken = new Set(ofClient.map(({ name }) => name));
  return tools.filter(({ definition: { name } }) => {
    if (taken.has(name)) {
      logger.warn('tool.name_taken', { name });
      return false;
    }
    taken.add(name);
    return true;
  });
}

/** What a tool brought after its output was given, as a message to the model. */
export function toolResultMessage(itemId: string, entry: LedgerEntry, text: string): MessageItem {
  const words = entry.state === 'answered' ? lateResultText(entry.name, text) : text;
  return {
    kind: 'message',
    role: 'system',
    itemId,
    status: 'completed',
    content: [{ type: 'text', text: words }],
  };
}
