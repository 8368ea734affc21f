import type { LineOutcome, LineStage, Usage } from '../../../src/ports/backend.ts';
import type { WordTime } from '../../../src/ports/conversation.ts';
import { asCallError, CallError } from '../../../src/ports/errors.ts';
import type {
  LanguageModelPort,
  ModelEvent,
  ModelRequest,
  ModelToolCall,
  ModelUsage,
} from '../../../src/ports/language-model.ts';
import type { Modality } from '../../../src/ports/settings.ts';
import { BoundedQueue } from '../../../src/streams/bounded-queue.ts';
import { ClauseFeed } from './clause-feed.ts';
import { HeldOutputs } from './held-outputs.ts';
import type { PartHealth } from './part-health.ts';
import { Speech, type SpeechHost } from './speech.ts';
import type { ClauseOptions } from './text/clause.ts';

/** What comes of an answer; `done` is last. */
export type AnswerOutput =
  | { readonly type: 'text'; readonly delta: string; readonly words: readonly WordTime[] | null }
  /** Text that will be said: all of it comes again, with its sound. */
  | { readonly type: 'ahead'; readonly delta: string }
  | { readonly type: 'audio'; readonly bytes: Uint8Array }
  | { readonly type: 'tool'; readonly call: ModelToolCall }
  | { readonly type: 'stage'; readonly stage: LineStage; readonly atMs: number }
  | { readonly type: 'done'; readonly outcome: LineOutcome; readonly usage: Usage | null };

export interface AnswerRequest {
  readonly model: ModelRequest;
  /** To be said as it is, and no model is asked; `null` = the model writes. */
  readonly words: string | null;
  readonly modality: Modality;
  readonly inBand: boolean;
  readonly voice: string | null;
}

export interface AnswerHost extends Pick<
  SpeechHost,
  'clock' | 'voice' | 'cache' | 'counters' | 'speaking' | 'timed' | 'aheadMs'
> {
  readonly llm: LanguageModelPort;
  readonly clauses: ClauseOptions;
  readonly utterance: Omit<SpeechHost['utterance'], 'voice'>;
  readonly modelHealth: PartHealth;
  readonly speechHealth: PartHealth;
  /** Characters were given to the voice. */
  readonly onSpoken: (characters: number) => void;
}

/** Longest answer, characters. */
const answerLimitCharacters = 200_000;
/** Characters of a token, where nobody counted them. */
const charactersPerToken = 4;

/**
 * One answer from the model's first token to the voice's last sample. What it brings is held back
 * until somebody opens it: an answer that was begun on a presumption leaves no trace when it is
 * dropped, and no tool is told.
 */
export class Answer {
  /** On the clock. */
  readonly startedAtMs: number;
  readonly #request: AnswerRequest;
  readonly #host: AnswerHost;
  readonly #held: HeldOutputs;
  readonly #abort = new AbortController();
  readonly #feed: ClauseFeed | null;
  readonly #speech: Speech | null;
  #take: ((output: AnswerOutput) => void) | null = null;
  #text = '';
  #usage: ModelUsage | null = null;
  #finish: (ModelEvent & { type: 'done' })['finish'] | null = null;
  readonly #stages = new Set<LineStage>();
  #firstOutputAtMs: number | null = null;
  #failed = false;
  #over = false;

  constructor(request: AnswerRequest, host: AnswerHost) {
    this.#request = request;
    this.#host = host;
    this.startedAtMs = host.clock.nowMs();
    this.#held = new HeldOutputs(host.utterance.format);
    const spoken = request.modality === 'audio';
    this.#speech = spoken ? this.#speechOf(request) : null;
    this.#feed = spoken
      ? new ClauseFeed(host.clock, host.clauses, (clauses) => {
          this.#stage('first_clause');
          this.#speech?.say(clauses, this.#text);
        })
      : null;
    this.#stage('transcript');
    void this.#read();
  }

  /** It came to nothing while it was held: to be begun again. */
  get useless(): boolean {
    return this.#failed || this.#held.outgrown;
  }

  /** When the first audio, or the first text of a written answer, was there; `null` = not yet. */
  get firstOutputAtMs(): number | null {
    return this.#firstOutputAtMs;
  }

  /** Output tokens it has cost so far; estimated where nobody counted them. */
  get tokens(): number {
    return this.#usage?.outputTokens ?? Math.ceil(this.#text.length / charactersPerToken);
  }

