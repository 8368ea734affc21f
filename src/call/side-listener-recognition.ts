import { ChunkTimeline } from '../audio/chunk.ts';
import { sameFormat, samplesToMs, type AudioFormat } from '../audio/format.ts';
import { asCallError, CallError } from '../ports/errors.ts';
import type { SpeechToTextEvent, SpeechToTextSession } from '../ports/speech-to-text.ts';
import { createConverter, type Converter } from './converter.ts';
import { SideBacklog } from './side-listener-backlog.ts';
import { SideReopening } from './side-listener-reopening.ts';
import type {
  Recognised,
  RecognitionCounts,
  RecognitionOptions,
} from './side-listener-vocabulary.ts';

/** Stretches whose last word may be awaited at once (a count); the oldest is given up for another. */
const awaitedLimit = 32;

interface Live {
  readonly session: SpeechToTextSession;
  readonly format: AudioFormat;
  readonly timeline: ChunkTimeline;
  converter: { readonly from: AudioFormat; readonly converter: Converter } | null;
  /** Where the stretch in progress begins on the session's audio, samples. */
  stretchStart: number;
}

interface Awaited {
  readonly finishId: number;
  readonly id: string;
  readonly startMs: number;
  /** What earlier sessions had made of it. */
  readonly carried: string;
  /** Some of its audio went to an earlier session: nobody knows where its words lie. */
  readonly split: boolean;
  text: string;
}

/**
 * One side's recogniser that nothing depends on: audio in, texts of stretches out. A session that is
 * lost is had again, later and later; nobody waits for it, and what it missed has no text.
 */
export class Recognition {
  readonly #options: RecognitionOptions;
  readonly #backlog: SideBacklog;
  readonly #reopening: SideReopening<{ session: SpeechToTextSession; format: AudioFormat }>;
  readonly #awaited: Awaited[] = [];
  readonly counts: RecognitionCounts = {
    audioMs: 0,
    chargedMs: 0,
    droppedMs: 0,
    lost: 0,
    failures: 0,
  };
  #live: Live | null = null;
  #from: AudioFormat;
  #finishes = 0;
  /** The stretch in progress: its newest text, and what earlier sessions had made of it. */
  #text = '';
  #carried = '';
  #split = false;
  /** Some of its audio was dropped: it gets no last word. */
  #torn = false;
  #closed = false;

