import {
  bytesPerSample,
  pcm24k,
  sameFormat,
  samplesToMs,
  type AudioFormat,
} from '../audio/format.ts';
import type { AgentDefinition, VoiceDeclaration } from '../ports/agent.ts';
import type { WordTime } from '../ports/conversation.ts';
import { asCallError, CallError } from '../ports/errors.ts';
import type { Logger } from '../ports/log.ts';
import { defaultPhrases, type CallPhrases, type SpokenPhrase } from '../ports/phrases.ts';
import type { TextToSpeechPort, TextToSpeechSession } from '../ports/text-to-speech.ts';
import { backendsOf } from '../routing/route.ts';
import type { Clock } from '../time/clock.ts';
import { stableText } from './stable-text.ts';

/** It comes with the program. */
const localVoice: VoiceDeclaration = { type: 'flite', options: {} };
/** Sentences of all agents together (a count); more are not made. */
const sentenceLimit = 1000;
/** Longest sentence, ms; what is longer is not kept. */
const longestMs = 30_000;
/** Longest time that a voice may take over one, ms. */
const patienceMs = 60_000;

export interface SpokenPhrasesOptions {
  /** Throws `CallError` where it cannot be made. */
  readonly create: (voice: VoiceDeclaration) => TextToSpeechPort;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What an agent has said without a backend. */
interface Wanted {
  readonly voice: VoiceDeclaration;
  readonly holdAfterMs: number;
  readonly holding: readonly string[];
  readonly last: string | null;
}

/**
 * Sentences that are said when no backend can: made once, when a configuration comes into force, by a
 * voice that is let go afterwards. No call waits for them.
 */
export class SpokenPhrases {
  readonly #options: SpokenPhrasesOptions;
  readonly #stop = new AbortController();
  /** By voice and text. */
  readonly #kept = new Map<string, SpokenPhrase>();
  #making: Promise<void> = Promise.resolve();

  constructor(options: SpokenPhrasesOptions) {
    this.#options = options;
  }

  /** Resolves when everything asked for is there or has failed; never rejects. */
  get made(): Promise<void> {
    return this.#making;
  }

  /** Sentences at hand (a count). */
  get size(): number {
    return this.#kept.size;
  }

  /** What these agents say is made, what no other one says any more is forgotten. */
  configure(agents: readonly AgentDefinition[]): void {
    const voices = new Map<string, { voice: VoiceDeclaration; texts: Set<string> }>();
    for (const { voice, holding, last } of agents.map(wantedOf)) {
      const key = stableText(voice);
      const texts = voices.get(key)?.texts ?? new Set();
      for (const text of [...holding, ...(last === null ? [] : [last])]) texts.add(text);
      voices.set(key, { voice, texts });
    }
    const keys = new Set(
      [...voices.values()].flatMap(({ voice, texts }) =>
        [...texts].map((text) => keyOf(voice, text)),
      ),
    );
    for (const key of this.#kept.keys()) if (!keys.has(key)) this.#kept.delete(key);
    // One after the other: they are in no hurry, and the calls are.
    this.#making = this.#making.then(async () => {
      for (const { voice, texts } of voices.values()) await this.#makeAll(voice, texts);
    });
  }

  /** What a call of this agent can say; looked up when it is said. */
  of(agent: AgentDefinition): CallPhrases | null {
    const { voice, holdAfterMs, holding, last } = wantedOf(agent);
    if (holding.length === 0 && last === null) return null;
    const find = (text: string): SpokenPhrase | null => this.#kept.get(keyOf(voice, text)) ?? null;
    let said = 0;
    return {
      holdAfterMs,
      holding: () => {
        const text = holding[said % holding.length];
        said += 1;
        return text === undefined ? null : find(text);
      },
      last: () => (last === null ? null : find(last)),
    };
  }

  /** Resolves when nothing is being made any more. Idempotent. */
  async close(): Promise<void> {
    this.#stop.abort(new CallError('server_draining', 'The server is shutting down.'));
    await this.#making;
    this.#kept.clear();
  }