  /** What the model reported, where it has; `null`: it has not, or no model was asked. */
  get usage(): Usage | null {
    return usageOf(this.#usage);
  }

  /** A model was asked and has not said what it used. */
  get unreported(): boolean {
    return this.#request.words === null && this.#usage === null;
  }

  /** Lets out what was held and all that follows. To be called once. */
  open(take: (output: AnswerOutput) => void): void {
    for (let held = this.#held.release(); held.length > 0; held = this.#held.release()) {
      for (const output of held) {
        if (this.#isAborted()) return;
        take(output);
      }
    }
    this.#take = take;
  }

  /** Stops model and voice at once; nothing comes of it any more. Idempotent. */
  abort(): void {
    this.#over = true;
    this.#take = null;
    this.#abort.abort(new CallError('backend_closed', 'the answer is not wanted any more'));
    this.#feed?.close();
    this.#speech?.cancel();
    this.#held.clear();
  }

  #speechOf({ voice, inBand }: AnswerRequest): Speech {
    return new Speech({
      ...this.#host,
      utterance: { ...this.#host.utterance, voice },
      inBand,
      onAhead: (delta) => this.#put({ type: 'ahead', delta }),
      onText: ({ delta, words }) => this.#put({ type: 'text', delta, words }),
      onAudio: (bytes) => {
        this.#stage('first_synthesis');
        this.#firstOutputAtMs ??= this.#host.clock.nowMs();
        this.#put({ type: 'audio', bytes });
      },
      onDone: () => {
        this.#host.speechHealth.worked();
        this.#host.voice.worked();
        this.#complete();
      },
      onFailed: (error) => {
        this.#host.counters.speechFailures += 1;
        this.#fail(error, this.#host.speechHealth);
      },
    });
  }

  async #read(): Promise<void> {
    const { llm } = this.#host;
    const { words, model } = this.#request;
    try {
      const written = words === null ? llm.write(model, this.#abort.signal) : verbatim(words);
      for await (const event of written) {
        if (this.#over) return;
        this.#hear(event);
        if (event.type === 'done') return;
      }
      if (!this.#isOver()) {
        throw new CallError('backend_protocol', 'the model stopped without a word');
      }
    } catch (thrown) {
      if (this.#isOver()) return;
      this.#host.counters.modelFailures += 1;
      this.#fail(asCallError(thrown, 'backend_closed'), this.#host.modelHealth);
    }
  }

  #hear(event: ModelEvent): void {
    switch (event.type) {
      case 'text':
        if (event.delta !== '') this.#write(event.delta);
        return;
      case 'tool_call':
        this.#stage('first_token');
        this.#put({ type: 'tool', call: event.call });
        return;
      case 'done':
        if (this.#request.words === null) this.#host.modelHealth.worked();
        this.#finish = event.finish;
        this.#usage = event.usage;
        this.#feed?.end();
        if (this.#speech === null) this.#complete();
        else this.#speech.end();
    }
  }

  #write(delta: string): void {
    this.#stage('first_token');
    this.#text += delta;
    if (this.#text.length > answerLimitCharacters) {
      throw new CallError(
        'queue_overflow',
        `an answer of over ${answerLimitCharacters} characters`,
      );
    }
    if (this.#feed !== null) {
      this.#feed.write(delta);
      return;
    }
    this.#firstOutputAtMs ??= this.#host.clock.nowMs();
    this.#put({ type: 'text', delta, words: null });
  }

  #stage(stage: LineStage): void {
    if (this.#stages.has(stage) || this.#over) return;
    this.#stages.add(stage);
    this.#put({ type: 'stage', stage, atMs: this.#host.clock.nowMs() });
  }

  #complete(): void {
    this.#end(outcomeOf(this.#finish));
  }

  #fail(error: CallError, health: PartHealth): void {
    this.#failed = true;
    this.#end({ status: 'failed', error });
    health.failed(error);
  }

  #end(outcome: LineOutcome): void {
    if (this.#over) return;
    const take = this.#take;
    const done = { type: 'done', outcome, usage: usageOf(this.#usage) } as const;
    this.#over = true;
    this.#abort.abort(new CallError('backend_closed', 'the answer is over'));
    this.#feed?.close();
    this.#speech?.cancel();
    if (take !== null) take(done);
    else this.#held.push(done);
  }

  #put(output: AnswerOutput): void {
    if (this.#over) return;
    if (this.#take !== null) this.#take(output);
    else if (!this.#held.push(output)) this.#outgrow();
  }

  /** Nobody may hold so much: it is stopped, and begun again by whoever wants it. */
  #outgrow(): void {
    this.#host.counters.answersOutgrown += 1;
    this.abort();
  }

  /** Methods, because awaits and callbacks change what the compiler believes it knows. */
  #isOver(): boolean {
    return this.#over;
  }

  #isAborted(): boolean {
    return this.#held.cleared;
  }
}

/** Given words, as if a model had written them. */
function verbatim(words: string): AsyncIterable<ModelEvent> {
  const events = new BoundedQueue<ModelEvent>({ limit: 2, overflow: 'fail' });
  events.push({ type: 'text', delta: words });
  events.push({ type: 'done', finish: 'stop', usage: null });
  events.close();
  return events;
}

function outcomeOf(finish: (ModelEvent & { type: 'done' })['finish'] | null): LineOutcome {
  switch (finish) {
    case 'length':
      return { status: 'incomplete', reason: 'max_output_tokens' };
    case 'content_filter':
      return { status: 'incomplete', reason: 'content_filter' };
    case 'stop':
    case 'tool_calls':
    case null:
      return { status: 'completed' };
  }
}

function usageOf(usage: ModelUsage | null): Usage | null {
  if (usage === null) return null;
  return {
    inputTextTokens: usage.inputTokens,
    inputAudioTokens: null,
    inputCachedTokens: usage.inputCachedTokens,
    outputTextTokens: usage.outputTokens,
    outputAudioTokens: null,
  };
}
