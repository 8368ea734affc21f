import type {
  BackendCommand,
  BackendContext,
  BackendEvent,
  LineOutcome,
  Usage,
} from '../../../src/ports/backend.ts';
import { CallError } from '../../../src/ports/errors.ts';
import type { CallSettings } from '../../../src/ports/settings.ts';
import type { Answer, AnswerHost, AnswerOutput } from './answer.ts';
import { beginAnswer, type Ask } from './begin-answer.ts';
import type { History } from './history.ts';
import { lineEvent, remember } from './line-output.ts';
import { cameTrue, presumedTurns, type Presumption } from './presumption.ts';

type Respond = BackendCommand & { readonly type: 'respond' };

/** Lines at once: the conversation's and 16 beside it. */
const linesAtOnce = 17;

interface RunningLine {
  readonly command: Respond;
  readonly settings: CallSettings;
  answer: Answer | null;
  /** Turns whose last word it waits for. */
  readonly awaited: readonly string[];
  presumption: Presumption | null;
}

interface Speculation {
  readonly speculationId: number;
  readonly text: string;
  readonly answer: Answer;
  /** Of the history it was begun on. */
  readonly revision: number;
}

export interface LinesOptions {
  readonly context: BackendContext;
  readonly history: History;
  readonly answers: AnswerHost;
  readonly settings: () => CallSettings;
  readonly emit: (event: BackendEvent) => void;
}

/**
 * The answers of one call. One that is asked for before the recogniser's last word begins at once on
 * what it has said so far, and is let out when the last word says the same; one that was begun in a
 * pause is let out the same way. Nothing of a line comes after its end.
 */
export class Lines {
  readonly #options: LinesOptions;
  readonly #lines = new Map<string, RunningLine>();
  #speculation: Speculation | null = null;

  constructor(options: LinesOptions) {
    this.#options = options;
  }

  /** Whether the line runs. */
  has(lineId: string): boolean {
    return this.#lines.has(lineId);
  }

  respond(command: Respond): void {
    const { lineId, itemId, outOfBand, overrides, input, words } = command;
    const { history, settings } = this.#options;
    const refusal = this.#refusal(command);
    if (refusal !== null) {
      this.#done(lineId, { status: 'failed', error: refusal }, null);
      return;
    }
    const line: RunningLine = {
      command,
      settings: { ...settings(), ...overrides },
      answer: null,
      // What is given to it as its context, or to say, waits for nothing.
      awaited: input === null && words === undefined ? history.pendingTurns : [],
      presumption: null,
    };
    this.#lines.set(lineId, line);
    if (!outOfBand) history.openLine(lineId, itemId);
    this.#options.emit({ type: 'line.started', lineId });
    const begun = this.#adopted(command.speculationId);
    if (begun !== null) this.#adopt(line, begun);
    else if (line.awaited.length > 0) this.#presume(line);
    else this.#answer(line);
  }

  /** Begins an answer that nobody may hear yet. One at a time: an older one is dropped. */
  speculate(speculationId: number, text: string): void {
    const { history, settings } = this.#options;
    this.#dropSpeculation();
    this.#options.answers.counters.speculationsStarted += 1;
    const answer = this.#begin(settings(), { next: text, input: null, inBand: true });
    this.#speculation = { speculationId, text, answer, revision: history.revision };
  }

  /** @returns whether there was one of this id */
  drop(speculationId: number): boolean {
    if (this.#speculation?.speculationId !== speculationId) return false;
    this.#dropSpeculation();
    return true;
  }

  /** The last word on a turn is in the history: lines that waited for it go on. */
  turnKnown(): void {
    const pending = this.#options.history.pendingTurns;
    for (const line of [...this.#lines.values()]) {
      if (line.awaited.length === 0 || line.awaited.some((turn) => pending.includes(turn)))
        continue;
      if (line.answer === null || line.presumption !== null) this.#judge(line);
    }
  }

  /** @returns whether it ran */
  cancel(lineId: string): boolean {
    const line = this.#lines.get(lineId);
    if (line === undefined) return false;
    const { answer, presumption } = line;
    const usage = presumption === null ? (answer?.usage ?? null) : null;
    // A model that had not begun to write has read all the same.
    if (presumption === null && answer?.unreported === true && answer.firstOutputAtMs === null) {
      this.#options.emit({ type: 'usage', usage: null });
    }
    this.#stop(line);
    const text = line.settings.modality === 'text';
    if (!line.command.outOfBand) this.#options.history.stopLine(lineId, text);
    this.#done(lineId, { status: 'cancelled' }, usage);
    return true;
  }

  /** Stops everything; nothing is emitted. Idempotent. */
  close(): void {
    this.#speculation?.answer.abort();
    this.#speculation = null;
    for (const { answer } of this.#lines.values()) answer?.abort();
    this.#lines.clear();
  }

  #refusal({ outOfBand }: Respond): CallError | null {
    if (this.#lines.size >= linesAtOnce) {
      return new CallError('backend_overloaded', `more than ${linesAtOnce} answers at once`);
    }
    if (outOfBand || [...this.#lines.values()].every(({ command }) => command.outOfBand)) {
      return null;
    }
    return new CallError(
      'conversation_already_has_active_response',
      'the conversation has one answer at a time',
    );
  }

  /** The speculation of this id, if it can still become a line. */
  #adopted(speculationId: number | undefined): Speculation | null {
    const { history, answers } = this.#options;
    const speculation = this.#speculation;
    if (speculationId === undefined || speculation?.speculationId !== speculationId) return null;
    const { answer, revision } = speculation;
    if (answer.useless || revision !== history.revision) {
      answers.counters.speculationsRestarted += 1;
      this.#waste(answer);
      this.#speculation = null;
      return null;
    }
    this.#speculation = null;
    return speculation;
  }

  #adopt(line: RunningLine, { answer, text }: Speculation): void {
    const { history, answers } = this.#options;
    answers.counters.speculationsAdopted += 1;
    line.answer = answer;
    const newest = history.newestTurn?.itemId;
    const turns = new Map(presumedTurns(history, line.awaited));
    if (newest !== undefined) turns.set(newest, text);
    line.presumption = { turns, kind: 'speculation', wantedAtMs: answers.clock.nowMs() };
    if (line.awaited.length === 0) this.#judge(line);
  }

  /** Begins on what the recogniser has said so far; without a word of it there is nothing to begin. */
  #presume(line: RunningLine): void {
    const { answers, history } = this.#options;
    const turns = presumedTurns(history, line.awaited);
    if (turns.values().every((text) => text.trim() === '')) return;
    answers.counters.presumptionsStarted += 1;
    line.answer = this.#begin(line.settings, { input: null, inBand: !line.command.outOfBand });
    line.presumption = { turns, kind: 'presumption', wantedAtMs: answers.clock.nowMs() };
  }

