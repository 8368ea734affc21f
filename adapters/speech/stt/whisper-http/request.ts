import { z } from 'zod';
import { decodePcm16 } from '../../../../src/audio/pcm16.ts';
import { writeWav } from '../../../../src/audio/wav.ts';
import { CallError } from '../../../../src/ports/errors.ts';
import { withoutSecrets } from '../../../shared/secrets.ts';

export interface TranscriptionRequest {
  readonly baseUrl: string;
  readonly secret: string | null;
  readonly model: string;
  readonly language: string | null;
  readonly prompt: string | null;
  /** PCM16; only read. */
  readonly audio: readonly Uint8Array[];
  readonly rateHz: number;
  readonly signal: AbortSignal;
}

/** What came of a request. */
export interface Transcription {
  readonly text: string;
  /** Seconds that are charged for, as ms; `null` where the server does not say. */
  readonly audioMs: number | null;
}

/** A request that failed: whether another one could do better. */
export class TranscriptionFault extends CallError {
  readonly again: boolean;

  constructor(error: CallError, again: boolean) {
    super(error.code, error.message);
    this.again = again;
  }
}

const answer = z.object({
  text: z.string(),
  usage: z.object({ type: z.string().optional(), seconds: z.number().optional() }).nullish(),
});
const refusal = z.object({
  error: z.union([z.string(), z.object({ code: z.unknown(), message: z.unknown() }).partial()]),
});

/** Between the parts of a form; nothing that is sent holds it but on purpose. */
const boundary = '----parley-5f1c8b0e6d7a49c2';

/** Longest answer, bytes. */
const answerLimitBytes = 1024 * 1024;

/**
 * Has one stretch recognised.
 *
 * @throws TranscriptionFault with the server's own words; whatever `signal` was aborted with
 */
export async function transcribe(request: TranscriptionRequest): Promise<Transcription> {
  const { baseUrl, secret, signal } = request;
  let response: Response;
  let body: string;
  try {
    response = await fetch(`${baseUrl.replace(/\/+$/, '')}/audio/transcriptions`, {
      method: 'POST',
      headers: {
        'Content-Type': `multipart/form-data; boundary=${boundary}`,
        ...(secret === null ? {} : { Authorization: `Bearer ${secret}` }),
      },
      body: form(request),
      // A redirect would carry the key to wherever it points.
      redirect: 'error',
      signal,
    });
    body = await readText(response);
  } catch (thrown) {
    if (signal.aborted) throw signal.reason;
    if (thrown instanceof TranscriptionFault) throw thrown;
    const cannot = new CallError('backend_refused', `the server ${failure(thrown)}`);
    throw new TranscriptionFault(cannot, true);
  }
  if (!response.ok) throw refused(response.status, body, secret);
  return read(body);
}

/**
 * A form with the sound in it, as bytes: a form of the platform's is a stream, and giving up its
 * request while that is read leaves a rejection that nobody can catch.
 */
function form({ audio, rateHz, model, language, prompt }: TranscriptionRequest): Buffer {
  const samples = decodePcm16(Buffer.concat(audio));
  const fields = { model, response_format: 'json', language, prompt };
  const parts: Uint8Array[] = [];
  for (const [name, value] of Object.entries(fields)) {
    if (value === null) continue;
    parts.push(Buffer.from(`${partHead(`name="${name}"`)}\r\n${value}\r\n`));
  }
  const head = partHead('name="file"; filename="speech.wav"');
  parts.push(
    Buffer.from(`${head}Content-Type: audio/wav\r\n\r\n`),
    writeWav({ rateHz, channels: [samples] }),
    Buffer.from(`\r\n--${boundary}--\r\n`),
  );
  return Buffer.concat(parts);
}

function partHead(disposition: string): string {
  return `--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\n`;
}

async function readText(response: Response): Promise<string> {
  if (response.body === null) return '';
  const pieces: Uint8Array[] = [];
  let lengthBytes = 0;
  for await (const piece of response.body as AsyncIterable<Uint8Array>) {
    pieces.push(piece);
    lengthBytes += piece.byteLength;
    if (lengthBytes <= answerLimitBytes) continue;
    const error = new CallError('backend_protocol', 'the server answered with over 1 MiB');
    throw new TranscriptionFault(error, false);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function read(body: string): Transcription {
  let raw: unknown;
  try {
    raw = JSON.parse(body);
  } catch {
    raw = null;
  }
  const parsed = answer.safeParse(raw);
  if (!parsed.success) {
    const error = new CallError('backend_protocol', 'the server answered without a transcript');
    throw new TranscriptionFault(error, false);
  }
  const { text, usage } = parsed.data;
  const audioMs = usage?.seconds === undefined ? null : usage.seconds * 1000;
  return { text: text.trim(), audioMs };
}

function refused(status: number, body: string, secret: string | null): TranscriptionFault {
  const said = withoutSecrets(refusalText(body), secret);
  const message = `the server refused with HTTP ${status}${said === '' ? '' : ` (${said})`}`;
  const isBusy = status === 429 || status === 503;
  const error = new CallError(isBusy ? 'backend_overloaded' : 'backend_refused', message);
  return new TranscriptionFault(error, isBusy || status >= 500);
}

function refusalText(body: string): string {
  try {
    const { error } = refusal.parse(JSON.parse(body));
    if (typeof error === 'string') return error;
    return [error.code, error.message].filter((it) => typeof it === 'string').join(': ');
  } catch {
    return '';
  }
}

/** Words of the operating system's that do not repeat the address. */
function failure(thrown: unknown): string {
  const cause = thrown instanceof Error ? thrown.cause : null;
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : null;
  return `cannot be reached (${typeof code === 'string' ? code : 'no code'})`;
}
