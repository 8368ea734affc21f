import type { BackendCommand } from '../ports/backend.ts';
import type { UnknownWords } from './unknown-words.ts';

/**
 * What who takes over in the middle of a sentence is told, beyond the agent's instructions.
 *
 * @param unknown what was heard of it behind its last words; `null`: nothing that makes a word
 */
export function goOnInstructions(unknown: UnknownWords | null): string {
  const plain =
    'You were interrupted by a technical fault after your last words. Go on from there in your own ' +
    'words; repeat nothing.';
  return unknown === null ? plain : `${plain} ${lostWords(unknown)}`;
}

/** What is told of a sentence that broke off, where something else is said next. */
export function brokenOffInstructions(unknown: UnknownWords): string {
  return `You were interrupted by a technical fault. ${lostWords(unknown)}`;
}

function lostWords({ ms, words }: UnknownWords): string {
  const seconds = Math.max(0.1, ms / 1000).toFixed(1);
  const some = words === 1 ? '1 word' : `${words} words`;
  return (
    `You said about ${some} more (${seconds} s) that the caller heard and this text lacks: ` +
    'do not say that again either.'
  );
}

/** Lines of the backend in use that are remembered (a count), the latest ones. */
const lineLimit = 256;

/**
 * Which lines and speculations the backend in use knows, since it took over: what is said about others
 * was meant for the one before it.
 */
export class KnownWork {
  readonly #lines = new Set<string>();
  #speculationId: number | null = null;

  /** Another backend: it knows nothing. */
  forget(): void {
    this.#lines.clear();
    this.#speculationId = null;
  }

  /** A line was opened, or is asked for again. */
  add(lineId: string): void {
    this.#lines.delete(lineId);
    this.#lines.add(lineId);
    const [oldest] = this.#lines;
    if (this.#lines.size > lineLimit && oldest !== undefined) this.#lines.delete(oldest);
  }

  has(lineId: string): boolean {
    return this.#lines.has(lineId);
  }

  /** The command as it makes sense to the backend in use; `null`: not at all. */
  sensible(command: BackendCommand): BackendCommand | null {
    switch (command.type) {
      case 'cancel':
      case 'truncate':
        return this.#lines.has(command.lineId) ? command : null;
      case 'speculate':
        this.#speculationId = command.speculationId;
        return command;
      case 'speculation.drop':
        return command.speculationId === this.#speculationId ? command : null;
      case 'respond': {
        const { speculationId, ...plain } = command;
        return speculationId === undefined || speculationId === this.#speculationId
          ? command
          : plain;
      }
      case 'audio':
      case 'configure':
      case 'caller.floor':
      case 'commit':
      case 'clear':
      case 'item.add':
      case 'item.delete':
      case 'server_tool.approve':
        return command;
    }
  }
}
