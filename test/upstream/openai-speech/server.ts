import type { IncomingMessage, ServerResponse } from 'node:http';
import type { DelaySpread } from '../../../adapters/backends/rehearsal/chance.ts';
import { seededRandom } from '../../../adapters/backends/rehearsal/chance.ts';
import { systemClock, type Clock } from '../../../src/time/clock.ts';
import { readJson, sendJson, startHttpStandIn } from '../llm/http-stand-in.ts';
import { drawnMs, untilClosed, waitMs, writePiece } from '../llm/pace.ts';
import { speakTones } from './tone-voice.ts';

/** What goes wrong with a request. */
export type SpeechFault = (
  | {
      readonly kind: 'refuse';
      readonly status: number;
      readonly body?: unknown;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** Nothing comes, not even the head. */
  | { readonly kind: 'hang' }
  /** Nothing more comes after so much audio. */
  | { readonly kind: 'hang_after'; readonly audioMs: number }
  /** The socket is gone after so much audio. */
  | { readonly kind: 'cut'; readonly audioMs: number }
  /** Another kind of answer. */
  | { readonly kind: 'other_type'; readonly contentType: string }
) & {
  /** Requests that it hits, from the first on (a count); absent: all. */
  readonly times?: number;
};

export interface SpeechStandInOptions {
  readonly clock?: Clock;
  readonly port?: number;
  /** The key that is asked for; `null` takes anyone. */
  readonly apiKey?: string | null;
  readonly voices?: readonly string[];
  readonly rateHz?: number;
  /** Text to PCM16 mono at that rate. */
  readonly speak?: (text: string, rateHz: number, voice: string) => Uint8Array;
  /** Spread of the time from a request to its first byte; log-normal. 0: at once. */
  readonly firstByteMs?: DelaySpread | 0;
  readonly seed?: number;
  /** Audio comes this much faster than it is spoken. */
  readonly realTimeFactor?: number;
  /** Bytes of a write; an odd number cuts samples. */
  readonly pieceBytes?: number;
  /** A WAV file whose header says its length, or none. */
  readonly wavLength?: 'known' | 'unknown';
  /** The rate that a WAV file says. */
  readonly statedRateHz?: number;
  readonly fault?: SpeechFault | null;
}

/** One request, as it went. */
export interface SpeechRecord {
  readonly body: Readonly<Record<string, unknown>>;
  readonly atMs: number;
  /** The delay that was drawn. */
  firstByteMs: number;
  bytesWritten: number;
  /** When its connection was free again or gone; `null` while it is not. */
  closedAtMs: number | null;
  state: 'open' | 'done' | 'aborted' | 'refused';
}

/** A running stand-in for a server of `/audio/speech`. */
export interface SpeechStandIn {
  /** For a voice's `baseUrl`: `http://127.0.0.1:<port>/v1`. */
  readonly url: string;
  readonly requests: readonly SpeechRecord[];
  readonly active: number;
  readonly aborted: number;
  readonly connections: number;
  readonly connectionsTotal: number;
  fault: SpeechFault | null;
  close(): Promise<void>;
}

const known: ReadonlySet<string> = new Set([
  ...['model', 'input', 'voice', 'response_format', 'speed', 'instructions', 'stream_format'],
]);

/** Starts a server on this machine that keeps the rules of OpenAI's `/audio/speech`. */
export async function startSpeechStandIn(
  options: SpeechStandInOptions = {},
): Promise<SpeechStandIn> {
  const { apiKey = null, port } = options;
  const records: SpeechRecord[] = [];
  const desk = new SpeechDesk(options, records);
  const http = await startHttpStandIn(
    async (request, response) => {
      if (apiKey !== null && request.headers.authorization !== `Bearer ${apiKey}`) {
        const given = request.headers.authorization ?? '';
        refuse(response, 401, `Incorrect API key provided: ${given}.`);
      } else if (request.url === '/v1/models' && request.method === 'GET') {
        sendJson(response, 200, { object: 'list', data: [] });
      } else if (request.url !== '/v1/audio/speech' || request.method !== 'POST') {
        refuse(response, 404, `Invalid URL (${request.method ?? ''} ${request.url ?? ''})`);
      } else {
        await desk.serve(request, response);
      }
    },
    port === undefined ? {} : { port },
  );
  const count = (state: SpeechRecord['state']): number =>
    records.filter((record) => record.state === state).length;
  return {
    url: `${http.origin}/v1`,
    requests: records,
    get active() {
      return count('open');
    },
    get aborted() {
      return count('aborted');
    },
    get connections() {
      return http.connections;
    },
    get connectionsTotal() {
      return http.connectionsTotal;
    },
    get fault() {
      return desk.fault;
    },
    set fault(fault) {
      desk.fault = fault;
    },
    close: () => http.close(),
  };
}

class SpeechDesk {
  fault: SpeechFault | null;
  readonly #options: SpeechStandInOptions;
  readonly #records: SpeechRecord[];
  readonly #random;
  #hits = 0;

  constructor(options: SpeechStandInOptions, records: SpeechRecord[]) {
    this.#options = options;
    this.#records = records;
    this.fault = options.fault ?? null;
    this.#random = seededRandom(options.seed ?? 1);
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = (await readJson(request)) as Readonly<Record<string, unknown>>;
    const { clock = systemClock } = this.#options;
    const record: SpeechRecord = {
      body,
      atMs: clock.nowMs(),
      firstByteMs: 0,
      bytesWritten: 0,
      closedAtMs: null,
      state: 'open',
    };
    this.#records.push(record);
    response.once('close', () => {
      record.closedAtMs = clock.nowMs();
      if (record.state === 'open') record.state = 'aborted';
    });
    const wrong = problemOf(body, this.#options.voices);
    if (wrong !== null) {
      record.state = 'refused';
      refuse(response, 400, wrong);
      return;
    }
    await this.#answer(record, response);
  }

  async #answer(record: SpeechRecord, response: ServerResponse): Promise<void> {
    const fault = this.#nextFault();
    if (fault?.kind === 'refuse') {
      record.state = 'refused';
      sendJson(response, fault.status, fault.body ?? '', fault.headers);
      return;
    }
    if (fault?.kind === 'hang') {
      await untilClosed(response);
      return;
    }
    const { clock = systemClock, firstByteMs = 0, rateHz = 24_000 } = this.#options;
    const isWav = record.body['response_format'] === 'wav';
    const type = isWav ? 'audio/wav' : 'audio/pcm';
    const contentType = fault?.kind === 'other_type' ? fault.contentType : type;
    response.writeHead(200, { 'content-type': contentType });
    response.flushHeaders();
    record.firstByteMs = drawnMs(firstByteMs, this.#random);
    if (!(await waitMs(clock, record.firstByteMs, response))) return;
    const { speak = speakTones } = this.#options;
    const pcm16 = speak(String(record.body['input']), rateHz, String(record.body['voice']));
    const bytes = isWav ? Buffer.concat([this.#wavHeader(pcm16.byteLength), pcm16]) : pcm16;
    await this.#write(bytes, record, response, fault);
  }

  async #write(
    bytes: Uint8Array,
    record: SpeechRecord,
    response: ServerResponse,
    fault: SpeechFault | null,
  ): Promise<void> {
    const { clock = systemClock, pieceBytes = 4801, rateHz = 24_000 } = this.#options;
    const { realTimeFactor = 50 } = this.#options;
    const bytesPerMs = (rateHz * 2) / 1000;
    const stopAt = fault !== null && 'audioMs' in fault ? fault.audioMs * bytesPerMs : Infinity;
    for (let at = 0; at < bytes.byteLength; at += pieceBytes) {
      if (at >= stopAt) {
        if (fault?.kind === 'hang_after') await untilClosed(response);
        record.state = 'done';
        response.destroy();
        return;
      }
      const piece = bytes.subarray(at, at + pieceBytes);
      await writePiece(response, Buffer.from(piece));
      if (response.destroyed) return;
      record.bytesWritten += piece.byteLength;
      if (!(await waitMs(clock, pieceBytes / bytesPerMs / realTimeFactor, response))) return;
    }
    record.state = 'done';
    response.end();
  }

  #nextFault(): SpeechFault | null {
    const { fault } = this;
    if (fault === null || this.#hits >= (fault.times ?? Infinity)) return null;
    this.#hits += 1;
    return fault;
  }

  #wavHeader(dataBytes: number): Buffer {
    const { rateHz = 24_000, statedRateHz = rateHz, wavLength = 'unknown' } = this.#options;
    const header = Buffer.alloc(44 + 10);
    const length = wavLength === 'known' ? dataBytes : 0xffff_ffff;
    header.write('RIFF', 0);
    header.writeUInt32LE(wavLength === 'known' ? length + 46 : length, 4);
    header.write('WAVEfmt ', 8);
    header.writeUInt32LE(16, 16);
    header.writeUInt16LE(1, 20);
    header.writeUInt16LE(1, 22);
    header.writeUInt32LE(statedRateHz, 24);
    header.writeUInt32LE(statedRateHz * 2, 28);
    header.writeUInt16LE(2, 32);
    header.writeUInt16LE(16, 34);
    // Some write about themselves before the samples; an odd length is padded.
    header.write('LIST', 36);
    header.writeUInt32LE(1, 40);
    header.write('data', 46);
    header.writeUInt32LE(length, 50);
    return header;
  }
}

function problemOf(
  body: Readonly<Record<string, unknown>>,
  voices: readonly string[] | undefined,
): string | null {
  const { model, input, voice, response_format: format, speed } = body;
  const strange = Object.keys(body).find((name) => !known.has(name));
  if (strange !== undefined) return `Unknown parameter: '${strange}'.`;
  if (typeof model !== 'string') return "Missing required parameter: 'model'.";
  if (typeof input !== 'string' || input.trim() === '') return "Invalid 'input': empty string.";
  if (input.length > 4096) return "Invalid 'input': string too long.";
  if (typeof voice !== 'string') return "Missing required parameter: 'voice'.";
  if (voices !== undefined && !voices.includes(voice)) return `Invalid value: '${voice}'.`;
  if (format !== 'pcm' && format !== 'wav') return `Invalid value: '${String(format)}'.`;
  if (speed === undefined) return null;
  const isSpeed = typeof speed === 'number' && speed >= 0.25 && speed <= 4;
  return isSpeed ? null : "Invalid 'speed'.";
}

function refuse(response: ServerResponse, status: number, message: string): void {
  const error = { message, type: 'invalid_request_error', param: null, code: null };
  sendJson(response, status, { error });
}
