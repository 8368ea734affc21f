import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { drawDelayMs, seededRandom } from '../../../adapters/backends/rehearsal/chance.ts';
import { readWav } from '../../../src/audio/wav.ts';
import { systemClock, type Clock } from '../../../src/time/clock.ts';
import type { Script } from './options.ts';
import { recogniserFor } from './recogniser.ts';
import { errorBody, keyBehind } from './server.ts';
import { written } from './session.ts';

/** What goes wrong, with the first `requests` of them (default 1). */
export type WhisperFault = { readonly requests?: number } & (
  | { readonly kind: 'refuse'; readonly status: number; readonly body?: string }
  | { readonly kind: 'stall' }
  | { readonly kind: 'drop' }
  | { readonly kind: 'answer'; readonly body: string }
);

export interface WhisperStandInOptions {
  readonly clock?: Clock;
  readonly apiKey?: string | null;
  readonly script?: Script;
  readonly delayMs?: { readonly p50: number; readonly p95: number };
  readonly seed?: number;
  readonly fault?: WhisperFault | null;
}

export interface WhisperStandIn {
  /** For the adapter's `baseUrl`. */
  readonly url: string;
  readonly stats: {
    readonly requests: number;
    /** Given up by the client before they were answered. */
    readonly aborted: number;
    /** Audio that was recognised, ms. */
    readonly audioMs: number;
    readonly violations: readonly string[];
    /** Fields of the forms, without the file. */
    readonly forms: readonly Readonly<Record<string, string>>[];
  };
  close(): Promise<void>;
}

/** A server with OpenAI's `POST /v1/audio/transcriptions`. */
export async function startWhisperStandIn(
  options: WhisperStandInOptions = {},
): Promise<WhisperStandIn> {
  const {
    clock = systemClock,
    apiKey = null,
    script = { kind: 'counted' },
    delayMs = { p50: 120, p95: 250 },
    seed = 1,
    fault = null,
  } = options;
  const random = seededRandom(seed);
  const told = { next: 0 };
  const violations: string[] = [];
  const forms: Record<string, string>[] = [];
  let requests = 0;
  let aborted = 0;
  let audioMs = 0;

  const refuse = (response: ServerResponse, status: number, said: string): void => {
    violations.push(said);
    response.writeHead(status, { 'content-type': 'application/json' }).end(errorBody(said));
  };
  const recognise = (wav: Uint8Array): string => {
    const { rateHz, channels } = readWav(wav);
    const ear = recogniserFor(script, rateHz, told);
    ear.hear(channels[0]!);
    audioMs += (channels[0]!.length * 1000) / rateHz;
    // Silence behind the end, so that a last word is a whole one.
    ear.hear(new Float32Array(rateHz / 20));
    ear.flush();
    return written(ear.words);
  };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await bodyOf(request);
    if (request.method !== 'POST' || request.url !== '/v1/audio/transcriptions') {
      refuse(response, 404, 'no such path');
      return;
    }
    const key = keyBehind('Bearer')(request.headers);
    if (apiKey !== null && key !== apiKey) {
      refuse(response, 401, `Incorrect API key provided: ${String(key)}.`);
      return;
    }
    if (fault !== null && requests <= (fault.requests ?? 1)) {
      if (fault.kind === 'drop') request.socket.destroy();
      else if (fault.kind === 'refuse') {
        response.writeHead(fault.status).end(fault.body ?? errorBody('As told.'));
      } else if (fault.kind === 'answer') response.writeHead(200).end(fault.body);
      return;
    }
    const contentType = request.headers['content-type'] ?? '';
    if (!contentType.startsWith('multipart/form-data')) {
      refuse(response, 400, 'not a form');
      return;
    }
    // Small bodies of this machine's: what the platform has will do.
    // eslint-disable-next-line @typescript-eslint/no-deprecated
    const form = await new Response(body, { headers: { 'content-type': contentType } }).formData();
    const file = form.get('file');
    const fields: Record<string, string> = {};
    for (const [name, value] of form) if (typeof value === 'string') fields[name] = value;
    forms.push(fields);
    if (!(file instanceof File) || fields['model'] === undefined) {
      refuse(response, 400, 'file and model are needed');
      return;
    }
    if (file.size < 44 + 3200) {
      refuse(response, 400, 'Audio file is too short.');
      return;
    }
    const text = recognise(new Uint8Array(await file.arrayBuffer()));
    clock.timerAt(clock.nowMs() + drawDelayMs(delayMs, random), () => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ text }));
    });
  };
  const server = createServer((request, response) => {
    requests += 1;
    response.on('close', () => {
      if (!response.writableFinished) aborted += 1;
    });
    answer(request, response).catch(() => response.destroy());
  });
  const connections = new Set<Duplex>();
  server.on('connection', (connection: Duplex) => {
    connections.add(connection);
    connection.on('close', () => connections.delete(connection));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    get stats() {
      return { requests, aborted, audioMs, violations, forms };
    },
    close: () => {
      for (const connection of connections) connection.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<Buffer<ArrayBuffer>> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}
