import type { VoiceStandInOptions } from './options.ts';
import { Player, type SpokenWord } from './player.ts';
import {
  checkFields,
  startVoiceStandIn,
  WireViolation,
  type StandInLine,
  type StandInProtocol,
  type StandInVendor,
  type VoiceStandIn,
} from './server.ts';

const rates = ['8000', '16000', '24000', '32000', '44100', '48000'];

const vendor: StandInVendor = {
  path: '',
  idleMs: () => 60_000,
  goodbye: {
    code: 1011,
    reason: 'NET-0004',
    message: { type: 'Error', code: 'NET-0004', description: 'Inactive client.' },
  },
  keyOf: ({ authorization }) => authorization?.replace(/^Token /, ''),
  refusal: ({ pathname, searchParams }) => {
    if (pathname !== '/v2/speak') return pathname;
    if (!searchParams.get('model')?.startsWith('flux')) return 'model';
    if (searchParams.get('encoding') !== 'linear16') return 'encoding';
    return rates.includes(searchParams.get('sample_rate') ?? '') ? null : 'sample_rate';
  },
  complain: (line, reason) => {
    line.send({ type: 'Error', code: 'DATA-0000', description: reason });
    line.close(1008, 'DATA-0000');
  },
  open: (line) => new FluxProtocol(line),
};

/** A stand-in for Deepgram's /v2/speak. */
export function startFluxStandIn(options: VoiceStandInOptions = {}): Promise<VoiceStandIn> {
  return startVoiceStandIn(vendor, options);
}

/** One agent response, from its first text to its metadata. */
interface Turn {
  readonly id: string;
  readonly texts: string[];
  /** Words sent so far, ms of the turn. */
  readonly words: SpokenWord[];
  readonly beganMs: number;
  isFlushed: boolean;
  hasStarted: boolean;
  said: number;
}

class FluxProtocol implements StandInProtocol {
  readonly #line: StandInLine;
  readonly #player: Player;
  /** The active turn, and those behind it. */
  #turns: Turn[] = [];
  #ids = 0;
  /** Audio of the session as it is counted: an interrupted turn as far as it was heard, ms. */
  #sessionMs = 0;
  #lastInterruptMs = 0;
  #hasSounded = false;

  constructor(line: StandInLine) {
    this.#line = line;
    this.#player = new Player({
      settings: line.settings,
      rateHz: Number(line.url.searchParams.get('sample_rate')),
      random: line.random,
      onDelay: line.onDelay,
      onAudio: (bytes, words, fromMs) => this.#sound(bytes, words, fromMs),
    });
    line.send({ type: 'Connected', request_id: 'r', model_name: 'flux', model_uuids: [] });
  }

  get working(): number {
    return this.#turns.length;
  }

  take(message: Readonly<Record<string, unknown>>): void {
    switch (message['type']) {
      case 'Speak':
        checkFields(message, { type: 'string', text: 'string' });
        this.#speak(message['text'] as string);
        return;
      case 'Flush':
        checkFields(message, { type: 'string' });
        this.#flush();
        return;
      case 'Interrupt':
        checkFields(message, { type: 'string' }, { playback_offset: 'object' });
        this.#interrupt(message['playback_offset'] as Offset | undefined);
        return;
      case 'Close':
        this.#line.close(1000, '');
        return;
      default:
        throw new WireViolation('DATA-0000');
    }
  }

  end(): void {
    this.#player.stop();
    this.#turns = [];
  }

  #speak(text: string): void {
    let turn = this.#turns.find(({ isFlushed }) => !isFlushed);
    if (turn === undefined) {
      this.#ids += 1;
      turn = {
        id: `dg_sp_${String(this.#ids).padStart(12, '0')}`,
        texts: [],
        words: [],
        beganMs: this.#player.sentMs,
        isFlushed: false,
        hasStarted: false,
        said: 0,
      };
      this.#turns.push(turn);
    }
    turn.texts.push(text);
    this.#play();
  }

  #flush(): void {
    const turn = this.#turns.find(({ isFlushed }) => !isFlushed);
    if (turn === undefined) this.#warn('NO_ACTIVE_SPEECH');
    else {
      turn.isFlushed = true;
      this.#play();
    }
  }

  /** What the active turn has to say is said; a flushed turn without more is over. */
  #play(): void {
    const [turn] = this.#turns;
    if (turn === undefined || this.#player.busy) return;
    if (!turn.hasStarted) {
      turn.hasStarted = true;
      this.#line.send({ type: 'SpeechStarted', speech_id: turn.id });
    }
    const text = turn.texts[turn.said];
    if (text !== undefined) {
      turn.said += 1;
      if (!this.#line.wrong({ at: 'text' })) this.#player.say(text, () => this.#play());
      return;
    }
    if (!turn.isFlushed) return;
    this.#turns.shift();
    const durationMs = this.#player.sentMs - turn.beganMs;
    this.#sessionMs += durationMs;
    this.#line.send({ type: 'Flushed', speech_id: turn.id });
    this.#line.send({ type: 'SpeechMetadata', ...metadata(turn, durationMs) });
    this.#play();
  }

  #sound(bytes: Buffer, words: readonly SpokenWord[], fromMs: number): boolean {
    if (this.#line.wrong({ at: 'audio', afterMs: fromMs })) return false;
    const [turn] = this.#turns;
    if (turn !== undefined) turn.words.push(...words);
    this.#hasSounded = true;
    this.#line.send(bytes);
    return true;
  }

  #interrupt(offset: Offset | undefined): void {
    if (this.#line.wrong({ at: 'stop' })) return;
    const [turn] = this.#turns;
    if (!this.#hasSounded) this.#warn('NO_AUDIO_GENERATED');
    else if (turn === undefined) this.#warn('NO_ACTIVE_SPEECH');
    else if (offset !== undefined && offset.value <= this.#lastInterruptMs) {
      this.#warn('INVALID_INTERRUPT_OFFSET');
    } else this.#cut(turn, offset);
  }

  #cut(turn: Turn, offset: Offset | undefined): void {
    this.#player.stopAfter(this.#line.settings.lateAudioMs);
    this.#turns.shift();
    const producedMs = this.#player.sentMs - turn.beganMs;
    const playedMs = offset?.value ?? Math.round(this.#sessionMs + producedMs);
    const heardMs = playedMs - this.#sessionMs;
    const whole = turn.texts.join('');
    const spoken = turn.words.filter(({ endMs }) => endMs - turn.beganMs <= heardMs);
    const text = spoken.map((word) => word.text).join(' ');
    this.#sessionMs = playedMs;
    this.#lastInterruptMs = playedMs;
    this.#line.send({
      type: 'SpeechInterrupted',
      audio_played_ms: playedMs,
      ...(offset === undefined
        ? {}
        : { text_spoken: text, text_remaining: whole.slice(text.length) }),
      metadata: metadata(turn, producedMs),
    });
    this.#play();
  }

  #warn(code: string): void {
    this.#line.send({ type: 'Warning', code, description: 'Ignored.' });
  }
}

interface Offset {
  readonly type: 'time_ms';
  readonly value: number;
}

function metadata(turn: Turn, durationMs: number): object {
  const characters = turn.texts.join('').length;
  return {
    speech_id: turn.id,
    audio_duration_ms: Math.round(durationMs),
    input_character_count: characters,
    billable_character_count: characters,
    controls_applied: { pronunciations_applied: 0, breaks_applied: 0, pronunciation_warnings: 0 },
  };
}
