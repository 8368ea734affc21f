import type { WebSocket } from 'ws';
import {
  drawDelayMs,
  seededRandom,
  type Random,
} from '../../../adapters/backends/rehearsal/chance.ts';
import {
  clientEventSchemas,
  type ClientEvent,
  type SessionConfig,
} from '../../../protocol/hydra/client-events.ts';
import type { Timer } from '../../../src/time/clock.ts';
import { decode } from '../answer-sound.ts';
import { WireError } from '../conversation.ts';
import { SpeechDetector } from '../speech-detector.ts';
import type { HydraFaultPlace, HydraStandInSettings } from './options.ts';
import { HydraResponse, type Outgoing } from './response.ts';

export interface HydraStandInSessionOptions {
  readonly settings: HydraStandInSettings;
  readonly socket: WebSocket;
  readonly model: string;
  /** Counts the server's sessions from 1. */
  readonly ordinal: number;
  readonly isFull: boolean;
  readonly onClosed: () => void;
}

const inputRateHz = 16_000;
const outputRateHz = 48_000;
/** Its detection, which nobody can set. */
const vad = { prefixPaddingMs: 0, silenceDurationMs: 500 };
/** A piece of audio has at least 10 ms. */
const leastBytes = 320;
const voices: Readonly<Record<string, readonly string[] | undefined>> = {
  'hydra-v1.1': ['zoe', 'maya', 'elena', 'ivy', 'grace', 'alex', 'aria', 'leo', 'sam', 'kai'],
};

/** One connection's side of the vendor's protocol, its rules kept strictly. */
export class HydraStandInSession {
  /** Every client event as it came, without audio. */
  readonly received: ClientEvent[] = [];
  /** Rules that the client broke, and what the vendor advises against. */
  readonly violations: string[] = [];
  /** Tool outputs by call id. */
  readonly outputs = new Map<string, string>();
  /** Times to the first audio that were drawn, ms. */
  readonly drawnMs: number[] = [];
  /** What the client configured; `null` before. */
  config: SessionConfig | null = null;
  appendedSamples = 0;
  readonly #options: HydraStandInSessionOptions;
  readonly #random: Random;
  readonly #detector = new SpeechDetector();
  readonly #openCalls = new Set<string>();
  #configured = false;
  #active: HydraResponse | null = null;
  #idle: Timer | null = null;
  #speechItemId: string | null = null;
  #nextNumber = 0;
  #answers = 0;
  #ids = 0;
  #silent = false;
  #faultDone = false;

