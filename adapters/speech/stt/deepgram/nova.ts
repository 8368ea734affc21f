import { z } from 'zod';
import { CallError } from '../../../../src/ports/errors.ts';
import type { SpeechToTextContext } from '../../../../src/ports/speech-to-text.ts';
import { withoutSecrets } from '../../../shared/secrets.ts';
import type { SttDialect, SttWire, WireEvent } from '../shared/dialect.ts';
import { malformed, parseObject, timedWords } from '../shared/words.ts';
import { usualNova, type DeepgramSttOptions } from './options.ts';
import { deepgramFormats, keyHeader, listenAddress } from './request.ts';

const word = z.object({
  word: z.string(),
  punctuated_word: z.string().optional(),
  start: z.number(),
  end: z.number(),
  confidence: z.number().optional(),
});
const results = z.object({
  start: z.number(),
  duration: z.number(),
  is_final: z.boolean().optional(),
  from_finalize: z.boolean().optional(),
  channel: z.object({
    alternatives: z.array(z.object({ transcript: z.string(), words: z.array(word) })).min(1),
  }),
});
const errorMessage = z.object({
  description: z.string().optional(),
  message: z.string().optional(),
});

/** Messages that mean nothing here. */
const passedOver: ReadonlySet<string> = new Set(['Metadata', 'UtteranceEnd']);

/** The protocol of Nova and its predecessors, `/v1/listen`. */
export function novaDialect(options: DeepgramSttOptions): SttDialect {
  const { model, url } = options;
  const { endpointingMs = usualNova.endpointingMs, smartFormat = usualNova.smartFormat } = options;
  const isNova3 = model.startsWith('nova-3');
  return {
    type: 'deepgram',
    capabilities: {
      partials: true,
      turnEvents: false,
      wordTimes: true,
      finish: 'flush',
      inputFormats: deepgramFormats,
      sessionCapMs: null,
    },
    quietMs: 700,
    slackMs: 100,
    leastMs: 0,
    // It closes after 10 s without audio or a word that it should not.
    keepAliveMs: 4000,
    request: (context, secret) => ({
      url: listenAddress(url, 'v1', context.format, {
        model,
        channels: '1',
        interim_results: 'true',
        vad_events: 'true',
        punctuate: 'true',
        smart_format: String(smartFormat),
        endpointing: endpointingMs === 0 ? 'false' : String(endpointingMs),
        language: languageOf(options, context, isNova3),
        [isNova3 ? 'keyterm' : 'keywords']: [...options.keyTerms, ...context.keyTerms],
      }),
      headers: keyHeader(secret),
    }),
    wire: (_context, secret) => novaWire(secret),
  };
}

function languageOf(
  options: DeepgramSttOptions,
  context: SpeechToTextContext,
  isNova3: boolean,
): string | null {
  return context.language ?? options.language ?? (isNova3 ? 'multi' : null);
}

function novaWire(secret: string | null): SttWire {
  return {
    readyWhenOpen: true,
    decode: (message) => decode(message, secret),
    audioText: () => null,
    flush: () => '{"type":"Finalize"}',
    clear: null,
    keepAlive: { by: 'text', text: '{"type":"KeepAlive"}' },
  };
}

function decode(message: Buffer, secret: string | null): readonly WireEvent[] {
  const raw = parseObject(message);
  const { type } = raw;
  if (type === 'SpeechStarted') return [{ type: 'speech' }];
  if (type === 'Error') {
    const { description, message: text } = errorMessage.parse(raw);
    const said = withoutSecrets(description ?? text ?? 'no reason was given', secret);
    const error = new CallError('backend_refused', `the upstream said: ${said}`);
    return [{ type: 'broken', error, retryable: true }];
  }
  if (type !== 'Results') {
    if (typeof type !== 'string') throw malformed('message', ['type']);
    return [{ type: 'passed', known: passedOver.has(type) }];
  }
  const parsed = results.safeParse(raw);
  if (!parsed.success) throw malformed('Results', parsed.error.issues[0]?.path ?? []);
  const { start, duration, is_final: settled = false, from_finalize, channel } = parsed.data;
  const { transcript: text, words } = channel.alternatives[0]!;
  const startMs = start * 1000;
  const endMs = (start + duration) * 1000;
  const events: WireEvent[] = [];
  if (text !== '' || settled) {
    const timed = timedWords(words);
    events.push({ type: 'segment', key: null, text, words: timed, startMs, endMs, settled });
  }
  if (settled) events.push({ type: 'heard', untilMs: endMs });
  if (from_finalize === true) events.push({ type: 'flushed', untilMs: endMs });
  return events;
}
