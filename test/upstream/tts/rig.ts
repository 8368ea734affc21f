import { cartesiaTts, cartesiaTtsOptions } from '../../../adapters/speech/tts/cartesia/index.ts';
import { deepgramTts, deepgramTtsOptions } from '../../../adapters/speech/tts/deepgram/index.ts';
import {
  elevenLabsTts,
  elevenLabsTtsOptions,
} from '../../../adapters/speech/tts/elevenlabs/index.ts';
import {
  smallestLightningTts,
  smallestLightningTtsOptions,
} from '../../../adapters/speech/tts/smallest-lightning/index.ts';
import type { SpeechSurroundings } from '../../../adapters/shared/surroundings.ts';
import type { WireRecorder } from '../../../adapters/shared/wire-record.ts';
import type { Logger } from '../../../src/ports/log.ts';
import type {
  TextToSpeechPort,
  TextToSpeechSession,
  UtteranceOptions,
} from '../../../src/ports/text-to-speech.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import { UtteranceProbe, waitFor } from '../../contract/utterance-probe.ts';
import { passTime } from '../pass-time.ts';
import { startCartesiaStandIn } from './cartesia.ts';
import { startAuraStandIn } from './deepgram-aura.ts';
import { startFluxStandIn } from './deepgram-flux.ts';
import { startElevenLabsStandIn } from './elevenlabs.ts';
import type { VoiceStandInOptions } from './options.ts';
import type { VoiceStandIn } from './server.ts';
import { startLightningStandIn } from './smallest-lightning.ts';

interface Vendor {
  start(options: VoiceStandInOptions): Promise<VoiceStandIn>;
  port(options: object, surroundings: SpeechSurroundings): TextToSpeechPort;
}

/** Every voice over a WebSocket, by a name of these tests. */
export const vendors = {
  elevenlabs: {
    start: startElevenLabsStandIn,
    port: (options, around) => elevenLabsTts(elevenLabsTtsOptions.parse(options), around),
  },
  cartesia: {
    start: startCartesiaStandIn,
    port: (options, around) => cartesiaTts(cartesiaTtsOptions.parse(options), around),
  },
  aura: {
    start: startAuraStandIn,
    port: (options, around) => deepgramTts(deepgramTtsOptions.parse(options), around),
  },
  flux: {
    start: startFluxStandIn,
    port: (options, around) =>
      deepgramTts(deepgramTtsOptions.parse({ model: 'flux-alexis-en', ...options }), around),
  },
  lightning: {
    start: startLightningStandIn,
    port: (options, around) =>
      smallestLightningTts(smallestLightningTtsOptions.parse(options), around),
  },
} as const satisfies Record<string, Vendor>;

export type VendorName = keyof typeof vendors;

export const vendorNames = Object.keys(vendors) as readonly VendorName[];

/** Has characters that an address writes otherwise: it must not be found in either spelling. */
export const rigKey = 'voice+secret/key=1';

/** A voice and a stand-in of its own, on one manual clock. */
export class VoiceStandInRig {
  readonly clock = new ManualClock();
  readonly server: VoiceStandIn;
  readonly port: TextToSpeechPort;
  readonly pass: (ms: number) => Promise<void>;
  readonly speaking: UtteranceOptions;
  /** Every log line with its fields, as JSON. */
  readonly logged: string[] = [];

  private constructor(clock: ManualClock, server: VoiceStandIn, port: TextToSpeechPort) {
    this.clock = clock;
    this.server = server;
    this.port = port;
    this.pass = passTime(clock);
    this.speaking = { voice: null, language: null, format: port.capabilities.outputFormats[0]! };
  }

  /** @param options of the voice that differ */
  static async start(
    name: VendorName,
    standIn: VoiceStandInOptions = {},
    options: object = {},
    recorder: WireRecorder | null = null,
  ): Promise<VoiceStandInRig> {
    const clock = new ManualClock();
    const server = await vendors[name].start({ clock, apiKey: rigKey, ...standIn });
    const port = vendors[name].port(
      { apiKeyEnv: 'RIG_KEY', url: server.url, ...options },
      {
        clock,
        env: { RIG_KEY: rigKey },
        readText: () => Promise.reject(new Error('no file is to be read here')),
        resolvePath: (path) => path,
        pulledModel: () => null,
        recorder,
      },
    );
    return new VoiceStandInRig(clock, server, port);
  }

  /** Opens a session while time passes. @throws CallError when it is refused */
  async open(signal = new AbortController().signal): Promise<TextToSpeechSession> {
    const note = (event: string, fields?: object): void => {
      this.logged.push(JSON.stringify({ event, ...fields }));
    };
    const log: Logger = { debug: note, info: note, warn: note, error: note };
    const opening = this.port.open({ callId: 'call_1', clock: this.clock, log }, signal);
    let isSettled = false;
    const settle = (): void => void (isSettled = true);
    opening.then(settle, settle);
    await this.until('the session', () => isSettled);
    return opening;
  }

  speak(session: TextToSpeechSession, more: Partial<UtteranceOptions> = {}): UtteranceProbe {
    return new UtteranceProbe(session.speak({ ...this.speaking, ...more }), this.pass);
  }

  /** Speaks a text in one piece, to the end. */
  async speakAll(session: TextToSpeechSession, text: string): Promise<UtteranceProbe> {
    const probe = this.speak(session).say(text, { flush: true });
    probe.utterance.end();
    return probe.finished();
  }

  until(what: string, holds: () => boolean): Promise<void> {
    return waitFor(this.pass, what, holds);
  }

  async close(): Promise<void> {
    await this.port.close();
    await this.server.close();
  }
}