  constructor(options: HydraStandInSessionOptions) {
    const { isFull, model, ordinal, settings, socket } = options;
    this.#options = options;
    this.#random = seededRandom(settings.seed + ordinal);
    socket.on('message', (data: Buffer, isBinary) => this.#take(data, isBinary));
    socket.on('close', () => this.#end());
    socket.on('error', () => undefined);
    this.#stayAwake();
    if (isFull) {
      this.#sendError(new WireError('server_full', 'All places are taken.'), null);
      this.close(1013, 'server full');
      return;
    }
    if (this.#wrong({ at: 'open' })) return;
    if (model === 'hydra') {
      const warning = { code: 'model_deprecated', message: 'Use hydra-v1.1.' };
      this.#send({ type: 'warning', warning });
    }
    this.#send({ type: 'session.created', session_id: `sess_${ordinal}` });
  }

  /** Ends it from the server's side. */
  close(code: number, reason: string): void {
    this.#options.socket.close(code, reason);
  }

  /** Reads and answers nothing any more, as if its machine had stopped. */
  freeze(): void {
    this.#options.socket.pause();
  }

  thaw(): void {
    this.#options.socket.resume();
  }

  /** Sends an event of the test's own. */
  say(event: Outgoing): void {
    this.#send(event);
  }

  #take(data: Buffer, isBinary: boolean): void {
    if (this.#silent) return;
    this.#stayAwake();
    let eventId: string | null = null;
    try {
      if (isBinary) throw new WireError('invalid_frame', 'Text frames only.');
      const raw = parse(data);
      eventId = typeof raw['event_id'] === 'string' ? raw['event_id'] : null;
      const type = String(raw['type']);
      if (!Object.hasOwn(clientEventSchemas, type)) {
        throw new WireError('invalid_frame', `Unknown type '${type}'.`, 'type');
      }
      const parsed = clientEventSchemas[type as ClientEvent['type']].safeParse(raw);
      if (!parsed.success) {
        const [issue] = parsed.error.issues;
        throw new WireError('invalid_frame', issue?.message ?? '', issue?.path.join('.') ?? null);
      }
      this.#execute(parsed.data, eventId);
    } catch (thrown) {
      if (!(thrown instanceof WireError)) throw thrown;
      this.violations.push(`${thrown.code}: ${thrown.message}`);
      this.#sendError(thrown, eventId);
    }
  }

  #execute(event: ClientEvent, eventId: string | null): void {
    if (event.type === 'input_audio_buffer.append') {
      this.#append(Buffer.from(event.audio, 'base64'));
      return;
    }
    this.received.push(event);
    if (event.type === 'session.configure') {
      this.#configure(event.session);
      return;
    }
    if (!this.#configured) throw new WireError('invalid_frame', 'session.configure comes first.');
    switch (event.type) {
      case 'session.update':
        this.config = { ...this.config, tools: event.session.tools };
        this.#send({ type: 'session.updated', session: event.session });
        return;
      case 'conversation.item.create': {
        const { call_id: callId, output } = event.item;
        if (!this.#openCalls.delete(callId)) {
          throw new WireError('invalid_frame', `No call ${callId} waits for an output.`);
        }
        this.outputs.set(callId, output);
        return;
      }
      case 'response.create':
        if (this.#wrong({ at: 'create' }, eventId)) return;
        if (this.#active !== null) {
          throw new WireError('invalid_frame', 'A response is in progress.');
        }
        if (this.#openCalls.size > 0) this.violations.push('an answer before all tool outputs');
        this.#respond();
        return;
      case 'response.cancel':
        if ((event.response_id ?? this.#active?.responseId) !== this.#active?.responseId) return;
        this.#active?.finish({ status: 'cancelled', reason: 'client_cancelled' });
    }
  }

  #configure(session: SessionConfig): void {
    const { fault, unknownVoice } = this.#options.settings;
    if (this.config !== null) throw new WireError('invalid_frame', 'Configured already.');
    this.config = session;
    if (this.#wrong({ at: 'configure' })) return;
    const names = voices[this.#options.model] ?? [];
    const { voice } = session;
    // Of other models the names are not published: any is taken.
    const isUnknown = voice !== undefined && names.length > 0 && !names.includes(voice);
    if (isUnknown && unknownVoice === 'error') {
      throw new WireError('invalid_voice', `No voice '${voice}'.`, 'session.voice');
    }
    this.#configured = true;
    this.#send({
      type: 'session.configured',
      session: {
        ...session,
        voice: isUnknown ? names[0] : (voice ?? names[0]),
        output_audio_sample_rate: fault?.kind === 'other_rate' ? fault.rateHz : outputRateHz,
      },
    });
    if (session.generate_initial_response === true) this.#respond();
  }

  #append(bytes: Buffer): void {
    if (!this.#configured) {
      throw new WireError('invalid_frame', 'Audio before session.configured.');
    }
    if (bytes.byteLength < leastBytes || bytes.byteLength % 2 !== 0) {
      const message = `audio frame too small (${bytes.byteLength} bytes, need ${leastBytes})`;
      throw new WireError('invalid_audio', message, 'audio');
    }
    if (this.#wrong({ at: 'idle' })) return;
    this.appendedSamples += bytes.byteLength / 2;
    for (const seen of this.#detector.hear(decode(bytes, 'audio/pcm'), inputRateHz, vad)) {
      if (seen.type === 'started') this.#speechStarted(seen.audioStartMs);
      else this.#speechStopped(seen.audioEndMs);
    }
  }

  #speechStarted(audioStartMs: number): void {
    const { fault } = this.#options.settings;
    const itemId = this.#newId('item');
    this.#speechItemId = itemId;
    this.#send({
      type: 'input_audio_buffer.speech_started',
      audio_start_ms: audioStartMs,
      item_id: itemId,
    });
    this.#sendUserItem('conversation.item.added', itemId, 'in_progress');
    if (this.#wrong({ at: 'speech' })) return;
    if (fault?.kind === 'late_audio') this.#active?.straggle(3);
    this.#active?.finish({ status: 'cancelled', reason: 'interrupted' });
    if (fault?.kind !== 'false_start' || this.#faultDone) return;
    this.#faultDone = true;
    this.#speechItemId = null;
    this.#sendUserItem('conversation.item.done', itemId, 'incomplete');
  }

  #speechStopped(audioEndMs: number): void {
    const itemId = this.#speechItemId;
    if (itemId === null) return;
    this.#speechItemId = null;
    this.#send({
      type: 'input_audio_buffer.speech_stopped',
      audio_end_ms: audioEndMs,
      item_id: itemId,
    });
    this.#sendUserItem('conversation.item.done', itemId, 'completed');
    if (this.#active === null) this.#respond();
  }

  #sendUserItem(type: string, id: string, status: string): void {
    this.#send({ type, item: { id, type: 'message', role: 'user', status } });
  }

  #respond(): void {
    const { answers, clock, fault, firstAudioMs, pieceMs, realTimeFactor } = this.#options.settings;
    const delayMs = drawDelayMs(firstAudioMs, this.#random);
    this.drawnMs.push(delayMs);
    const answer = answers[this.#answers++ % answers.length]!;
    if ('words' in answer) this.#nextNumber = answer.from ?? this.#nextNumber;
    const response = new HydraResponse({
      responseId: this.#newId('resp'),
      itemId: this.#newId('item'),
      answer,
      firstNumber: this.#nextNumber,
      rateHz: fault?.kind === 'other_rate' ? fault.rateHz : outputRateHz,
      firstAudioMs: delayMs,
      pieceMs,
      realTimeFactor,
      ending: fault?.kind === 'end_responses' ? fault : null,
      clock,
      newId: (prefix) => this.#newId(prefix),
      send: (event) => this.#send(event),
      onAudio: (afterMs) => !this.#wrong({ at: 'audio', afterMs }),
      onTools: (callIds) => {
        for (const callId of callIds) this.#openCalls.add(callId);
        this.#wrong({ at: 'tool' });
      },
      onDone: () => {
        this.#nextNumber += response.wordsSaid;
        this.#active = null;
      },
    });
    this.#active = response;
    response.start();
  }

  /** @returns whether the planned fault happened here and nothing else is to */
  #wrong(place: HydraFaultPlace, eventId: string | null = null): boolean {
    const { fault } = this.#options.settings;
    if (fault === null || !('at' in fault) || this.#faultDone || fault.at !== place.at)
      return false;
    if (fault.at === 'audio' && place.at === 'audio' && place.afterMs < fault.afterMs) return false;
    this.#faultDone = true;
    switch (fault.kind) {
      case 'close':
        this.close(fault.code, fault.reason);
        this.#silent = true;
        return true;
      case 'drop':
        this.#options.socket.terminate();
        return true;
      case 'stall':
        this.#silent = true;
        this.#active?.stop();
        this.#idle?.cancel();
        return true;
      case 'send':
        this.#options.socket.send(fault.text);
        return false;
      case 'error':
        this.#sendError(new WireError(fault.code, fault.message), eventId);
        return place.at === 'create' || place.at === 'configure' || place.at === 'open';
    }
  }

  #stayAwake(): void {
    const { clock, idleMs } = this.#options.settings;
    this.#idle?.cancel();
    this.#idle = clock.timerAt(clock.nowMs() + idleMs, () => this.close(1000, 'idle'));
  }

  #send(event: Outgoing): void {
    if (this.#silent) return;
    this.#stayAwake();
    const { socket } = this.#options;
    if (socket.readyState !== socket.OPEN) return;
    socket.send(JSON.stringify({ event_id: this.#newId('sv'), ...event }));
  }

  #sendError({ code, message, param }: WireError, eventId: string | null): void {
    const error = { type: 'invalid_request_error', code, message, param, event_id: eventId };
    this.#send({ type: 'error', error });
  }

  #newId(prefix: string): string {
    this.#ids += 1;
    return `${prefix}_${this.#options.ordinal}_${this.#ids}`;
  }

  #end(): void {
    this.#silent = true;
    this.#idle?.cancel();
    this.#active?.stop();
    this.#options.onClosed();
  }
}

function parse(data: Buffer): Readonly<Record<string, unknown>> {
  try {
    const raw: unknown = JSON.parse(data.toString('utf8'));
    if (typeof raw === 'object' && raw !== null) return raw as Readonly<Record<string, unknown>>;
  } catch {
    // Falls through to the one error for all of it.
  }
  throw new WireError('invalid_frame', 'Not a JSON object.');
}
