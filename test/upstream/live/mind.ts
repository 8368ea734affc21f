import { drawDelayMs, type Random } from '../../../adapters/shared/chance.ts';
import { hearNumbers } from '../../ear/counted-speech.ts';
import type { SayRule, SaidTurn } from '../said.ts';
import type { ScriptedDelegation, ScriptedSpeech, StandInSettings } from './options.ts';
import { numbersSpeech, speechOf, textSpeech, type Known, type Speech } from './speech.ts';

/** Length of a frame, ms. */
export const frameMs = 100;
/** RMS above which a frame of the caller's is speech: −45 dBFS. */
const loud = 10 ** (-45 / 20);
/** Transcripts lie on a grid of this width, ms. */
const gridMs = 200;
/** Pace of words that the model pretends to have heard, ms a word. */
const heardWordMs = 300;

export interface Fragment {
  readonly delta: string;
  readonly start_ms: number;
  readonly end_ms: number;
}

export interface MindHost {
  readonly settings: StandInSettings;
  readonly rateHz: number;
  readonly random: Random;
  /** What the model knows, oldest first; grows. */
  readonly history: Known[];
  readonly onInput: (fragment: Fragment) => void;
  readonly onOutput: (fragment: Fragment) => void;
  readonly onDelegate: (answer: ScriptedDelegation) => void;
  readonly onDelay: (delayMs: number) => void;
}

interface Due extends Fragment {
  readonly dueMs: number;
  readonly speaker: 'onInput' | 'onOutput';
}

/** The model: hears a frame, says a frame. It speaks when it likes, and stops when it is talked over. */
export class Mind {
  readonly #host: MindHost;
  #nowMs = 0;
  #speech: Speech | null = null;
  #saidSamples = 0;
  #saidWords = 0;
  /** The entry of the history that is being said. */
  #saying: Known | null = null;
  #next: Speech[] = [];
  #answerAtMs: number | null = null;
  #answered: number;
  /** The caller's turn that is going on, frames of it. */
  #turn: Float32Array[] = [];
  #turnFromMs = 0;
  #silenceMs = 0;
  #speechMs = 0;
  #toldWords = 0;
  readonly #due: Due[] = [];
  #lastStartMs = 0;
  #anyInput = false;
  #anyOutput = false;
  #yields = 0;

  constructor(host: MindHost) {
    this.#host = host;
    this.#answered = host.history.filter(({ role }) => role === 'assistant').length;
  }

  get speaks(): boolean {
    return this.#speech !== null || this.#next.length > 0;
  }

  get callerSpeaks(): boolean {
    return this.#turn.length > 0;
  }

  /** Anything was said or heard. */
  get begun(): boolean {
    return this.#anyOutput || this.#anyInput || this.speaks;
  }

  /** How often it was talked over and stopped (a count). */
  get yields(): number {
    return this.#yields;
  }

  /** One frame. @param heard 100 ms of the caller, at the session's rate @returns 100 ms of its own */
  frame(heard: Float32Array): Float32Array {
    this.#listen(heard);
    if (this.#answerAtMs !== null && this.#nowMs >= this.#answerAtMs && !this.callerSpeaks) {
      this.#answerAtMs = null;
      this.answer();
    }
    const said = this.#say(heard.length);
    this.#nowMs += frameMs;
    this.#tell();
    return said;
  }

  /** Gives its next answer. */
  answer(): void {
    const { answers } = this.#host.settings;
    const answer = answers[this.#answered % answers.length];
    this.#answered += 1;
    if (answer === undefined) return;
    if ('rule' in answer) this.#goBy(answer.rule);
    else if ('delegate' in answer) this.#host.onDelegate(answer);
    else this.say(answer);
  }

  /** What it handed on brought this: it answers by its rule, or says what came of it. */
  told(result: string): void {
    const ruled = this.#host.settings.answers.some((answer) => 'rule' in answer);
    if (ruled) this.#host.history.push({ role: 'tool', text: result });
    if (ruled) this.answer();
    else this.say({ text: result });
  }

  say(speech: ScriptedSpeech): void {
    const { history, rateHz } = this.#host;
    this.#next.push(
      'text' in speech ? textSpeech(speech.text, rateHz) : speechOf(speech, history, rateHz),
    );
  }

  /** Stops in the middle of whatever it says. */
  stop(): void {
    this.#speech = null;
    this.#next = [];
    this.#saying = null;
    this.#answerAtMs = null;
  }

