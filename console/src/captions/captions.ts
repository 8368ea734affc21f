import type { LineExtent, LogEntry } from '../../../src/ports/events.ts';

/** What one side said. */
export interface Caption {
  /** The conversation's item. */
  readonly itemId: string;
  readonly who: 'caller' | 'agent';
  /** Call time, ms. */
  readonly atMs: number;
  /** Words given to the client; empty where nobody wrote them down. */
  text: string;
  /** How many characters of them were heard; all of a caller's. */
  heardChars: number;
  /** The words will not change any more. */
  final: boolean;
  /** The agent was cut here. */
  cut: boolean;
}

/** Most captions that are kept (a count); the oldest make room. */
const captionLimit = 500;
/** Most lines and items that are remembered (a count), also those that never got a caption. */
const knownLimit = 2 * captionLimit;

/**
 * Who said what, and how much of the agent's words was heard: live in proportion to what the player
 * has played, and as the log has it once it says so.
 */
export class CaptionFold {
  readonly #captions: Caption[] = [];
  readonly #byItem = new Map<string, Caption>();
  readonly #itemOfLine = new Map<string, string>();
  readonly #receivedMs = new Map<string, number>();

  get captions(): readonly Caption[] {
    return this.#captions;
  }

  push(entry: LogEntry): void {
    switch (entry.type) {
      case 'turn.committed':
        this.#of(entry.itemId, 'caller', entry.speechEndAtMs ?? entry.atMs);
        return;
      case 'caller.transcript': {
        const caption = this.#of(entry.itemId, 'caller', entry.atMs);
        caption.text = entry.text;
        caption.heardChars = entry.text.length;
        caption.final = entry.final;
        return;
      }
      case 'line.opened':
        if (entry.line.epoch !== null) {
          keep(this.#itemOfLine, entry.line.lineId, entry.line.itemId);
        }
        return;
      case 'line.first_audio':
        this.#ofLine(entry.lineId, entry.atMs);
        return;
      case 'line.text': {
        const caption = this.#ofLine(entry.lineId, entry.atMs);
        if (caption !== null) caption.text += entry.delta;
        return;
      }
      case 'line.closed':
        this.#settle(entry.lineId, entry.extent, entry.end.status === 'cancelled');
        return;
      case 'line.heard':
        this.#settle(entry.lineId, entry.extent, false);
        return;
      case 'agent.cut':
        this.#settle(entry.lineId, entry.extent, true);
        return;
    }
  }

  /** So much more of an item's audio has come, ms. */
  received(itemId: string, lengthMs: number): void {
    keep(this.#receivedMs, itemId, (this.#receivedMs.get(itemId) ?? 0) + lengthMs);
  }

  /** So much of an item has been heard, ms. */
  played(itemId: string, playedMs: number): void {
    const caption = this.#byItem.get(itemId);
    const receivedMs = this.#receivedMs.get(itemId) ?? 0;
    if (caption === undefined || caption.cut || receivedMs <= 0) return;
    const share = Math.min(1, playedMs / receivedMs);
    const chars = wordEnd(caption.text, Math.round(caption.text.length * share));
    caption.heardChars = Math.max(caption.heardChars, chars);
  }

  #settle(lineId: string, { heardText }: LineExtent, cut: boolean): void {
    const itemId = this.#itemOfLine.get(lineId);
    const caption = itemId === undefined ? undefined : this.#byItem.get(itemId);
    if (caption === undefined) return;
    const chars = heardLength(caption.text, heardText);
    caption.cut ||= cut;
    caption.heardChars = caption.cut ? chars : Math.max(chars, caption.heardChars);
    caption.final = true;
  }

  #ofLine(lineId: string, atMs: number): Caption | null {
    const itemId = this.#itemOfLine.get(lineId);
    return itemId === undefined ? null : this.#of(itemId, 'agent', atMs);
  }

  #of(itemId: string, who: Caption['who'], atMs: number): Caption {
    const known = this.#byItem.get(itemId);
    if (known !== undefined) return known;
    const made: Caption = {
      ...{ itemId, who, atMs, text: '', heardChars: 0 },
      ...{ final: false, cut: false },
    };
    this.#captions.push(made);
    this.#byItem.set(itemId, made);
    if (this.#captions.length > captionLimit) this.#forget(this.#captions.shift()!.itemId);
    return made;
  }

  #forget(itemId: string): void {
    this.#byItem.delete(itemId);
    this.#receivedMs.delete(itemId);
    for (const [lineId, item] of this.#itemOfLine) {
      if (item === itemId) this.#itemOfLine.delete(lineId);
    }
  }
}

/** The oldest makes room. */
function keep<T>(map: Map<string, T>, key: string, value: T): void {
  map.set(key, value);
  if (map.size > knownLimit) map.delete(map.keys().next().value!);
}

/** Where the heard words end in the whole text; white space may differ. */
export function heardLength(text: string, heardText: string): number {
  const heard = heardText.trim();
  if (heard === '') return 0;
  const at = text.indexOf(heard);
  return at >= 0 ? at + heard.length : Math.min(text.length, heard.length);
}

/** The end of the last whole word within the first `chars` characters. */
function wordEnd(text: string, chars: number): number {
  if (chars >= text.length) return text.length;
  return Math.max(0, text.lastIndexOf(' ', chars));
}
