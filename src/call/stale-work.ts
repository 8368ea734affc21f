import { CallError } from '../ports/errors.ts';
import type { BackendEvent } from '../ports/backend.ts';
import type { CallScope } from './scope.ts';

/** Closed lines remembered (a count), to tell late work from nonsense. */
const rememberedLines = 256;
/** Events of lines nobody knows that a backend may send before it counts as broken. */
const nonsenseLimit = 100;

/**
 * What to do with work that nobody waits for: late work of a closed line, and sound of one in text,
 * is logged once per line and kind and dropped; work of a line that never was is counted, and too
 * much of it means that the backend is broken.
 */
export class StaleWork {
  readonly #scope: CallScope;
  readonly #onBroken: (error: CallError) => void;
  /** Line id → kinds already logged. Oldest first. */
  readonly #closed = new Map<string, Set<'audio' | 'text'>>();
  /** The latest line in text that was given sound. */
  #textLineId: string | null = null;
  #nonsense = 0;

  constructor(scope: CallScope, onBroken: (error: CallError) => void) {
    this.#scope = scope;
    this.#onBroken = onBroken;
  }

  lineClosed(lineId: string): void {
    this.#closed.set(lineId, new Set());
    if (this.#closed.size <= rememberedLines) return;
    const [oldest] = this.#closed.keys();
    if (oldest !== undefined) this.#closed.delete(oldest);
  }

  /** Whether this line was open before, as far back as is remembered. */
  remembers(lineId: string): boolean {
    return this.#closed.has(lineId);
  }

  drop(event: BackendEvent & { type: `line.${string}` }): void {
    const told = this.#closed.get(event.lineId);
    if (told === undefined) {
      this.nonsense('an event of a line that nobody asked for');
      return;
    }
    if (event.type !== 'line.audio' && event.type !== 'line.text') return;
    const what = event.type === 'line.audio' ? 'audio' : 'text';
    if (told.has(what)) return;
    told.add(what);
    this.#scope.log.append({ type: 'stale.dropped', lineId: event.lineId, what });
  }

  /** Sound of a line in text: nobody has a format for it. */
  dropSound(lineId: string): void {
    if (lineId === this.#textLineId) return;
    this.#textLineId = lineId;
    this.#scope.log.append({ type: 'stale.dropped', lineId, what: 'audio' });
  }

  /** @param what finishes the sentence "the backend sent …" */
  nonsense(what: string): void {
    this.#nonsense += 1;
    this.#scope.logger.warn('backend.nonsense', { what, count: this.#nonsense });
    if (this.#nonsense > nonsenseLimit) {
      this.#onBroken(new CallError('backend_protocol', `the backend sent ${what}`));
    }
  }
}