  #goBy(rule: SayRule): void {
    const { history, rateHz, onDelegate } = this.#host;
    const turns = history.map(({ role, text }): SaidTurn => {
      return { role: role === 'developer' ? 'system' : role, text };
    });
    const next = rule(turns);
    if ('tool' in next) onDelegate({ delegate: true });
    else this.#next.push(numbersSpeech(next.numbers, rateHz));
  }

  #listen(heard: Float32Array): void {
    const { settings, random, onDelay } = this.#host;
    let energy = 0;
    for (const sample of heard) energy += sample * sample;
    const speech = Math.sqrt(energy / heard.length) > loud;
    if (!speech && this.#turn.length === 0) return;
    if (speech) {
      if (this.#turn.length === 0) this.#turnFromMs = this.#nowMs;
      this.#silenceMs = 0;
      this.#speechMs += frameMs;
      if (this.speaks && this.#speechMs >= settings.yieldAfterMs) {
        this.#yields += 1;
        this.stop();
      }
    } else {
      this.#silenceMs += frameMs;
    }
    this.#turn.push(heard.slice());
    this.#hearWords(false);
    if (this.#silenceMs < settings.endOfTurnMs) return;
    const text = this.#hearWords(true);
    const spoken = this.#speechMs;
    this.#turn = [];
    this.#speechMs = 0;
    this.#toldWords = 0;
    this.#host.history.push({ role: 'user', text });
    // A short sound over its own speech is no turn.
    if (this.speaks && spoken < settings.yieldAfterMs) return;
    const delayMs = drawDelayMs(settings.firstAudioMs, random);
    onDelay(delayMs);
    this.#answerAtMs = this.#nowMs + delayMs;
  }

  /** Tells what it takes the caller to have said so far. @returns all of it at the end of the turn */
  #hearWords(over: boolean): string {
    const { settings, rateHz } = this.#host;
    const spokenMs = this.#nowMs + frameMs - this.#turnFromMs;
    if (settings.callerText === 'counted') {
      if (!over) return '';
      const numbers = hearNumbers(joined(this.#turn), rateHz);
      for (const { number, startSample, endSample } of numbers) {
        const startMs = this.#turnFromMs + (startSample * 1000) / rateHz;
        this.#heard(String(number), startMs, this.#turnFromMs + (endSample * 1000) / rateHz);
      }
      return numbers.map(({ number }) => number).join(' ');
    }
    const words = settings.callerText.split(' ');
    const ready = over ? words.length : Math.floor(spokenMs / heardWordMs);
    const rest = words.slice(this.#toldWords, ready).join(' ');
    this.#toldWords = Math.max(this.#toldWords, Math.min(ready, words.length));
    if (rest !== '') this.#heard(rest, this.#nowMs, this.#nowMs + frameMs);
    return settings.callerText;
  }

  #heard(text: string, startMs: number, endMs: number): void {
    const delta = this.#anyInput ? ` ${text}` : text;
    this.#anyInput = true;
    this.#later('onInput', delta, startMs, endMs);
  }

  #say(samples: number): Float32Array {
    const frame = new Float32Array(samples);
    if (this.#speech === null) {
      const next = this.callerSpeaks ? undefined : this.#next.shift();
      if (next === undefined) return frame;
      this.#speech = next;
      this.#saidSamples = 0;
      this.#saidWords = 0;
      this.#saying = { role: 'assistant', text: '' };
      this.#host.history.push(this.#saying);
    }
    const speech = this.#speech;
    const from = this.#saidSamples;
    frame.set(speech.samples.subarray(from, from + samples));
    this.#saidSamples += samples;
    const atMs = (sample: number): number =>
      this.#nowMs + ((sample - from) * 1000) / this.#host.rateHz;
    for (;;) {
      const word = speech.words[this.#saidWords];
      // A word is said when half of it was.
      if (word === undefined || (word.fromSample + word.toSample) / 2 > this.#saidSamples) break;
      this.#saidWords += 1;
      if (this.#saying !== null) this.#saying.text = `${this.#saying.text} ${word.text}`.trim();
      const delta = this.#anyOutput ? ` ${word.text}` : word.text;
      this.#anyOutput = true;
      this.#later('onOutput', delta, atMs(word.fromSample), atMs(word.toSample));
    }
    if (this.#saidSamples >= speech.samples.length) this.#speech = null;
    return frame;
  }

  #later(speaker: Due['speaker'], delta: string, startMs: number, endMs: number): void {
    const dueMs = this.#nowMs + this.#host.settings.transcriptLagMs;
    this.#due.push({ speaker, delta, start_ms: startMs, end_ms: endMs, dueMs });
  }

  /** Fragments come on a grid of 200 ms; starts never go back. */
  #tell(): void {
    if (this.#nowMs % gridMs !== 0) return;
    while (this.#due.length > 0 && this.#due[0]!.dueMs <= this.#nowMs) {
      const { speaker, delta, start_ms: from, end_ms: to } = this.#due.shift()!;
      const start = Math.max(this.#lastStartMs, Math.floor(Math.max(0, from) / gridMs) * gridMs);
      this.#lastStartMs = start;
      const end = Math.max(start, Math.ceil(to / gridMs) * gridMs);
      this.#host[speaker]({ delta, start_ms: start, end_ms: end });
    }
  }
}

function joined(pieces: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
