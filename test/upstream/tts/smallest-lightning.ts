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

const rates = [8000, 16_000, 24_000, 44_100];
const idName = /^[\w.-]{1,128}$/;

const vendor: StandInVendor = {
  path: '/waves/v1/tts/live',
  idleMs: ({ searchParams }) => 1000 * Number(searchParams.get('timeout') ?? 60),
  goodbye: {
    code: 1000,
    reason: 'idle',
    message: { status: 'error', message: 'Connection timed out after inactivity' },
  },
  keyOf: ({ authorization }) => authorization?.replace(/^Bearer /, ''),
  refusal: ({ pathname }) => (pathname === '/waves/v1/tts/live' ? null : pathname),
  complain: (line, reason) => {
    line.send({ status: 'error', error: { code: 'invalid_request', message: reason } });
  },
  open: (line) => new LightningProtocol(line),
};

/** A stand-in for Smallest.ai's Lightning WebSocket. */
export function startLightningStandIn(options: VoiceStandInOptions = {}): Promise<VoiceStandIn> {
  return startVoiceStandIn(vendor, options);
}

interface Request {
  readonly requestId: string | undefined;
  readonly text: string;
  readonly rateHz: number;
  readonly hasWordTimes: boolean;
  readonly backoffMs: number;
}

class LightningProtocol implements StandInProtocol {
  readonly #line: StandInLine;
  #requests: Request[] = [];
  #buffered = '';
  #player: Player | null = null;

  constructor(line: StandInLine) {
    this.#line = line;
  }

  get working(): number {
    return this.#requests.length;
  }

  take(message: Readonly<Record<string, unknown>>): void {
    checkFields(
      message,
      { voice_id: 'string', text: 'string' },
      {
        model: 'string',
        language: 'string',
        sample_rate: 'number',
        speed: 'number',
        continue: 'boolean',
        flush: 'boolean',
        max_buffer_flush_ms: 'number',
        complete_backoff_ms: 'number',
        word_timestamps: 'boolean',
        request_id: 'string',
        session_id: 'string',
        output_format: 'string',
      },
    );
    const rateHz = (message['sample_rate'] as number | undefined) ?? 44_100;
    if (!rates.includes(rateHz)) throw new WireViolation('sample_rate');
    const requestId = message['request_id'] as string | undefined;
    if (requestId !== undefined && !idName.test(requestId)) throw new WireViolation('request_id');
    this.#buffered += message['text'] as string;
    if (message['continue'] === true && message['flush'] !== true) return;
    const text = this.#buffered;
    this.#buffered = '';
    this.#requests.push({
      requestId,
      text,
      rateHz,
      hasWordTimes: message['word_timestamps'] === true,
      backoffMs: (message['complete_backoff_ms'] as number | undefined) ?? 4000,
    });
    if (this.#requests.length === 1) this.#next();
  }

  end(): void {
    this.#player?.stop();
    this.#requests = [];
  }

  #next(): void {
    const [request] = this.#requests;
    if (request === undefined || this.#line.wrong({ at: 'text' })) return;
    const { backoffMs, hasWordTimes, rateHz, requestId, text } = request;
    const head = { session_id: 's', request_id: 't', external_request_id: requestId };
    this.#player = new Player({
      settings: this.#line.settings,
      rateHz,
      random: this.#line.random,
      onDelay: this.#line.onDelay,
      onAudio: (bytes, words, fromMs) => {
        if (this.#line.wrong({ at: 'audio', afterMs: fromMs })) return false;
        this.#line.send({ ...head, status: 'chunk', data: { audio: bytes.toString('base64') } });
        for (const [id, word] of words.entries()) {
          if (!hasWordTimes) break;
          const data = { id, word: word.text, start: word.startMs / 1000, end: word.endMs / 1000 };
          this.#line.send({ ...head, status: 'word_timestamp', data });
        }
        return true;
      },
    });
    this.#player.say(text, () => {
      const { clock, closesAfterComplete } = this.#line.settings;
      clock.timerAt(clock.nowMs() + backoffMs, () => {
        this.#requests.shift();
        this.#line.send({ ...head, status: 'complete' });
        if (closesAfterComplete) this.#line.close(1000, 'complete');
        else this.#next();
      });
    });
  }
}
