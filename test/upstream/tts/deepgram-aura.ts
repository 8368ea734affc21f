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

const flushLimit = 20;
const flushWindowMs = 60_000;
const textLimit = 2000;
const rates = ['8000', '16000', '24000', '32000', '48000'];

const vendor: StandInVendor = {
  path: '',
  idleMs: () => 3_600_000,
  goodbye: { code: 1000, reason: 'NET-0003' },
  keyOf: ({ authorization }) => authorization?.replace(/^Token /, ''),
  refusal: ({ pathname, searchParams }) => {
    if (pathname !== '/v1/speak') return pathname;
    if (!searchParams.get('model')?.startsWith('aura')) return 'model';
    if (searchParams.get('encoding') !== 'linear16') return 'encoding';
    return rates.includes(searchParams.get('sample_rate') ?? '') ? null : 'sample_rate';
  },
  open: (line) => new AuraProtocol(line),
};

/** A stand-in for Deepgram's /v1/speak. */
export function startAuraStandIn(options: VoiceStandInOptions = {}): Promise<VoiceStandIn> {
  return startVoiceStandIn(vendor, options);
}

class AuraProtocol implements StandInProtocol {
  readonly #line: StandInLine;
  readonly #player: Player;
  #text = '';
  #sequence = 0;
  #flushedAtMs: number[] = [];

  constructor(line: StandInLine) {
    this.#line = line;
    this.#player = new Player({
      settings: line.settings,
      rateHz: Number(line.url.searchParams.get('sample_rate')),
      random: line.random,
      onDelay: line.onDelay,
      onAudio: (bytes, _words, fromMs) => {
        if (line.wrong({ at: 'audio', afterMs: fromMs })) return false;
        line.send(bytes);
        return true;
      },
    });
    line.send({ type: 'Metadata', request_id: 'r', model_name: 'aura', model_version: '1' });
  }

  get working(): number {
    return this.#player.busy || this.#text !== '' ? 1 : 0;
  }

  take(message: Readonly<Record<string, unknown>>): void {
    const { type } = message;
    if (type === 'Speak') {
      checkFields(message, { type: 'string', text: 'string' });
      this.#text += message['text'] as string;
      if (this.#text.length > textLimit) throw new WireViolation('DATA-0001: text is too long');
      return;
    }
    checkFields(message, { type: 'string' });
    if (type === 'Flush') this.#flush();
    else if (type === 'Clear') this.#clear();
    else if (type === 'Close') this.#line.close(1000, '');
    else throw new WireViolation('DATA-0000');
  }

  end(): void {
    this.#player.stop();
    this.#text = '';
  }

  #flush(): void {
    const nowMs = this.#line.settings.clock.nowMs();
    this.#flushedAtMs = this.#flushedAtMs.filter((atMs) => atMs > nowMs - flushWindowMs);
    if (this.#flushedAtMs.length >= flushLimit) {
      this.#line.send({ type: 'Warning', code: 'EXCESSIVE_FLUSH', description: 'Not now.' });
      return;
    }
    this.#flushedAtMs.push(nowMs);
    if (this.#line.wrong({ at: 'text' })) return;
    const text = this.#text;
    this.#text = '';
    this.#player.say(text, () => this.#tell('Flushed'));
  }

  #clear(): void {
    if (this.#line.wrong({ at: 'stop' })) return;
    this.#text = '';
    this.#player.stopAfter(this.#line.settings.lateAudioMs);
    this.#tell('Cleared');
  }

  #tell(type: string): void {
    this.#line.send({ type, sequence_id: this.#sequence++ });
  }
}
