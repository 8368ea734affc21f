import type { BackendEvent } from '../../../src/ports/backend.ts';

type Transcript = BackendEvent & { type: 'caller.transcript' };

/** Longest transcript, characters. */
const textLimit = 100_000;
/** Words that are known to be missing when a turn's answer is over are waited for so long, ms. */
const lateMs = 1000;
/** Where nobody can say whether words are missing, ms. */
const maybeLateMs = 400;

/** Puts the words of the caller together and gives them to the turn that they are of. */
export class CallerTranscripts {
  readonly #emit: (event: Transcript) => void;
  readonly #onFinal: (text: string) => void;
  #itemId: string | null = null;
  #text = '';
  #wakeAtMs: number | null = null;
  /** The upstream says so when a turn has no more words. */
  #tellsEnds = false;

  /** @param onFinal what a turn said, once that is known */
  constructor(emit: (event: Transcript) => void, onFinal: (text: string) => void) {
    this.#emit = emit;
    this.#onFinal = onFinal;
  }

  /** The turn whose words come; `null`: none. */
  get itemId(): string | null {
    return this.#itemId;
  }

  /** When to call {@link tick}; `null`: never. */
  get wakeAtMs(): number | null {
    return this.#wakeAtMs;
  }

  /** Another turn begins: the words of the one before are all there are. */
  begin(itemId: string): void {
    this.#finish();
    this.#itemId = itemId;
    this.#text = '';
  }

  /** @returns whether there is a turn that the words belong to */
  text(delta: string, finished: boolean): boolean {
    if (this.#itemId === null) return delta === '';
    this.#text = (this.#text + delta).slice(0, textLimit);
    this.#tellsEnds ||= finished;
    if (finished) this.#finish();
    else if (delta !== '') this.#tell(this.#text, false);
    return true;
  }

  /** Words that may still change. */
  interim(text: string): void {
    if (this.#itemId !== null) this.#tell((this.#text + text).slice(0, textLimit), false);
  }

  /** The answer to a turn is over: a tool call, say, may come before the caller's last words do. */
  answered(itemId: string | null, nowMs: number): void {
    if (itemId === null || itemId !== this.#itemId) return;
    const missing = this.#text === '' || this.#tellsEnds;
    this.#wakeAtMs = nowMs + (missing ? lateMs : maybeLateMs);
  }

  tick(nowMs: number): void {
    if (this.#wakeAtMs !== null && nowMs >= this.#wakeAtMs) this.#finish();
  }

  #finish(): void {
    this.#wakeAtMs = null;
    if (this.#itemId === null) return;
    this.#tell(this.#text, true);
    this.#itemId = null;
    if (this.#text !== '') this.#onFinal(this.#text);
  }

  #tell(text: string, final: boolean): void {
    this.#emit({ type: 'caller.transcript', itemId: this.#itemId ?? '', text, final });
  }
}
