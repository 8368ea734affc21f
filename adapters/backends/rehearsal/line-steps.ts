import { msToSamples, samplesToMs } from '../../../src/audio/format.ts';
import type { BackendEvent } from '../../../src/ports/backend.ts';
import { agentAudioTokens } from './context.ts';
import { firstWords, speechRateHz, type Speech } from './speech.ts';

/** One piece of a line on its way out. */
export type LineStep =
  | {
      readonly kind: 'play';
      readonly events: readonly BackendEvent[];
      /** How long the piece lasts at real time, ms; the next one waits that long, divided by the factor. */
      readonly lengthMs: number;
      /** Generated so far, this piece included. */
      readonly audioMs: number;
      readonly words: number;
    }
  /** The place where something was told to go wrong. */
  | { readonly kind: 'mark' };

/** Audio sent at once: 100 ms. */
const pieceSamples = 2400;
/** A text line's pace at factor 1, ms a word. */
const textWordMs = 80;

/**
 * A spoken line, piece by piece: the words that begin in a piece go just before its audio, one
 * event a word, each but the first with its leading space.
 *
 * @param markMs where on the line to stop for a `mark`, ms; `null` nowhere
 */
export function* audioSteps(
  lineId: string,
  speech: Speech,
  markMs: number | null,
): Generator<LineStep, void> {
  const mark = markMs === null ? -1 : Math.min(msToSamples(markMs, speechRateHz), speech.samples);
  let words = 0;
  if (mark === 0) yield { kind: 'mark' };
  for (let from = 0; from < speech.samples;) {
    let to = Math.min(from + pieceSamples, speech.samples);
    if (from < mark && mark < to) to = mark;
    const audioMs = samplesToMs(to, speechRateHz);
    const events: BackendEvent[] = [];
    for (; words < speech.words.length && speech.words[words]!.startMs < audioMs; words += 1) {
      const word = speech.words[words]!;
      events.push({ type: 'line.text', lineId, delta: spaced(words, word.text), words: [word] });
    }
    events.push({ type: 'line.audio', lineId, bytes: speech.read(from, to) });
    const last = to === speech.samples && to !== mark;
    const lengthMs = last ? 0 : samplesToMs(to - from, speechRateHz);
    yield { kind: 'play', events, lengthMs, audioMs, words };
    if (to === mark) yield { kind: 'mark' };
    from = to;
  }
}

/** A written line, a word a step. `markMs` counts as in {@link audioSteps}, in spoken time. */
export function* textSteps(
  lineId: string,
  speech: Speech,
  markMs: number | null,
): Generator<LineStep, void> {
  const mark = markMs === null ? -1 : speech.words.filter((word) => word.endMs <= markMs).length;
  for (const [index, word] of speech.words.entries()) {
    if (index === mark) yield { kind: 'mark' };
    const delta = spaced(index, word.text);
    yield {
      kind: 'play',
      events: [{ type: 'line.text', lineId, delta, words: null }],
      lengthMs: index === speech.words.length - 1 ? 0 : textWordMs,
      audioMs: 0,
      words: index + 1,
    };
  }
  if (mark === speech.words.length) yield { kind: 'mark' };
}

/** A line that calls a tool and says nothing. */
export function* toolSteps(
  call: BackendEvent & { readonly type: 'tool.called' },
  marked: boolean,
): Generator<LineStep, void> {
  if (marked) yield { kind: 'mark' };
  yield { kind: 'play', events: [call], lengthMs: 0, audioMs: 0, words: 0 };
}

/** The middle of the word that is being said at `atMs`, or of the line's middle word. */
export function middleOfWordMs(speech: Speech, atMs: number | null): number {
  const { words } = speech;
  const said =
    atMs === null
      ? words[Math.floor(words.length / 2)]
      : (words.find((word) => atMs < word.endMs) ?? words.at(-1));
  return said === undefined ? 0 : (said.startMs + said.endMs) / 2;
}

/**
 * As many whole words as the token limit allows (one token a word, and one per 50 ms of audio).
 *
 * @param maxTokens the setting in force
 */
export function withinTokens(
  speech: Speech,
  modality: 'audio' | 'text',
  maxTokens: number | 'inf',
): { readonly speech: Speech; readonly complete: boolean } {
  const limit = maxTokens === 'inf' ? Infinity : maxTokens;
  const fitting = speech.words.filter((word, index) => {
    const audioTokens = modality === 'audio' ? agentAudioTokens(word.endMs) : 0;
    return index + 1 + audioTokens <= limit;
  }).length;
  if (fitting === speech.words.length) return { speech, complete: true };
  return { speech: firstWords(speech, fitting), complete: false };
}

function spaced(index: number, word: string): string {
  return index === 0 ? word : ` ${word}`;
}
