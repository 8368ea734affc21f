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

const contextLimit = 5;
const formats = ['pcm_8000', 'pcm_16000', 'pcm_22050', 'pcm_24000', 'pcm_44100'];
const fields = {
  text: 'string',
  context_id: 'string',
  voice_settings: 'object',
  generation_config: 'object',
  flush: 'boolean',
  close_context: 'boolean',
  close_socket: 'boolean',
};

const vendor: StandInVendor = {
  path: '',
  idleMs: ({ searchParams }) => 1000 * Number(searchParams.get('inactivity_timeout') ?? 20),
  goodbye: { code: 1008, reason: 'input_timeout_exceeded' },
  keyOf: (headers) => headers['xi-api-key'] as string | undefined,
  refusal: ({ pathname, searchParams }) => {
    if (!/^\/v1\/text-to-speech\/[\w%-]+\/multi-stream-input$/.test(pathname)) return pathname;
    if (!searchParams.has('model_id')) return 'model_id is missing';
    return formats.includes(searchParams.get('output_format') ?? '') ? null : 'output_format';
  },
  open: (line) => new ElevenLabsProtocol(line),
};

/** A stand-in for ElevenLabs' multi-context WebSocket. */
export function startElevenLabsStandIn(options: VoiceStandInOptions = {}): Promise<VoiceStandIn> {
  return startVoiceStandIn(vendor, options);
}

interface Context {
  readonly player: Player;
  buffered: string;
  isClosing: boolean;
}

class ElevenLabsProtocol implements StandInProtocol {
  readonly #line: StandInLine;
  readonly #contexts = new Map<string, Context>();
  readonly #rateHz: number;
  readonly #autoMode: boolean;
  readonly #syncAlignment: boolean;

  constructor(line: StandInLine) {
    const { searchParams } = line.url;
    this.#line = line;
    this.#rateHz = Number(searchParams.get('output_format')!.slice('pcm_'.length));
    this.#autoMode = searchParams.get('auto_mode') === 'true';
    this.#syncAlignment = searchParams.get('sync_alignment') === 'true';
  }

  get working(): number {
    return this.#contexts.size;
  }

  take(message: Readonly<Record<string, unknown>>): void {
    checkFields(message, {}, fields);
    if (message['close_socket'] === true) {
      this.#line.close(1000, '');
      return;
    }
    const id = message['context_id'];
    if (typeof id !== 'string') throw new WireViolation('context_id is missing');
    if (message['close_context'] === true) {
      this.#close(id);
      return;
    }
    const text = (message['text'] as string | undefined) ?? '';
    const context = this.#contexts.get(id) ?? this.#begin(id, text);
    if (context === null) return;
    context.buffered += text;
    const isNow = message['flush'] === true || this.#autoMode;
    if (isNow && context.buffered.trim() !== '') this.#speak(id, context);
  }

  end(): void {
    for (const { player } of this.#contexts.values()) player.stop();
    this.#contexts.clear();
  }

  #begin(id: string, text: string): Context | null {
    // A word to a context that is closed, or was never opened, opens one: an empty one does not.
    if (text === '') return null;
    if (this.#contexts.size >= contextLimit) {
      const message = 'Maximum simultaneous contexts exceeded';
      this.#line.send({ message, error: 'max_active_conversations', code: 1008 });
      this.#line.close(1008, 'max_active_conversations');
      return null;
    }
    const player = new Player({
      settings: this.#line.settings,
      rateHz: this.#rateHz,
      random: this.#line.random,
      onDelay: this.#line.onDelay,
      onAudio: (bytes, words, fromMs) => {
        if (this.#line.wrong({ at: 'audio', afterMs: fromMs })) return false;
        this.#line.send({
          audio: bytes.toString('base64'),
          contextId: id,
          isFinal: null,
          alignment: this.#syncAlignment ? alignmentOf(words, fromMs) : null,
          normalizedAlignment: null,
        });
        return true;
      },
    });
    const context = { player, buffered: '', isClosing: false };
    this.#contexts.set(id, context);
    return context;
  }

  #speak(id: string, context: Context): void {
    const text = context.buffered;
    context.buffered = '';
    if (this.#line.wrong({ at: 'text' })) return;
    context.player.say(text, () => this.#endIfClosed(id, context));
  }

  /** What was flushed is spoken to its end, even though nobody listens any more. */
  #close(id: string): void {
    const context = this.#contexts.get(id);
    if (context === undefined) return;
    context.isClosing = true;
    if (this.#line.wrong({ at: 'stop' })) return;
    this.#endIfClosed(id, context);
  }

  #endIfClosed(id: string, { isClosing, player }: Context): void {
    if (!isClosing || player.busy) return;
    this.#contexts.delete(id);
    this.#line.send({ isFinal: true, contextId: id });
  }
}

/** Characters of the words, and a space behind each; times from the piece they come with. */
function alignmentOf(words: readonly SpokenWord[], fromMs: number): object | null {
  if (words.length === 0) return null;
  const chars: string[] = [];
  const charStartTimesMs: number[] = [];
  const charDurationsMs: number[] = [];
  for (const { endMs, startMs, text } of words) {
    const characters = Array.from(text);
    const eachMs = (endMs - startMs) / characters.length;
    for (const [place, char] of [...characters, ' '].entries()) {
      const isSpace = place === characters.length;
      chars.push(char);
      charStartTimesMs.push(Math.floor(startMs - fromMs + place * eachMs));
      charDurationsMs.push(isSpace ? 0 : Math.floor(eachMs));
    }
  }
  return { chars, charStartTimesMs, charDurationsMs };
}