  /** What was said is known: the answer is let out, or another begins. */
  #judge(line: RunningLine): void {
    const { history, answers } = this.#options;
    const { answer, presumption } = line;
    line.presumption = null;
    if (answer === null || presumption === null) {
      this.#answer(line);
      return;
    }
    const { counters } = answers;
    const { kind } = presumption;
    if (!answer.useless && cameTrue(history, presumption, answers.speaking)) {
      if (kind === 'presumption') counters.presumptionsKept += 1;
      this.#letOut(line, answer, presumption);
      return;
    }
    if (kind === 'presumption') counters.presumptionsRestarted += 1;
    else counters.speculationsRestarted += 1;
    this.#waste(answer);
    line.answer = null;
    this.#answer(line);
  }

  /** Everything is known that it answers to. */
  #answer(line: RunningLine): void {
    const { command, settings } = line;
    const { history, answers } = this.#options;
    if (command.input === null && command.words === undefined && history.nothingSaid) {
      answers.counters.turnsEmpty += 1;
      this.#finish(line, { status: 'completed' }, null);
      return;
    }
    const answer = this.#begin(settings, {
      input: command.input,
      words: command.words ?? null,
      inBand: !command.outOfBand,
    });
    this.#letOut(line, answer, null);
  }

  #letOut(line: RunningLine, answer: Answer, ahead: Presumption | null): void {
    line.answer = answer;
    const letOutAtMs = this.#options.answers.clock.nowMs();
    let uncounted = ahead;
    answer.open((output) => {
      if (uncounted !== null && answer.firstOutputAtMs !== null) {
        this.#countSaved(answer, uncounted, letOutAtMs);
        uncounted = null;
      }
      this.#put(line, output);
    });
  }

  /** How much later the first output would have come, had the answer begun when it was asked for. */
  #countSaved(answer: Answer, { kind, wantedAtMs }: Presumption, letOutAtMs: number): void {
    const { counters } = this.#options.answers;
    const { startedAtMs, firstOutputAtMs } = answer;
    const otherwiseAtMs = kind === 'speculation' ? wantedAtMs : letOutAtMs;
    const savedMs = Math.min(otherwiseAtMs, firstOutputAtMs ?? otherwiseAtMs) - startedAtMs;
    if (kind === 'speculation') counters.speculationSavedMs += Math.max(0, savedMs);
    else counters.presumptionSavedMs += Math.max(0, savedMs);
  }

  #put(line: RunningLine, output: AnswerOutput): void {
    const { lineId, outOfBand } = line.command;
    const { history, emit, answers } = this.#options;
    if (this.#lines.get(lineId) !== line) return;
    if (output.type === 'done') {
      this.#finish(line, output.outcome, output.usage);
      return;
    }
    if (output.type === 'tool') answers.counters.toolsCalled += 1;
    if (!outOfBand) remember(history, lineId, output, answers.utterance.format);
    emit(lineEvent(lineId, output));
  }

  #begin(settings: CallSettings, ask: Ask): Answer {
    const { context, history, answers } = this.#options;
    return beginAnswer({ callId: context.callId, settings, history, ...ask }, answers);
  }

  #finish(line: RunningLine, outcome: LineOutcome, usage: Usage | null): void {
    const { lineId, outOfBand } = line.command;
    if (!outOfBand) this.#options.history.stopLine(lineId, true);
    this.#done(lineId, outcome, usage);
  }

  #done(lineId: string, outcome: LineOutcome, usage: Usage | null): void {
    this.#lines.delete(lineId);
    this.#options.emit({ type: 'line.done', lineId, outcome, usage });
  }

  #stop({ answer, presumption }: RunningLine): void {
    if (answer === null) return;
    if (presumption === null) answer.abort();
    else this.#waste(answer);
  }

  #dropSpeculation(): void {
    if (this.#speculation === null) return;
    this.#options.answers.counters.speculationsDropped += 1;
    this.#waste(this.#speculation.answer);
    this.#speculation = null;
  }

  /** Nobody gets it. */
  #waste(answer: Answer): void {
    const { answers, emit } = this.#options;
    answers.counters.tokensWasted += answer.tokens;
    if (answer.usage !== null || answer.unreported) emit({ type: 'usage', usage: answer.usage });
    answer.abort();
  }
}
