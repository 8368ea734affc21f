import type { Clock } from '../../../src/time/clock.ts';
import type { WordTime } from '../../../src/ports/conversation.ts';
import { asCallError, CallError } from '../../../src/ports/errors.ts';
import type { Logger } from '../../../src/ports/log.ts';
import type {
  TextToSpeechPort,
  TextToSpeechSession,
  UtteranceOptions,
} from '../../../src/ports/text-to-speech.ts';
import { consume } from './consume.ts';
import type { Counters } from './counters.ts';
import type { ClauseOptions } from './text/clause.ts';
import { openClauses, stepClauses } from './text/clause-splitter.ts';
import { noStyles } from './text/style-tags.ts';
import { verbalise, type SpeakingOptions } from './text/verbalise.ts';

/** What a voice made of a phrase. */
export interface CachedPhrase {
  readonly bytes: Uint8Array;
  /** Ms from its first sample; empty where the voice tells none. */
  readonly words: readonly WordTime[];
}

export interface PhraseCacheOptions {
  readonly port: TextToSpeechPort;
  readonly phrases: readonly string[];
  readonly limitBytes: number;
  readonly clauses: ClauseOptions;
  readonly speaking: SpeakingOptions;
  readonly counters: Counters;
}

/** Longest synthesis of one phrase, ms. */
const phraseLimitMs = 20_000;

/** What fixed phrases sound like, for each voice and format in use; bounded in bytes. */
export class PhraseCache {
  readonly #options: PhraseCacheOptions;
  /** Clauses of the phrases as they are said. */
  readonly #texts: readonly string[];
  readonly #kept = new Map<string, CachedPhrase>();
  /** Voices and formats that are filled, or being filled. */
  readonly #filled = new Set<string>();
  readonly #closing = new AbortController();

  constructor(options: PhraseCacheOptions) {
    const { phrases, clauses, speaking } = options;
    this.#options = options;
    const texts = phrases.flatMap((phrase) => spokenClauses(phrase, clauses, speaking));
    this.#texts = [...new Set(texts)];
  }

  get({ voice, language, format }: UtteranceOptions, spoken: string): CachedPhrase | null {
    return this.#kept.get(keyOf({ voice, language, format }, spoken)) ?? null;
  }

  /** Synthesises what is not there yet, beside everything else; faults are counted and logged. */
  fill(utterance: UtteranceOptions, clock: Clock, log: Logger): void {
    const key = keyOf(utterance, '');
    if (this.#texts.length === 0 || this.#filled.has(key) || this.#closing.signal.aborted) return;
    this.#filled.add(key);
    this.#fill(utterance, clock, log).catch((thrown: unknown) => {
      if (this.#closing.signal.aborted) return;
      // The next call that wants this voice tries again.
      this.#filled.delete(key);
      this.#options.counters.phrasesFailed += 1;
      log.warn('cascade.phrases_failed', { code: asCallError(thrown, 'backend_closed').code });
    });
  }

  /** Idempotent. */
  close(): void {
    this.#closing.abort(new CallError('backend_closed', 'the backend is being closed'));
    this.#kept.clear();
    this.#options.counters.phraseBytes = 0;
  }

  async #fill(utterance: UtteranceOptions, clock: Clock, log: Logger): Promise<void> {
    const { signal } = this.#closing;
    const session = await this.#options.port.open({ callId: 'phrases', clock, log }, signal);
    const close = (): void => session.close();
    signal.addEventListener('abort', close, { once: true });
    try {
      for (const text of this.#texts) {
        if (signal.aborted) return;
        if (this.get(utterance, text) !== null) continue;
        this.#keep(keyOf(utterance, text), await synthesise(session, utterance, text, clock));
      }
    } finally {
      signal.removeEventListener('abort', close);
      session.close();
    }
  }

  #keep(key: string, phrase: CachedPhrase): void {
    const { counters, limitBytes } = this.#options;
    if (this.#closing.signal.aborted) return;
    if (counters.phraseBytes + phrase.bytes.byteLength > limitBytes) {
      counters.phrasesFailed += 1;
      return;
    }
    this.#kept.set(key, phrase);
    counters.phrasesCached += 1;
    counters.phraseBytes += phrase.bytes.byteLength;
  }
}

function keyOf({ voice, language, format }: UtteranceOptions, spoken: string): string {
  return JSON.stringify([voice, language, format.codec, format.rateHz, spoken]);
}

/** The clauses of a phrase, as an answer that begins with it is cut, as they are said. */
function spokenClauses(
  phrase: string,
  options: ClauseOptions,
  speaking: SpeakingOptions,
): readonly string[] {
  const written = stepClauses(openClauses(), { type: 'delta', text: phrase }, 0, options);
  const rest = stepClauses(written.state, { type: 'end' }, 0, options);
  let open = noStyles;
  return [...written.clauses, ...rest.clauses].flatMap((clause) => {
    const spoken = verbalise(clause, speaking, open);
    open = spoken.open;
    return spoken.text.trim() === '' || spoken.styles.length > 0 ? [] : [spoken.text];
  });
}

/** Rejects with the voice's fault, or after 20 s. */
async function synthesise(
  session: TextToSpeechSession,
  options: UtteranceOptions,
  text: string,
  clock: Clock,
): Promise<CachedPhrase> {
  const utterance = session.speak(options);
  const heard = { done: false, overdue: false };
  const timer = clock.timerAt(clock.nowMs() + phraseLimitMs, () => {
    heard.overdue = true;
    utterance.cancel();
  });
  const pieces: Uint8Array[] = [];
  const words: WordTime[] = [];
  utterance.say({ pieceId: 0, text, styles: [], flush: true });
  utterance.end();
  try {
    await consume(utterance.events, (event) => {
      if (event.type === 'failed') throw event.error;
      if (event.type === 'audio') pieces.push(event.bytes);
      if (event.type === 'words') words.push(...event.words);
      heard.done = event.type === 'done';
      return !heard.done;
    });
  } finally {
    timer.cancel();
  }
  if (!heard.done) {
    throw heard.overdue
      ? new CallError('backend_stalled', `no end within ${phraseLimitMs} ms`)
      : new CallError('backend_closed', 'the voice stopped without a word');
  }
  return { bytes: new Uint8Array(Buffer.concat(pieces)), words };
}
