import { z } from 'zod';
import type { AudioFormat } from '../../../src/audio/format.ts';
import type { SttStandInOptions } from './options.ts';
import type { StandInWord } from './recogniser.ts';
import { keyBehind, startStandIn, type SessionMade, type SttStandIn } from './server.ts';
import { StandInSession, typed, Violation, written } from './session.ts';

const format = z.union([
  z.strictObject({ type: z.literal('audio/pcm'), rate: z.literal(24_000) }),
  z.strictObject({ type: z.enum(['audio/pcmu', 'audio/pcma']) }),
]);
const update = z.strictObject({
  type: z.literal('session.update'),
  event_id: z.string().optional(),
  session: z.strictObject({
    type: z.literal('transcription'),
    include: z.array(z.string()).optional(),
    audio: z.strictObject({
      input: z.strictObject({
        format: format.optional(),
        noise_reduction: z.strictObject({ type: z.string() }).nullish(),
        turn_detection: z.null(),
        transcription: z.strictObject({
          model: z.string(),
          language: z.string().optional(),
          prompt: z.string().optional(),
          keywords: z.array(z.string()).optional(),
        }),
      }),
    }),
  }),
});

/** Less cannot be committed, ms. */
const leastMs = 100;
/** Samples a second of every PCM that it takes. */
const pcmRateHz = 24_000;

/** OpenAI's Realtime sessions that only transcribe. */
export function startTranscriptionStandIn(options: SttStandInOptions = {}): Promise<SttStandIn> {
  return startStandIn(
    {
      urlPath: '/v1/realtime',
      key: keyBehind('Bearer'),
      refusal: ({ pathname, searchParams: query }) => {
        if (pathname !== '/v1/realtime') return { status: 404, said: 'no such path' };
        if (query.get('intent') === 'transcription' && !query.has('model')) return null;
        return { status: 400, said: 'exactly one of model, call_id, intent' };
      },
      session: (made) => new TranscriptionStandInSession(made),
    },
    { idleMs: 3_600_000, ...options },
  );
}

class TranscriptionStandInSession extends StandInSession {
  #configured = false;
  #isLive = false;
  #startMs = 0;
  #items = 0;
  #events = 0;
  /** Words of the open item that a live model has written. */
  #told = 0;
  #lastItem: string | null = null;

  constructor(made: SessionMade) {
    super(made);
    if (this.wrong('open')) return;
    const session = { type: 'transcription', object: 'realtime.transcription_session', id: 's' };
    this.#event({ type: 'session.created', session });
  }

  protected get settledMs(): number {
    return this.#startMs;
  }

  protected heard(): void {
    if (!this.#isLive) return;
    const words = this.wordsFrom(this.#startMs);
    this.#write(this.#itemId(this.#items + 1), words.slice(this.#told), this.#told > 0);
    this.#told = words.length;
  }

  protected text(message: string): void {
    const event = typed(message);
    switch (event.type) {
      case 'session.update':
        this.#update(event);
        return;
      case 'input_audio_buffer.append': {
        const audio = event['audio'];
        const isBase64 = typeof audio === 'string' && /^[A-Za-z0-9+/]*={0,2}$/.test(audio);
        if (!isBase64 || audio.length % 4 !== 0) throw new Violation('invalid base64');
        this.hear(Buffer.from(audio, 'base64'));
        return;
      }
      case 'input_audio_buffer.commit':
        this.flushes += 1;
        if (!this.wrong('flush')) this.#commit();
        return;
      case 'input_audio_buffer.clear':
        this.#startMs = this.positionMs;
        this.#told = 0;
        this.#event({ type: 'input_audio_buffer.cleared' });
        return;
      default:
        throw new Violation(`unknown event '${event.type}'`);
    }
  }

  protected expired(): void {
    this.#error('session_expired', 'Your session hit the maximum duration.');
    this.close(1000, '');
  }

  protected idle(): void {
    this.close(1000, 'idle');
  }

  protected broken({ message }: Violation): void {
    this.#error('invalid_value', message);
  }

  #update(event: object): void {
    const parsed = update.safeParse(event);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      throw new Violation(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
    }
    const { input } = parsed.data.session.audio;
    const { model, prompt } = input.transcription;
    if (prompt !== undefined && model.startsWith('gpt-realtime-whisper')) {
      throw new Violation('prompt is not supported by this model');
    }
    this.#isLive = /live|realtime-whisper/.test(model);
    if (!this.#configured) this.takes(formatOf(input.format));
    this.#configured = true;
    this.#event({ type: 'session.updated', session: parsed.data.session });
  }

  #commit(): void {
    if (this.positionMs - this.#startMs < leastMs) {
      this.#error('input_audio_buffer_commit_empty', 'The buffer is too small.');
      return;
    }
    this.ear?.flush();
    this.#items += 1;
    const id = this.#itemId(this.#items);
    const words = this.wordsFrom(this.#startMs);
    const seconds = (this.positionMs - this.#startMs) / 1000;
    this.#event({
      type: 'input_audio_buffer.committed',
      item_id: id,
      previous_item_id: this.#lastItem,
    });
    const item = { id, type: 'message', role: 'user', content: [{ type: 'input_audio' }] };
    this.#event({ type: 'conversation.item.added', previous_item_id: this.#lastItem, item });
    this.#lastItem = id;
    this.#write(id, words.slice(this.#told), this.#told > 0);
    this.tellSettled({
      ...this.#named('conversation.item.input_audio_transcription.completed'),
      item_id: id,
      content_index: 0,
      transcript: written(words),
      usage: { type: 'duration', seconds },
    });
    this.#startMs = this.positionMs;
    this.#told = 0;
  }

  #write(id: string, words: readonly StandInWord[], isMore: boolean): void {
    for (const [place, { text }] of words.entries()) {
      this.tell({
        ...this.#named('conversation.item.input_audio_transcription.delta'),
        item_id: id,
        content_index: 0,
        delta: isMore || place > 0 ? ` ${text}` : text,
      });
    }
  }

  #itemId(ordinal: number): string {
    return `item_${this.made.ordinal}_${ordinal}`;
  }

  #error(code: string, message: string): void {
    this.#event({ type: 'error', error: { type: 'invalid_request_error', code, message } });
  }

  #event(event: { readonly type: string } & Record<string, unknown>): void {
    this.say({ event_id: `event_${(this.#events += 1)}`, ...event });
  }

  #named(type: string): { readonly event_id: string; readonly type: string } {
    return { event_id: `event_${(this.#events += 1)}`, type };
  }
}

function formatOf(wire: z.output<typeof format> | undefined): AudioFormat {
  if (wire === undefined || wire.type === 'audio/pcm') return { codec: 'pcm16', rateHz: pcmRateHz };
  return { codec: wire.type === 'audio/pcmu' ? 'pcmu' : 'pcma', rateHz: 8000 };
}
