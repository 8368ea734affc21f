/** After a new request, what of an older answer is still on its way comes within this, ms. */
export const inFlightMs = 250;

interface Request {
  readonly askedAtMs: number;
  /** What comes before is still of an answer asked for earlier, unless that was said to be over. */
  notBeforeMs: number;
  /** Whoever it was for does not want it any more. */
  unwanted: boolean;
}

/** The answer that the upstream owes: it was asked for, and has not begun. There is one at most. */
export class OwedAnswer {
  #request: Request | null = null;
  /** Words before any audio of it. */
  #early = '';

  get exists(): boolean {
    return this.#request !== null;
  }

  /** There is one, and somebody waits for it. */
  get wanted(): boolean {
    return this.#request?.unwanted === false;
  }

  /** When the upstream was asked for it; `null`: nothing is owed. */
  get askedAtMs(): number | null {
    return this.#request?.askedAtMs ?? null;
  }

  /** The upstream was told something that it answers, in place of what it was asked before. */
  request(nowMs: number): void {
    const notBeforeMs = this.#request === null ? nowMs : nowMs + inFlightMs;
    this.#request = { askedAtMs: nowMs, notBeforeMs, unwanted: false };
    this.#early = '';
  }

  /** Somebody wants it, perhaps again. @returns whether there is one */
  want(): boolean {
    if (this.#request !== null) this.#request.unwanted = false;
    return this.exists;
  }

  unwant(): void {
    if (this.#request !== null) this.#request.unwanted = true;
  }

  /** The upstream says that the answer before it is over: what comes from now on is of this one. */
  isNext(nowMs: number): void {
    if (this.#request !== null) this.#request.notBeforeMs = nowMs;
  }

  /** There is one, and what comes now can be of it. */
  mayBegin(nowMs: number): boolean {
    return this.#request !== null && nowMs >= this.#request.notBeforeMs;
  }

  /** Words of it, before its audio. */
  hear(text: string): void {
    this.#early += text;
  }

  /** The words that came before its audio; they are kept no longer. */
  takeEarly(): string {
    const early = this.#early;
    this.#early = '';
    return early;
  }

  /** It has begun, or will not come. */
  settle(): void {
    this.#request = null;
  }
}
