/** Items remembered (a count); the oldest are forgotten. */
const itemLimit = 2000;
/** Longest id that the upstream takes, characters. */
const idLimit = 32;

/** What the upstream calls our items. A committed turn gets its name from the upstream, in order. */
export class ItemIds {
  readonly #upstream = new Map<string, string>();
  readonly #ours = new Map<string, string>();
  /** Ours that were committed and are not named yet; oldest first. */
  readonly #committed: string[] = [];
  readonly #deletedEarly = new Set<string>();

  /** What the upstream calls this item; `undefined` where it was never told of it. */
  upstream(itemId: string): string | undefined {
    return this.#upstream.get(itemId);
  }

  /** What we call an item of the upstream. */
  ours(upstreamId: string): string | undefined {
    return this.#ours.get(upstreamId);
  }

  /** An item that we create: its own id where the upstream can take that, else a short one. */
  add(itemId: string, shortId: () => string): string {
    const upstreamId = itemId.length <= idLimit ? itemId : shortId();
    this.#remember(itemId, upstreamId);
    return upstreamId;
  }

  /** A committed turn has no name yet. */
  get awaitsName(): boolean {
    return this.#committed.length > 0;
  }

  /** The upstream no longer has it under this name. */
  lost(upstreamId: string): void {
    const itemId = this.#ours.get(upstreamId);
    if (itemId !== undefined) this.#forget(itemId);
  }

  /** Turns without a name will never get one. */
  lostUnnamed(): void {
    this.#committed.length = 0;
    this.#deletedEarly.clear();
  }

  commit(itemId: string): void {
    this.#committed.push(itemId);
  }

  /** The upstream refused to commit it. */
  commitFailed(itemId: string): void {
    const place = this.#committed.indexOf(itemId);
    if (place >= 0) this.#committed.splice(place, 1);
    this.#deletedEarly.delete(itemId);
  }

  /** @returns whether the item was deleted before it had a name, and is to be deleted now */
  named(upstreamId: string): boolean {
    const itemId = this.#committed.shift();
    if (itemId === undefined) return false;
    this.#remember(itemId, upstreamId);
    if (!this.#deletedEarly.delete(itemId)) return false;
    this.#forget(itemId);
    return true;
  }

  /** @returns the id to delete upstream; `null` when it has none yet, `undefined` when there is none */
  delete(itemId: string): string | null | undefined {
    const upstreamId = this.#upstream.get(itemId);
    if (upstreamId !== undefined) {
      this.#forget(itemId);
      return upstreamId;
    }
    if (!this.#committed.includes(itemId)) return undefined;
    this.#deletedEarly.add(itemId);
    return null;
  }

  #remember(itemId: string, upstreamId: string): void {
    this.#upstream.set(itemId, upstreamId);
    this.#ours.set(upstreamId, itemId);
    const [oldest] = this.#upstream.keys();
    if (this.#upstream.size > itemLimit && oldest !== undefined) this.#forget(oldest);
  }

  #forget(itemId: string): void {
    const upstreamId = this.#upstream.get(itemId);
    this.#upstream.delete(itemId);
    if (upstreamId !== undefined) this.#ours.delete(upstreamId);
  }
}
