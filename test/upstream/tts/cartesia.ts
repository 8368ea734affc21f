import type { Timer } from '../../../src/time/clock.ts';
import type { VoiceStandInOptions } from './options.ts';
import { Player } from './player.ts';
import {
  checkFields,
  startVoiceStandIn,
  WireViolation,
  type StandInLine,
  type StandInProtocol,
  type StandInVendor,
  type VoiceStandIn,
} from './server.ts';

const rates = [8000, 16_000, 22_050, 24_000, 44_100, 48_000];

const vendor: StandInVendor = {
  path: '/tts/websocket',
  idleMs: () => 300_000,
  goodbye: { code: 1000, reason: 'idle' },
  keyOf: ({ authorization }) => authorization?.replace(/^Bearer /, ''),
  refusal: ({ pathname }, headers) => {
    if (pathname !== '/tts/websocket') return pathname;
    return headers['cartesia-version'] === undefined ? 'cartesia-version is missing' : null;
  },
  complain: (line, reason) => {
    line.send({ type: 'error', done: true, status_code: 400, title: reason, message: reason });
  },
  open: (line) => new CartesiaProtocol(line),
};

/** A stand-in for Cartesia's WebSocket. */
export function startCartesiaStandIn(options: VoiceStandInOptions = {}): Promise<VoiceStandIn> {
  return startVoiceStandIn(vendor, options);
}

interface Context {
  readonly player: Player;
  /** All fields that must stay the same. */
  readonly frozen: string;
  isLast: boolean;
  isCancelled: boolean;
  expiry: Timer | null;
}

class CartesiaProtocol implements StandInProtocol {
  readonly #line: StandInLine;
  readonly #contexts = new Map<string, Context>();
  readonly #over = new Set<string>();

  constructor(line: StandInLine) {
    this.#line = line;
  }

  get working(): number {
    return this.#contexts.size;
  }

  take(message: Readonly<Record<string, unknown>>): void {
    if (message['cancel'] === true) {
      checkFields(message, { context_id: 'string', cancel: 'boolean' });
      this.#cancel(message['context_id'] as string);
      return;
    }
    checkFields(
      message,
      {
        context_id: 'string',
        model_id: 'string',
        transcript: 'string',
        voice: 'object',
        output_format: 'object',
      },
      {
        continue: 'boolean',
        flush: 'boolean',
        language: 'string',
        add_timestamps: 'boolean',
        generation_config: 'object',
        max_buffer_delay_ms: 'number',
      },
    );
    this.#generate(message);
  }

  end(): void {
    for (const { expiry, player } of this.#contexts.values()) {
      player.stop();
      expiry?.cancel();
    }
    this.#contexts.clear();
  }

  #generate(message: Readonly<Record<string, unknown>>): void {
    const { context_id: id, continue: goesOn, transcript, ...rest } = message;
    const contextId = id as string;
    const frozen = JSON.stringify(rest);
    if (this.#over.has(contextId)) {
      const title = 'Context has closed';
      this.#line.send({
        type: 'error',
        done: true,
        context_id: contextId,
        status_code: 400,
        error_code: 'context_closed',
        title,
        message: `${title}.`,
      });
      return;
    }
    const context = this.#contexts.get(contextId) ?? this.#begin(contextId, rest, frozen);
    if (context.frozen !== frozen) throw new WireViolation('fields changed within a context');
    if (context.isLast) throw new WireViolation('a word after the last one');
    context.isLast = goesOn !== true;
    context.expiry?.cancel();
    const text = transcript as string;
    if (text.trim() === '') this.#rest(contextId, context);
    else if (!this.#line.wrong({ at: 'text' })) {
      context.player.say(text, () => this.#rest(contextId, context));
    }
  }

  #begin(id: string, rest: Readonly<Record<string, unknown>>, frozen: string): Context {
    const {
      container,
      encoding,
      sample_rate: rate,
    } = rest['output_format'] as {
      readonly container?: string;
      readonly encoding?: string;
      readonly sample_rate?: number;
    };
    if (container !== 'raw' || encoding !== 'pcm_s16le') throw new WireViolation('output_format');
    if (!rates.includes(rate ?? 0)) throw new WireViolation('sample_rate');
    const player = new Player({
      settings: this.#line.settings,
      rateHz: rate!,
      random: this.#line.random,
      onDelay: this.#line.onDelay,
      onAudio: (bytes, words, fromMs) => {
        if (this.#line.wrong({ at: 'audio', afterMs: fromMs })) return false;
        const head = { done: false, status_code: 206, context_id: id };
        if (rest['add_timestamps'] === true && words.length > 0) {
          const word_timestamps = {
            words: words.map(({ text }) => text),
            start: words.map(({ startMs }) => startMs / 1000),
            end: words.map(({ endMs }) => endMs / 1000),
          };
          this.#line.send({ type: 'timestamps', ...head, word_timestamps });
        }
        this.#line.send({ type: 'chunk', ...head, data: bytes.toString('base64'), step_time: 1 });
        return true;
      },
    });
    const context = { player, frozen, isLast: false, isCancelled: false, expiry: null };
    this.#contexts.set(id, context);
    return context;
  }

  /** What has begun is spoken to its end. */
  #cancel(id: string): void {
    const context = this.#contexts.get(id);
    if (context === undefined) return;
    context.isLast = true;
    context.isCancelled = true;
    if (this.#line.wrong({ at: 'stop' })) return;
    context.player.dropWaiting();
    this.#rest(id, context);
  }

  #rest(id: string, context: Context): void {
    if (context.player.busy) return;
    if (context.isLast) {
      this.#done(id);
      return;
    }
    const { clock, contextExpiryMs } = this.#line.settings;
    context.expiry?.cancel();
    context.expiry = clock.timerAt(clock.nowMs() + contextExpiryMs, () => this.#done(id));
  }

  #done(id: string): void {
    this.#contexts.get(id)?.expiry?.cancel();
    this.#contexts.delete(id);
    this.#over.add(id);
    this.#line.send({ type: 'done', done: true, status_code: 206, context_id: id });
  }
}
