import type { LogEntry } from '../ports/events.ts';

/** Something that was said, as far as it was heard. */
export interface Utterance {
  readonly who: 'caller' | 'agent';
  /** Call time of its beginning, ms. */
  readonly atMs: number;
  readonly text: string;
}

/** Most utterances of a call (a count); later ones are left out. */
const utteranceLimit = 5_000;

/** A call's log as what was said: the caller's turns, and what was heard of the agent's lines. */
export class TranscriptFold {
  readonly #said = new Map<string, { who: 'caller' | 'agent'; atMs: number; text: string }>();

  push(entry: LogEntry): void {
    if (entry.type === 'turn.committed') {
      this.#begin(entry.itemId, 'caller', entry.speechEndAtMs ?? entry.atMs);
    } else if (entry.type === 'caller.transcript') {
      if (entry.final) this.#text(entry.itemId, entry.atMs, entry.text);
    } else if (entry.type === 'item.added') {
      this.#typed(entry);
    } else if (entry.type === 'line.opened') {
      if (entry.line.epoch !== null) this.#begin(entry.line.lineId, 'agent', entry.atMs);
    } else if (entry.type === 'line.first_audio') {
      const line = this.#said.get(entry.lineId);
      if (line !== undefined) line.atMs = entry.atMs;
    } else if (
      entry.type === 'line.closed' ||
      entry.type === 'line.heard' ||
      entry.type === 'agent.cut'
    ) {
      const line = this.#said.get(entry.lineId);
      if (line !== undefined) line.text = entry.extent.heardText;
    }
  }

  /** In the order of their beginnings; what has no words is left out. */
  get utterances(): readonly Utterance[] {
    return [...this.#said.values()]
      .filter(({ text }) => text.trim() !== '')
      .toSorted((a, b) => a.atMs - b.atMs);
  }

  #begin(key: string, who: Utterance['who'], atMs: number): void {
    if (this.#said.size < utteranceLimit && !this.#said.has(key)) {
      this.#said.set(key, { who, atMs, text: '' });
    }
  }

  #typed({ item, atMs }: LogEntry & { readonly type: 'item.added' }): void {
    if (item.kind !== 'message' || item.role !== 'user') return;
    for (const part of item.content) {
      if (part.type === 'text') this.#text(item.itemId, atMs, part.text);
    }
  }

  #text(key: string, atMs: number, text: string): void {
    this.#begin(key, 'caller', atMs);
    const said = this.#said.get(key);
    if (said !== undefined) said.text = text;
  }
}

/** One line each: `00:01.2 caller: …`. */
export function transcriptText(utterances: readonly Utterance[]): string {
  return utterances.map(({ who, atMs, text }) => `${clockText(atMs)} ${who}: ${text}\n`).join('');
}

function clockText(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  const seconds = (Math.floor((ms % 60_000) / 100) / 10).toFixed(1);
  return `${String(minutes).padStart(2, '0')}:${seconds.padStart(4, '0')}`;
}
