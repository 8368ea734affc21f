import { z } from 'zod';
import { CallError } from '../../../../src/ports/errors.ts';
import type { SpeechToTextContext } from '../../../../src/ports/speech-to-text.ts';
import { withoutSecrets } from '../../../shared/secrets.ts';
import type { SttDialect, SttWire, WireEvent } from '../shared/dialect.ts';
import { malformed, parseObject, timedWords } from '../shared/words.ts';
import { usualFlux, type DeepgramSttOptions } from './options.ts';
import { deepgramFormats, keyHeader, listenAddress } from './request.ts';

const turnInfo = z.object({
  event: z.string(),
  turn_index: z.number(),
  audio_window_start: z.number(),
  audio_window_end: z.number(),
  transcript: z.string(),
  words: z.array(
    z.object({
      word: z.string(),
      confidence: z.number().optional(),
      start: z.number().optional(),
      end: z.number().optional(),
    }),
  ),
  end_of_turn_confidence: z.number(),
  trigger: z.string().optional(),
});
const fatal = z.object({ code: z.string(), description: z.string().optional() });

/** Messages that mean nothing here. */
const passedOver: ReadonlySet<string> = new Set(['ConfigureSuccess', 'ConfigureFailure']);
/** Of a server that does not take what it was sent. */
const unparsable = 'UNPARSABLE_CLIENT_MESSAGE';
/** Codes after which the same again would end the same way. */
const finalCode = /UNPARSABLE|INVALID|BAD_REQUEST|FORBIDDEN|UNAUTHORIZED/;

/** Whether this vendor's servers take `ForceEndTurn`: they say no by closing. */
interface Forcing {
  allowed: boolean;
}

/** The protocol of Flux, `/v2/listen`. */
export function fluxDialect(options: DeepgramSttOptions): SttDialect {
  const { url } = options;
  const {
    eotThreshold = usualFlux.eotThreshold,
    eagerEotThreshold = usualFlux.eagerEotThreshold,
    eotTimeoutMs = usualFlux.eotTimeoutMs,
    forceEndTurn = usualFlux.forceEndTurn,
  } = options;
  const forcing: Forcing = { allowed: forceEndTurn };
  const eager = Math.min(eagerEotThreshold, eotThreshold);
  return {
    type: 'deepgram',
    capabilities: {
      partials: true,
      turnEvents: true,
      wordTimes: true,
      finish: forceEndTurn ? 'flush' : 'wait',
      inputFormats: deepgramFormats,
      sessionCapMs: null,
    },
    quietMs: 700,
    // Two of its frames, rounded up.
    slackMs: 170,
    leastMs: 0,
    keepAliveMs: 4000,
    request: (context, secret) => {
      const { model, language } = modelOf(options, context);
      return {
        url: listenAddress(url, 'v2', context.format, {
          model,
          eot_threshold: String(eotThreshold),
          eager_eot_threshold: eager === 0 ? null : String(eager),
          eot_timeout_ms: String(eotTimeoutMs),
          language_hint: language,
          keyterm: [...options.keyTerms, ...context.keyTerms],
        }),
        headers: keyHeader(secret),
      };
    },
    wire: (_context, secret) => fluxWire(secret, forcing),
  };
}

/** `flux` alone is the English one for English and where no language is told. */
function modelOf(
  options: DeepgramSttOptions,
  context: SpeechToTextContext,
): { readonly model: string; readonly language: string | null } {
  const language = (context.language ?? options.language)?.split('-')[0] ?? null;
  const isEnglish = language === null || language === 'en';
  const model =
    options.model === 'flux' ? `flux-general-${isEnglish ? 'en' : 'multi'}` : options.model;
  return { model, language: model.endsWith('multi') ? language : null };
}

function fluxWire(secret: string | null, forcing: Forcing): SttWire {
  const turns = new FluxTurns();
  return {
    readyWhenOpen: false,
    decode: (message) => {
      const raw = parseObject(message);
      switch (raw['type']) {
        case 'Connected':
          return [{ type: 'ready' }];
        case 'TurnInfo': {
          const parsed = turnInfo.safeParse(raw);
          if (!parsed.success) throw malformed('TurnInfo', parsed.error.issues[0]?.path ?? []);
          return turns.take(parsed.data);
        }
        case 'Error':
          return [broken(raw, secret, forcing)];
        default:
          if (typeof raw['type'] !== 'string') throw malformed('message', ['type']);
          return [{ type: 'passed', known: passedOver.has(raw['type']) }];
      }
    },
    audioText: () => null,
    flush: () => (forcing.allowed ? '{"type":"ForceEndTurn"}' : null),
    clear: null,
    // It has no word for that: 10 s without audio would end the connection.
    keepAlive: { by: 'silence' },
  };
}

function broken(
  raw: Readonly<Record<string, unknown>>,
  secret: string | null,
  forcing: Forcing,
): WireEvent {
  const parsed = fatal.safeParse(raw);
  if (!parsed.success) throw malformed('Error', parsed.error.issues[0]?.path ?? []);
  const { code, description = 'no reason was given' } = parsed.data;
  const said = withoutSecrets(`${code}: ${description}`, secret);
  const error = new CallError('backend_refused', `the upstream said ${said}`);
  if (code === unparsable && forcing.allowed) {
    // Its turns cannot be ended from outside here: from now on the end is waited for.
    forcing.allowed = false;
    return { type: 'broken', error, retryable: true };
  }
  return { type: 'broken', error, retryable: !finalCode.test(code) };
}

/** Which turn is going on. */
class FluxTurns {
  #endedIndex = -1;
  #inTurn = false;

  take(info: z.output<typeof turnInfo>): readonly WireEvent[] {
    const { event, turn_index: index, transcript: text, end_of_turn_confidence } = info;
    const probability = Math.min(1, Math.max(0, end_of_turn_confidence));
    // An end may come twice; nothing of an ended turn is news.
    if (index <= this.#endedIndex) return [{ type: 'passed', known: true }];
    const isEnd = event === 'EndOfTurn';
    const events: WireEvent[] = [];
    if (event === 'StartOfTurn') events.push({ type: 'speech' });
    this.#inTurn = !isEnd && (this.#inTurn || event === 'StartOfTurn' || text !== '');
    const untilMs = info.audio_window_end * 1000;
    if (this.#inTurn || isEnd) {
      const startMs = info.audio_window_start * 1000;
      const words = timedWords(info.words);
      const shared = { key: null, text, words, startMs, endMs: untilMs };
      events.push({ type: 'segment', ...shared, settled: isEnd });
    }
    if (event === 'EagerEndOfTurn') events.push({ type: 'turn', event: 'eager_end', probability });
    if (event === 'TurnResumed') events.push({ type: 'turn', event: 'resumed', probability });
    if (isEnd) {
      this.#endedIndex = index;
      if (info.trigger === 'manual') events.push({ type: 'flushed', untilMs: null });
      else events.push({ type: 'turn', event: 'end', probability });
    }
    events.push({ type: 'heard', untilMs });
    return events;
  }
}
