import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';

import type { DownloadFile } from './model-download.ts';
import { ModelError } from './model-error.ts';

export interface FetchFileOptions {
  readonly source: DownloadFile;
  readonly url: URL;
  /** Where it goes once it is whole; until then it grows beside it as `<target>.part`. */
  readonly target: string;
  /** Called as bytes arrive; `doneBytes` begins with what an earlier attempt left. */
  readonly onProgress: (doneBytes: number) => void;
  /** Longest wait for the answer, and for each further piece of it, ms. */
  readonly stallMs: number;
}

/** Attempts that are made while each brings at least some bytes. */
const mostAttempts = 5;

type Outcome =
  | { readonly kind: 'whole' }
  /** The connection ended early: worth going on from where it is. */
  | { readonly kind: 'broken'; readonly reason: string }
  /** What an earlier attempt left does not fit what the server has. */
  | { readonly kind: 'unusable'; readonly reason: string };

/**
 * Fetches a file, going on where an earlier attempt was broken off, and puts it in its place only
 * when its size and SHA-256 are right.
 * @throws ModelError saying what to do
 */
export async function fetchFile(options: FetchFileOptions): Promise<void> {
  const { source, target } = options;
  const part = `${target}.part`;
  await mkdir(dirname(target), { recursive: true });
  let reason = '';
  for (let attempt = 0, restarted = false; attempt < mostAttempts; attempt += 1) {
    const before = await sizeOf(part);
    const outcome = before === source.sizeBytes ? whole : await append(options, part, before);
    if (outcome.kind === 'whole') {
      const found = await sha256Of(part);
      if (found === source.sha256) {
        await rename(part, target);
        return;
      }
      await rm(part);
      reason = `has SHA-256 ${found}, expected ${source.sha256}`;
      // What was left by an earlier attempt may be of another file: once more, from the beginning.
      if (before === 0 || restarted) throw new ModelError(`${options.url.href} ${reason}`);
      restarted = true;
    } else if (outcome.kind === 'unusable') {
      reason = outcome.reason;
      await rm(part, { force: true });
      if (before === 0 || restarted) break;
      restarted = true;
    } else {
      reason = outcome.reason;
      if ((await sizeOf(part)) <= before) break;
    }
  }
  const done = await sizeOf(part);
  const left =
    done > 0 ? ` ${done} of ${source.sizeBytes} bytes are kept: run it again to go on.` : '';
  throw new ModelError(`${options.url.href} ${reason}.${left}`);
}

const whole: Outcome = { kind: 'whole' };

/** One request, for what is missing. */
async function append(
  { source, url, target, onProgress, stallMs }: FetchFileOptions,
  part: string,
  fromBytes: number,
): Promise<Outcome> {
  if (fromBytes > source.sizeBytes) return unusable('left more than the whole file here');
  const controller = new AbortController();
  const watch = new StallWatch(stallMs, controller);
  try {
    const response = await fetch(url, {
      headers: fromBytes > 0 ? { range: `bytes=${fromBytes}-` } : {},
      signal: controller.signal,
    });
    watch.touch();
    const begin = beginOf(response, fromBytes);
    if (typeof begin !== 'number') {
      await response.body?.cancel();
      return begin;
    }
    const file = await open(part, begin === 0 ? 'w' : 'a');
    let done = begin;
    try {
      const pieces: AsyncIterable<Uint8Array> | null = response.body;
      for await (const piece of pieces ?? []) {
        watch.touch();
        done += piece.length;
        if (done > source.sizeBytes) {
          return unusable(`is longer than the ${source.sizeBytes} bytes it should have`);
        }
        await file.writeFile(piece);
        onProgress(done);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    return done === source.sizeBytes ? whole : broken('ended early');
  } catch (error) {
    // A full disk or a folder that may not be written is not the server's doing.
    if (isFileError(error)) throw new ModelError(`${part}: ${error.message}`, { cause: error });
    return broken(
      watch.stalled ? `sent nothing for ${stallMs / 1000} s` : failureText(error, target),
    );
  } finally {
    watch.stop();
  }
}

/** Where the answer's bytes belong, or why there are none that can be used. */
function beginOf(response: Response, fromBytes: number): number | Outcome {
  switch (response.status) {
    case 200:
      return 0;
    case 206: {
      const range = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '');
      return Number(range?.[1]) === fromBytes ? fromBytes : unusable('sent another range');
    }
    case 416:
      return unusable('has not the bytes that are missing here');
    case 404:
      throw new ModelError(`${response.url} is not there (404). Is --from the right folder?`);
    default:
      return broken(`answered ${response.status}`);
  }
}

/** Ends a request that brings nothing for too long. */
class StallWatch {
  readonly #stallMs: number;
  readonly #controller: AbortController;
  #timer: NodeJS.Timeout;
  stalled = false;

  constructor(stallMs: number, controller: AbortController) {
    this.#stallMs = stallMs;
    this.#controller = controller;
    this.#timer = this.#start();
  }

  touch(): void {
    this.stop();
    this.#timer = this.#start();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #start(): NodeJS.Timeout {
    return setTimeout(() => {
      this.stalled = true;
      this.#controller.abort();
    }, this.#stallMs);
  }
}

const broken = (reason: string): Outcome => ({ kind: 'broken', reason });
const unusable = (reason: string): Outcome => ({ kind: 'unusable', reason });

function isFileError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'path' in error;
}

/** `fetch` hides what happened in the cause of "fetch failed". */
function failureText(error: unknown, target: string): string {
  if (!(error instanceof Error)) return 'failed';
  const cause = error.cause;
  const inner = cause instanceof Error && 'code' in cause ? String(cause.code) : error.message;
  switch (inner) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'ENETUNREACH':
    case 'ECONNREFUSED':
    case 'EHOSTUNREACH':
    case 'ETIMEDOUT':
    case 'UND_ERR_CONNECT_TIMEOUT':
      return (
        `cannot be reached (${inner}). Without a way there, fetch it elsewhere and name a server ` +
        `that has it with --from, or copy it to ${target} and run models verify`
      );
    case 'UND_ERR_SOCKET':
    case 'ECONNRESET':
    case 'terminated':
      return 'ended early';
    default:
      return `failed (${inner})`;
  }
}

/** Size of a file, 0 when there is none. */
async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch {
    return 0;
  }
}

/** SHA-256 of a file, lower-case hex. */
export async function sha256Of(path: string): Promise<string> {
  const hash: Hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
