import type { BackendPort } from '../../../src/ports/backend.ts';
import { asCallError, CallError } from '../../../src/ports/errors.ts';
import { capabilitiesOf, type CascadeParts } from './capabilities.ts';
import { zeroCounters } from './counters.ts';
import type { CascadeSettings } from './options.ts';
import { PhraseCache } from './phrase-cache.ts';
import { prepareParts } from './prepare-parts.ts';
import { CascadeSession } from './session.ts';
import type { ClauseOptions } from './text/clause.ts';
import { pronunciations } from './text/pronunciation.ts';
import { noStyles } from './text/style-tags.ts';
import { verbalise, type SpeakingOptions } from './text/verbalise.ts';

export { cascadeSettings, type CascadeSettings } from './options.ts';
export type { CascadeParts } from './capabilities.ts';

/** What a cascade is made with besides its settings and parts. */
export interface CascadeHost {
  /** 0 ≤ n < 1; spreads the waits before lost parts are had again. */
  readonly chance: () => number;
}

/** The language of text where none is configured. */
const defaultLanguage = 'en';

/**
 * Speech-to-text, a language model and text-to-speech as one backend. See docs/backends/cascade.md.
 *
 * @param name its name in the configuration
 * @param parts owned by the backend from now on: it closes them
 */
export function cascadeBackend(
  name: string,
  settings: CascadeSettings,
  parts: CascadeParts,
  { chance }: CascadeHost,
): BackendPort {
  const capabilities = capabilitiesOf(parts, settings);
  const counters = zeroCounters();
  const sessions = new Set<CascadeSession>();
  const closing = new AbortController();
  const language = settings.language ?? defaultLanguage;
  const clauses: ClauseOptions = { language, ...settings.clauses };
  const speaking = {
    language,
    dictionary: pronunciations(settings.pronunciations),
    voiceStyles: parts.tts.capabilities.styles,
  };
  const cache = new PhraseCache({
    port: parts.tts,
    phrases: settings.cachedPhrases,
    limitBytes: settings.cacheLimitBytes,
    clauses,
    speaking,
    counters,
  });
  const all = [parts.stt, parts.llm, parts.tts] as const;

  return {
    name,
    type: 'cascade',
    capabilities,
    prepare: async (signal) => {
      throwIfAborted(signal);
      practise(speaking);
      await prepareParts(parts, signal);
    },
    open: async (context, signal) => {
      try {
        const either = AbortSignal.any([signal, closing.signal]);
        throwIfAborted(either);
        const session = await CascadeSession.open(
          {
            context,
            parts,
            settings,
            clauses,
            speaking,
            cache,
            counters,
            chance,
            onClosed: (closed) => sessions.delete(closed),
          },
          either,
        );
        sessions.add(session);
        return session;
      } catch (thrown) {
        counters.opensRefused += 1;
        throw asCallError(thrown, 'backend_refused');
      }
    },
    figures: () => ({
      ...counters,
      ...ofPart('stt', parts.stt.figures()),
      ...ofPart('llm', parts.llm.figures()),
      ...ofPart('tts', parts.tts.figures()),
    }),
    close: async () => {
      closing.abort(new CallError('backend_closed', 'the backend is being closed'));
      for (const session of [...sessions]) session.close();
      cache.close();
      await Promise.all(all.map((part) => part.close()));
    },
  };
}

/**
 * Says a sentence to nobody: patterns are compiled when they are first used, which takes 50 to 100 ms
 * that no caller should wait for.
 */
function practise(speaking: SpeakingOptions): void {
  const text =
    'On 3/5/2026 at 3:30 p.m. the 2nd of 12 costs $4.50, 20% of AB-12, see tea@example.com.';
  for (let round = 0; round < 3; round += 1) {
    verbalise({ text, kind: 'paragraph' }, speaking, noStyles);
  }
}

/** Figures of a part under names of their own: `requests` of the model is `llmRequests`. */
function ofPart(
  part: string,
  figures: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(figures).map(([figure, value]) => [
      part + figure.charAt(0).toUpperCase() + figure.slice(1),
      value,
    ]),
  );
}

function throwIfAborted(signal: AbortSignal): void {
  if (!signal.aborted) return;
  throw new CallError('backend_refused', 'opening was given up', { cause: signal.reason });
}