  /** @param from what will be pushed, as far as is known */
  constructor(options: RecognitionOptions, from: AudioFormat) {
    const { context, chance } = options;
    this.#options = options;
    this.#from = from;
    this.#backlog = new SideBacklog();
    this.#reopening = new SideReopening({
      clock: context.clock,
      chance,
      open: (signal) => this.#open(signal),
      onOpen: ({ session, format }) => this.#attend(session, format),
      onFailed: (error, first) => this.#failed(error, first),
    });
  }

  /** Whether somebody hears. */
  get hearing(): boolean {
    return this.#live !== null;
  }

  start(): void {
    this.#reopening.start();
  }

  /** @param bytes whole samples, handed over */
  push(bytes: Uint8Array, from: AudioFormat): void {
    if (this.#closed || bytes.byteLength === 0) return;
    this.#from = from;
    if (this.#live !== null) this.#give(this.#live, bytes, from);
    else this.#keep({ kind: 'audio', bytes, format: from });
  }

  /** The stretch is over: `onFinal` comes for it, or it is counted as lost. */
  finish(id: string): void {
    if (this.#closed) return;
    if (this.#live !== null) this.#finish(this.#live, id);
    else if (this.#torn) {
      this.#backlog.clear();
      this.#begin();
      this.#miss(id);
    } else this.#keep({ kind: 'finish', id });
  }

  /** The stretch in progress was nothing. */
  clear(): void {
    if (this.#closed) return;
    if (this.#live === null) {
      this.#backlog.clear();
      this.#begin();
    } else this.#clear(this.#live);
  }

  /** Idempotent. Frees everything at once; nothing is told afterwards. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#reopening.close();
    this.#awaited.length = 0;
    this.#backlog.takeAll();
    this.#leave();
  }

  async #open(signal: AbortSignal): Promise<{ session: SpeechToTextSession; format: AudioFormat }> {
    const { port, context } = this.#options;
    const { inputFormats } = port.capabilities;
    const format = inputFormats.find((each) => sameFormat(each, this.#from)) ?? inputFormats[0];
    if (format === undefined) throw new CallError('listener_failed', 'it takes no format');
    return { session: await port.open({ ...context, format }, signal), format };
  }

  #attend(session: SpeechToTextSession, format: AudioFormat): void {
    if (this.#closed) {
      session.close();
      return;
    }
    const timeline = new ChunkTimeline(format);
    const live: Live = { session, format, timeline, converter: null, stretchStart: 0 };
    this.#live = live;
    for (const waiting of this.#backlog.takeAll()) {
      if (waiting.kind === 'audio') this.#give(live, waiting.bytes, waiting.format);
      else this.#finish(live, waiting.id);
    }
    void this.#consume(session);
    this.#options.onHearing();
  }

  async #consume(session: SpeechToTextSession): Promise<void> {
    const { events } = session;
    const take = (event: SpeechToTextEvent): boolean => this.#hear(session, event);
    try {
      if (events.consume !== undefined) await events.consume(take);
      else for await (const event of events) if (!take(event)) break;
      this.#lost(session, new CallError('backend_closed', 'it ended its session'));
    } catch (thrown) {
      this.#lost(session, asCallError(thrown, 'backend_protocol'));
    }
  }

  #give(live: Live, bytes: Uint8Array, from: AudioFormat): void {
    if (live.converter === null || !sameFormat(live.converter.from, from)) {
      live.converter?.converter.close();
      live.converter = { from, converter: createConverter(from, live.format) };
    }
    const converted = live.converter.converter.convert(bytes);
    if (converted.byteLength === 0) return;
    const nowMs = this.#options.context.clock.nowMs();
    const chunk = live.timeline.append(converted, nowMs);
    this.counts.audioMs += samplesToMs(chunk.samples, live.format.rateHz);
    live.session.push(chunk);
  }

  #finish(live: Live, id: string): void {
    const startMs = this.#stretchStartMs;
    const torn = this.#torn;
    this.#finishes += 1;
    if (torn) this.#miss(id);
    else {
      const [text, carried, split] = [this.#text, this.#carried, this.#split];
      this.#awaited.push({ finishId: this.#finishes, id, startMs, carried, split, text });
      if (this.#awaited.length > awaitedLimit) this.#miss(this.#awaited.shift()?.id ?? id);
    }
    this.#begin();
    live.stretchStart = live.timeline.endSample;
    live.session.finish(this.#finishes);
  }

  #clear(live: Live): void {
    this.#begin();
    live.stretchStart = live.timeline.endSample;
    live.session.clear();
  }

  #begin(): void {
    this.#text = '';
    this.#carried = '';
    this.#split = false;
    this.#torn = false;
  }

  /** @returns whether more of this session is wanted */
  #hear(session: SpeechToTextSession, event: SpeechToTextEvent): boolean {
    if (this.#live?.session !== session) return false;
    switch (event.type) {
      case 'partial':
        this.#partial(event.text, event.settled >= event.text.length, event.words ?? null);
        break;
      case 'eager_end':
      case 'end':
        this.#partial(event.text, event.type === 'end', null);
        this.#judge(event.type, event.probability);
        break;
      case 'resumed':
        this.#judge('resumed', 0);
        break;
      case 'final':
        this.#reopening.worked();
        this.#final(event);
        break;
      case 'usage':
        this.counts.chargedMs += event.audioMs;
        break;
      case 'failed':
        this.#lost(session, event.error);
        break;
      case 'speech.started':
    }
    return this.#isLive(session);
  }

  /** A method, because what was heard may end what the compiler believes open. */
  #isLive(session: SpeechToTextSession): boolean {
    return this.#live?.session === session;
  }

  /** Until the last word on a finished stretch has come, what comes is about that one. */
  #partial(said: string, settled: boolean, words: Recognised['words']): void {
    const startMs = this.#stretchStartMs;
    const isNew = (words?.[0]?.startMs ?? -1) >= startMs;
    const [stretch] = this.#awaited;
    if (stretch !== undefined && !isNew) {
      const text = joined(stretch.carried, said);
      if (text === stretch.text) return;
      stretch.text = text;
      this.#options.onMore(stretch.id, text, stretch.split ? null : placed(words, stretch.startMs));
      return;
    }
    const text = joined(this.#carried, said);
    if (text === this.#text && !settled) return;
    this.#text = text;
    const on = this.#split ? null : placed(words, startMs);
    this.#options.onText(text, settled && said !== '', on);
  }

  /** Where the stretch in progress begins on its session's audio, ms. */
  get #stretchStartMs(): number {
    const live = this.#live;
    return live === null ? 0 : samplesToMs(live.stretchStart, live.format.rateHz);
  }

  #judge(event: 'eager_end' | 'resumed' | 'end', probability: number): void {
    if (this.#awaited.length === 0) this.#options.onJudgement(event, probability);
  }

  #final({ finishId, text, words, complete }: SpeechToTextEvent & { type: 'final' }): void {
    const at = this.#awaited.findIndex((each) => each.finishId === finishId);
    if (at < 0) return;
    const [stretch] = this.#awaited.splice(at, 1);
    if (stretch === undefined) return;
    const { id, carried, split, startMs } = stretch;
    // Too late for anything to be known of it, which is not the same as that nothing was said.
    if (!complete && joined(carried, text) === '') {
      this.#miss(id);
      return;
    }
    const on = split || carried !== '' ? null : placed(words, startMs);
    this.#options.onFinal({ id, text: joined(carried, text), words: on });
  }

  #lost(session: SpeechToTextSession, error: CallError): void {
    if (this.#closed || this.#live?.session !== session) return;
    const { stretchStart, timeline } = this.#live;
    if (timeline.endSample > stretchStart) this.#split = true;
    this.#leave();
    this.#carried = this.#text;
    for (const { id } of this.#awaited.splice(0)) this.#miss(id);
    this.#reopening.lost(error);
    this.#options.onHearing();
  }

  #miss(id: string): void {
    this.counts.lost += 1;
    this.#options.onMissed(id);
  }

  #leave(): void {
    this.#live?.converter?.converter.close();
    this.#live?.session.close();
    this.#live = null;
  }

  #keep(waiting: Parameters<SideBacklog['push']>[0]): void {
    const dropped = this.#backlog.push(waiting);
    if (dropped === null) return;
    this.counts.droppedMs += dropped.audioMs;
    for (const id of dropped.ids) this.#miss(id);
    this.#text = '';
    this.#carried = '';
    this.#torn = true;
  }

  #failed(error: CallError, first: boolean): void {
    this.counts.failures += 1;
    const { log, callId } = this.#options.context;
    log.warn('listener.failed', { callId, code: error.code, reason: error.message });
    if (first) this.#options.onLost(error);
  }
}

/** Words of a session as words of a stretch that begins there. */
function placed(words: Recognised['words'], startMs: number): Recognised['words'] {
  if (words === null) return null;
  return words.map((word) => ({
    ...word,
    startMs: Math.max(0, word.startMs - startMs),
    endMs: Math.max(0, word.endMs - startMs),
  }));
}

function joined(before: string, text: string): string {
  return before === '' || text === '' ? before + text : `${before} ${text}`;
}
