import { z } from 'zod';
import { CallError } from '../../../../src/ports/errors.ts';
import { withoutSecrets } from '../../../shared/secrets.ts';
import type { WireEvent } from '../shared/dialect.ts';
import { malformed, parseObject } from '../shared/words.ts';

const item = z.object({ item_id: z.string() });
const delta = item.extend({ delta: z.string().optional() });
const completed = item.extend({ transcript: z.string() });
const errorEvent = z.object({
  error: z.object({
    type: z.string().optional(),
    code: z.string().nullish(),
    message: z.string().optional(),
  }),
});

/** Transcripts under way that are remembered (a count). */
const itemLimit = 64;

/** Events that mean nothing here. */
const passedOver: ReadonlySet<string> = new Set([
  'input_audio_buffer.cleared',
  'input_audio_buffer.speech_started',
  'input_audio_buffer.speech_stopped',
  'conversation.item.added',
  'conversation.item.created',
  'conversation.item.done',
  'conversation.item.input_audio_transcription.segment',
  'rate_limits.updated',
]);
/** Codes by which a session ends, and another one helps. */
const endingCodes: ReadonlySet<string> = new Set(['session_expired', 'server_error']);
const transcription = 'conversation.item.input_audio_transcription.';

/** Reads the events of one session, from its beginning. */
export class TranscriptionDecoder {
  readonly #update: string;
  readonly #secret: string | null;
  /** Words so far by item. */
  readonly #texts = new Map<string, string>();
  readonly #completed = new Set<string>();
  #ready = false;

  /** @param update what the session is set up with */
  constructor(update: string, secret: string | null) {
    this.#update = update;
    this.#secret = secret;
  }

  /** @throws CallError `backend_protocol` when it is malformed; the message quotes nothing of it */
  decode(message: Buffer): readonly WireEvent[] {
    const raw = parseObject(message);
    const { type } = raw;
    switch (type) {
      case 'session.created':
      case 'transcription_session.created':
        return [{ type: 'reply', text: this.#update }];
      case 'session.updated':
      case 'transcription_session.updated':
        this.#ready = true;
        return [{ type: 'ready' }];
      case 'input_audio_buffer.committed':
        return [{ type: 'named', key: read(item, raw, type).item_id }];
      case `${transcription}delta`: {
        const { item_id: key, delta: words = '' } = read(delta, raw, type);
        return this.#written(key, words);
      }
      case `${transcription}completed`: {
        const { item_id: key, transcript } = read(completed, raw, type);
        return this.#complete(key, transcript);
      }
      case `${transcription}failed`: {
        const { item_id: key } = read(item, raw, type);
        this.#texts.delete(key);
        return [
          { type: 'warning', code: 'transcription_failed' },
          { type: 'through', key, ok: false },
        ];
      }
      case 'error':
        return [this.#error(read(errorEvent, raw, type).error)];
      default:
        if (typeof type !== 'string') throw malformed('event', ['type']);
        return [{ type: 'passed', known: passedOver.has(type) }];
    }
  }

  #written(key: string, words: string): readonly WireEvent[] {
    if (this.#completed.has(key)) return [{ type: 'passed', known: true }];
    const text = (this.#texts.get(key) ?? '') + words;
    this.#texts.set(key, text);
    const [oldest] = this.#texts.keys();
    if (this.#texts.size > itemLimit && oldest !== undefined) this.#texts.delete(oldest);
    return [segment(key, text, false)];
  }

  #complete(key: string, transcript: string): readonly WireEvent[] {
    this.#texts.delete(key);
    if (this.#completed.has(key)) return [{ type: 'passed', known: true }];
    this.#completed.add(key);
    const [oldest] = this.#completed;
    if (this.#completed.size > itemLimit && oldest !== undefined) this.#completed.delete(oldest);
    return [segment(key, transcript, true), { type: 'through', key, ok: true }];
  }

  #error(said: z.output<typeof errorEvent>['error']): WireEvent {
    const code = withoutSecrets(said.code ?? said.type ?? 'unknown_error', this.#secret);
    const message = withoutSecrets(said.message ?? 'no reason was given', this.#secret);
    // There was nothing in the buffer that we believed to have filled.
    if (code === 'input_audio_buffer_commit_empty') return { type: 'flushed', untilMs: null };
    const isBusy = /rate_limit|overloaded|capacity/.test(code);
    const isEnding = endingCodes.has(code);
    if (this.#ready && !isEnding) return { type: 'warning', code };
    const ours = isBusy ? 'backend_overloaded' : 'backend_refused';
    const error = new CallError(ours, `the upstream said ${code}: ${message}`);
    return { type: 'broken', error, retryable: isBusy || isEnding };
  }
}

function segment(key: string, text: string, settled: boolean): WireEvent {
  return { type: 'segment', key, text, words: null, startMs: null, endMs: null, settled };
}

function read<Shape extends z.ZodType>(
  shape: Shape,
  raw: Readonly<Record<string, unknown>>,
  name: string,
): z.output<Shape> {
  const parsed = shape.safeParse(raw);
  if (!parsed.success) throw malformed(name, parsed.error.issues[0]?.path ?? []);
  return parsed.data;
}
