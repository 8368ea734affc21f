import { TextMatcher } from '../gate/matcher.ts';
import { redacted } from '../gate/redact.ts';
import type { CompiledRule } from '../gate/rules.ts';
import type { LogEntry } from '../ports/events.ts';

/** A stretch of a track, samples [from, to). */
export type Stretch = readonly [fromSample: number, toSample: number];

interface Said {
  text: string;
  /** Where each piece of text begins: in the text, and on the line's sound (samples). */
  readonly pieces: { readonly fromChar: number; readonly lineSample: number }[];
  /** The backend said when each word is spoken. */
  timed: boolean;
}

/** Turns and lines that are remembered (a count each); of further ones nothing is let through. */
const keptLimit = 10_000;

/**
 * Finds out what of a call's sound is to be silent because words in it are to be taken out. Of the
 * caller only turns pass that were written down and hold nothing of the kind: nobody knows when in
 * a turn a word was said. Of the agent the stretch around the words is silent where word times are
 * known, else the whole line, and so is a line of which there is no text.
 */
export class HiddenSpeech {
  readonly #rules: readonly CompiledRule[];
  readonly #turns = new Map<string, Stretch>();
  readonly #clean = new Set<string>();
  readonly #lines = new Map<string, Said>();

  constructor(rules: readonly CompiledRule[]) {
    this.#rules = rules;
  }

  /** Takes the log as it is, in order. @param sentSamples how much of a line was given so far */
  push(entry: LogEntry, sentSamples: (lineId: string) => number): void {
    if (entry.type === 'turn.committed') {
      if (this.#turns.size >= keptLimit) return;
      this.#turns.set(entry.itemId, [entry.fromSample, entry.toSample]);
    }
    if (entry.type === 'caller.transcript' && entry.final) {
      if (redacted(entry.text, this.#rules) === entry.text) this.#clean.add(entry.itemId);
      else this.#clean.delete(entry.itemId);
    }
    if (entry.type === 'line.text') {
      const said = this.#lines.get(entry.lineId) ?? { text: '', pieces: [], timed: false };
      if (this.#lines.size < keptLimit) this.#lines.set(entry.lineId, said);
      const lineSample = sentSamples(entry.lineId);
      said.pieces.push({ fromChar: said.text.length, lineSample });
      said.text += entry.delta;
    }
    if (entry.type === 'line.closed' || entry.type === 'line.heard') {
      const said = this.#lines.get(entry.lineId);
      if (said !== undefined) said.timed = entry.extent.wordsBy === 'times';
    }
  }

  /** Of the caller's track, what is not to be heard. @param samples its length */
  ofCaller(samples: number): readonly Stretch[] {
    const shown = [...this.#turns]
      .filter(([itemId]) => this.#clean.has(itemId))
      .map(([, stretch]) => stretch)
      .toSorted(([a], [b]) => a - b);
    const hidden: Stretch[] = [];
    let at = 0;
    for (const [from, to] of shown) {
      if (from > at) hidden.push([at, from]);
      at = Math.max(at, to);
    }
    return at < samples ? [...hidden, [at, samples]] : hidden;
  }

  /**
   * Of a line, what is not to be heard.
   *
   * @param samples how much of it was given
   * @param marginSamples silenced before and after what was found as well
   */
  ofLine(lineId: string, samples: number, marginSamples: number): readonly Stretch[] {
    const said = this.#lines.get(lineId);
    if (said === undefined || said.text.trim() === '') return [[0, samples]];
    if (redacted(said.text, this.#rules) === said.text) return [];
    const matcher = new TextMatcher(this.#rules);
    matcher.push(said.text);
    matcher.end();
    // The beginning of a number that was broken off is no find, and says as much.
    if (!said.timed || matcher.hits.length === 0) return [[0, samples]];
    return matcher.hits.map(({ from, to }) => {
      const first = said.pieces.findLast(({ fromChar }) => fromChar <= from)?.lineSample ?? 0;
      const next = said.pieces.find(({ fromChar }) => fromChar >= to)?.lineSample ?? samples;
      const end = next <= first ? samples : next;
      return [Math.max(0, first - marginSamples), Math.min(samples, end + marginSamples)];
    });
  }
}
