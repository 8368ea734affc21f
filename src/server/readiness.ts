import type { BackendReadiness } from '../routing/policy.ts';
import { asCallError, type CallError } from '../ports/errors.ts';

/** What has to be there before the first call. */
export type PartKind = 'backend' | 'detector';

interface Part {
  readonly kind: PartKind;
  readonly name: string;
  state:
    | { readonly kind: 'preparing' }
    | { readonly kind: 'ready' }
    | { readonly kind: 'failed'; readonly error: CallError; readonly was: 'unprepared' | 'lost' };
}

/** Knows how far parts are, and says so to `/readyz`. */
export class Readiness {
  readonly #parts: Part[] = [];
  #draining = false;

  /**
   * Watches a part being prepared. Never rejects: a failure is a state, shown until an attempt
   * succeeds. A further attempt leaves the state as it is until it is over, so that calls go on
   * without the part instead of being asked to wait for it.
   */
  async track(kind: PartKind, name: string, work: () => Promise<void>): Promise<void> {
    const part = this.#part(kind, name) ?? this.#add(kind, name);
    try {
      await work();
      part.state = { kind: 'ready' };
    } catch (thrown) {
      const error = asCallError(thrown, 'model_unavailable');
      part.state = { kind: 'failed', error, was: 'unprepared' };
    }
  }

  /** A part that was ready cannot be used any more, until it is tracked to success again. */
  lost(kind: PartKind, name: string, error: CallError): void {
    const part = this.#part(kind, name) ?? this.#add(kind, name);
    part.state = { kind: 'failed', error, was: 'lost' };
  }

  /** State of a part; what was never tracked is ready. */
  of(kind: PartKind, name: string): BackendReadiness {
    return this.#part(kind, name)?.state.kind ?? 'ready';
  }

  /** Why a part could not be prepared, or was lost. */
  failure(kind: PartKind, name: string): CallError | null {
    const state = this.#part(kind, name)?.state;
    return state?.kind === 'failed' ? state.error : null;
  }

  setDraining(): void {
    this.#draining = true;
  }

  /** Everything that keeps the process from being ready, in words; empty when it is ready. */
  reasons(): readonly string[] {
    const reasons: string[] = [];
    if (this.#draining) reasons.push('The server is shutting down.');
    for (const { kind, name, state } of this.#parts) {
      if (state.kind === 'preparing') reasons.push(`The ${kind} ${name} is being prepared.`);
      if (state.kind === 'failed') {
        const what = state.was === 'lost' ? 'was lost' : 'could not be prepared';
        reasons.push(`The ${kind} ${name} ${what}: ${state.error.message}`);
      }
    }
    return reasons;
  }

  #add(kind: PartKind, name: string): Part {
    const part: Part = { kind, name, state: { kind: 'preparing' } };
    this.#parts.push(part);
    return part;
  }

  #part(kind: PartKind, name: string): Part | undefined {
    return this.#parts.find((part) => part.kind === kind && part.name === name);
  }
}