  async #makeAll(voice: VoiceDeclaration, texts: ReadonlySet<string>): Promise<void> {
    const { create, log } = this.#options;
    const { signal } = this.#stop;
    const missing = [...texts].filter((text) => !this.#kept.has(keyOf(voice, text)));
    const room = Math.max(0, sentenceLimit - this.#kept.size);
    if (missing.length > room) log.warn('phrases.too_many', { limit: sentenceLimit });
    if (missing.length === 0 || signal.aborted) return;
    let port: TextToSpeechPort | null = null;
    try {
      port = create(voice);
      await this.#makeWith(port, voice, missing.slice(0, room));
    } catch (thrown) {
      if (this.#stop.signal.aborted) return;
      const reason = asCallError(thrown, 'model_unavailable').message;
      log.warn('phrases.not_made', { voice: voice.type, reason });
    } finally {
      await port?.close().catch(() => undefined);
    }
  }

  async #makeWith(
    port: TextToSpeechPort,
    voice: VoiceDeclaration,
    texts: readonly string[],
  ): Promise<void> {
    const { clock, log } = this.#options;
    const { signal } = this.#stop;
    await port.prepare(signal);
    const session = await port.open({ callId: 'phrases', clock, log }, signal);
    const close = (): void => session.close();
    signal.addEventListener('abort', close, { once: true });
    try {
      const { outputFormats } = port.capabilities;
      const format =
        outputFormats.find((one) => sameFormat(one, pcm24k)) ?? outputFormats[0] ?? pcm24k;
      for (const text of texts) {
        const phrase = await spoken(session, text, format, clock);
        if (!signal.aborted) this.#kept.set(keyOf(voice, text), phrase);
      }
    } finally {
      signal.removeEventListener('abort', close);
      session.close();
    }
  }
}

function keyOf(voice: VoiceDeclaration, text: string): string {
  return stableText([voice, text]);
}

/** Without a word about it only agents that have another backend say anything. */
function wantedOf(agent: AgentDefinition): Wanted {
  const { holdAfterMs, holdingPhrases, lastWords, voice } = agent.handover ?? {};
  const several = backendsOf(agent).length > 1;
  return {
    voice: voice ?? localVoice,
    holdAfterMs: holdAfterMs ?? defaultPhrases.holdAfterMs,
    holding: several ? (holdingPhrases ?? defaultPhrases.holding) : [],
    last: lastWords === undefined ? (several ? defaultPhrases.last : null) : lastWords,
  };
}

/** Rejects with the voice's fault, or when it takes too long or says too much. */
async function spoken(
  session: TextToSpeechSession,
  text: string,
  format: AudioFormat,
  clock: Clock,
): Promise<SpokenPhrase> {
  const utterance = session.speak({ voice: null, language: null, format });
  const pieces: Uint8Array[] = [];
  const words: WordTime[] = [];
  const state = { done: false, lengthBytes: 0 };
  const timer = clock.timerAt(clock.nowMs() + patienceMs, () => utterance.cancel());
  utterance.say({ pieceId: 0, text, styles: [], flush: true });
  utterance.end();
  const bytesPerMs = (format.rateHz * bytesPerSample(format.codec)) / 1000;
  try {
    for await (const event of utterance.events) {
      if (event.type === 'failed') throw event.error;
      if (event.type === 'words') words.push(...event.words);
      if (event.type === 'audio') {
        pieces.push(event.bytes.slice());
        state.lengthBytes += event.bytes.byteLength;
      }
      state.done = event.type === 'done';
      if (state.done || state.lengthBytes > longestMs * bytesPerMs) break;
    }
  } finally {
    timer.cancel();
    utterance.cancel();
  }
  if (!state.done) {
    throw new CallError('backend_stalled', 'a sentence is too long, or took too long');
  }
  const bytes = new Uint8Array(Buffer.concat(pieces));
  const durationMs = samplesToMs(bytes.byteLength / bytesPerSample(format.codec), format.rateHz);
  return { text, format, bytes, words: words.length > 0 ? words : evenly(text, durationMs) };
}

/** Words by their length, where the voice does not say when it says them. */
function evenly(text: string, durationMs: number): readonly WordTime[] {
  const perCharMs = durationMs / Math.max(1, text.length);
  return [...text.matchAll(/\S+/gu)].map(({ 0: word, index }) => ({
    text: word,
    startMs: index * perCharMs,
    endMs: (index + word.length) * perCharMs,
  }));
}
