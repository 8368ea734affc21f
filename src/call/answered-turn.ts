import type { LineCause, LogEntry } from '../ports/events.ts';

/**
 * Which of the caller's turns a line answers: the last one before it. A line that its backend began
 * by itself also answers a turn whose speech has stopped and that is committed only afterwards. An
 * idle prompt answers none.
 */
export class AnsweredTurn {
  #currentItemId: string | null = null;
  /** Speech that has stopped and is not committed yet. */
  #stoppedItemId: string | null = null;

  push(entry: LogEntry): void {
    if (entry.type === 'speech.started') this.#stoppedItemId = null;
    else if (entry.type === 'speech.stopped') this.#stoppedItemId = entry.itemId;
    else if (entry.type === 'turn.committed') this.#begin(entry.itemId);
    else if (entry.type === 'item.added' && isTyped(entry)) {
      this.#currentItemId = entry.item.itemId;
    }
  }

  /** Item of the turn that a line with this cause would answer now. */
  of(cause: LineCause): string | null {
    switch (cause) {
      case 'idle':
        return null;
      case 'stream':
      case 'backend':
        return this.#stoppedItemId ?? this.#currentItemId;
      case 'turn':
      case 'client':
      case 'tool':
      case 'filler':
      case 'handover':
        return this.#currentItemId;
    }
  }

  /** Whether it is the turn that was committed, or written, last. */
  isCurrent(itemId: string): boolean {
    return itemId === this.#currentItemId;
  }

  #begin(itemId: string): void {
    this.#currentItemId = itemId;
    this.#stoppedItemId = null;
  }
}

/** Something that the caller wrote. */
function isTyped({ item }: LogEntry & { readonly type: 'item.added' }): boolean {
  return (
    item.kind === 'message' &&
    item.role === 'user' &&
    item.content.some(({ type }) => type === 'text')
  );
}
