import { isUtf8 } from 'node:buffer';
import type { Logger } from '../../src/ports/log.ts';
import type { Clock, Timer } from '../../src/time/clock.ts';
import {
  wireFormat,
  type WireDirection,
  type WireEnd,
  type WireEntry,
  type WireOpening,
  type WireRecording,
} from './wire-record.ts';
import { addressWithoutSecrets, wireWithoutSecrets } from './wire-secrets.ts';

/** A file that is written to from its beginning. */
export interface WireSink {
  appendFile(text: string): Promise<void>;
  close(): Promise<void>;
}

/** Counters of one backend's recordings. */
export type WireCounters = Record<
  'wireFramesRecorded' | 'wireFramesDropped' | 'wireBytesWritten' | 'wireWritesFailed',
  number
>;

export interface WireFileOptions {
  readonly opening: WireOpening;
  /** Name and type of the backend. */
  readonly backend: string;
  readonly type: string;
  readonly startedAt: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Longest file, bytes. */
  readonly limitBytes: number;
  readonly counters: WireCounters;
  readonly create: () => Promise<WireSink>;
  /** The file is closed, or never came about. */
  readonly onClosed: () => void;
}

interface Frame {
  readonly atMs: number;
  readonly direction: WireDirection;
  readonly isBinary: boolean;
  readonly data: string | Buffer;
}

/** A frame that waits to be written, or what is written around frames. */
type Pending = Frame | { readonly atMs: number; readonly entry: WireEntry };

/** Frames are written this much later, together, ms. */
const writeAfterMs = 200;
/** Frames that wait for a slow disk, bytes; more are dropped and counted. */
const pendingLimitBytes = 4 * 1024 * 1024;

/**
 * One connection's recording. A frame costs the call a copy of its bytes; secrets are taken out and
 * the disk is met later. A disk that fails ends the recording and nothing else.
 */
export class WireFile implements WireRecording {
  readonly #options: WireFileOptions;
  readonly #beganMs: number;
  #pending: Pending[] = [];
  #pendingBytes = 0;
  /** Frames dropped since the last one that was taken (a count). */
  #missing = 0;
  #leftBytes: number;
  #timer: Timer | null = null;
  #writing: Promise<void> | null = null;
  #sink: WireSink | null = null;
  /** Takes no more frames: it is full, failed, or finished. */
  #ended = false;
  #failed = false;
  #finished: Promise<void> | null = null;

  constructor(options: WireFileOptions) {
    const { opening, backend, type, startedAt, clock, limitBytes } = options;
    this.#options = options;
    this.#beganMs = clock.nowMs();
    this.#leftBytes = limitBytes;
    const { url, headers, secret } = opening;
    this.#note({
      atMs: 0,
      direction: 'up',
      kind: 'open',
      format: wireFormat,
      backend,
      type,
      startedAt,
      url: addressWithoutSecrets(url, secret),
      headers: Object.keys(headers),
    });
  }

  opened(): void {
    if (!this.#ended) this.#note({ atMs: this.#atMs(), direction: 'down', kind: 'open' });
  }

  frame(direction: WireDirection, data: string | Buffer, isBinary: boolean): void {
    const { counters } = this.#options;
    if (this.#ended || this.#pendingBytes + data.length > pendingLimitBytes) {
      if (this.#finished === null) counters.wireFramesDropped += 1;
      this.#missing += 1;
      return;
    }
    this.#noteMissing();
    const copy = typeof data === 'string' ? data : Buffer.from(data);
    this.#pending.push({ atMs: this.#atMs(), direction, isBinary, data: copy });
    this.#pendingBytes += copy.length;
    this.#wake();
  }

  closed(direction: WireDirection, { code, reason }: WireEnd): void {
    if (this.#finished !== null) return;
    if (!this.#ended) {
      this.#noteMissing();
      this.#note({ atMs: this.#atMs(), direction, kind: 'close', code, reason });
    }
    void this.finish();
  }

  /** Writes what is left and closes the file. Idempotent; never rejects. */
  finish(): Promise<void> {
    this.#finished ??= this.#finish();
    return this.#finished;
  }

  async #finish(): Promise<void> {
    this.#ended = true;
    this.#timer?.cancel();
    await this.#writing;
    await this.#write();
    const sink = this.#sink;
    this.#sink = null;
    await sink?.close().catch(() => undefined);
    this.#options.onClosed();
  }

  #atMs(): number {
    return Math.round((this.#options.clock.nowMs() - this.#beganMs) * 10) / 10;
  }

  #note(entry: WireEntry): void {
    this.#pending.push({ atMs: entry.atMs, entry });
    this.#wake();
  }

  #noteMissing(): void {
    if (this.#missing === 0) return;
    this.#note({ atMs: this.#atMs(), kind: 'gap', frames: this.#missing });
    this.#missing = 0;
  }

  #wake(): void {
    if (this.#timer !== null || this.#ended) return;
    const { clock } = this.#options;
    this.#timer = clock.timerAt(clock.nowMs() + writeAfterMs, () => {
      this.#timer = null;
      // A write that is under way takes what came meanwhile along when it is done.
      this.#writing ??= this.#write().finally(() => (this.#writing = null));
    });
  }

  /** Until nothing is left; never rejects. */
  async #write(): Promise<void> {
    while (this.#pending.length > 0) {
      const taken = this.#pending;
      this.#pending = [];
      this.#pendingBytes = 0;
      if (this.#failed) continue;
      const text = this.#lines(taken);
      try {
        this.#sink ??= await this.#options.create();
        if (text !== '') await this.#sink.appendFile(text);
        this.#options.counters.wireBytesWritten += Buffer.byteLength(text);
      } catch (thrown) {
        this.#give(thrown);
      }
    }
  }

  #lines(taken: readonly Pending[]): string {
    const { counters } = this.#options;
    let text = '';
    for (const one of taken) {
      const isFrame = !('entry' in one);
      if (this.#leftBytes === 0) {
        if (isFrame) counters.wireFramesDropped += 1;
        continue;
      }
      const line = `${JSON.stringify('entry' in one ? one.entry : this.#entry(one))}\n`;
      const bytes = Buffer.byteLength(line);
      if (bytes > this.#leftBytes) {
        this.#leftBytes = 0;
        this.#ended = true;
        if (isFrame) counters.wireFramesDropped += 1;
        text += `${JSON.stringify({ atMs: one.atMs, kind: 'gap', frames: null } satisfies WireEntry)}\n`;
        continue;
      }
      this.#leftBytes -= bytes;
      if (isFrame) counters.wireFramesRecorded += 1;
      text += line;
    }
    return text;
  }

  #entry({ atMs, direction, isBinary, data }: Frame): WireEntry {
    const { secret } = this.#options.opening;
    const kind = isBinary ? 'binary' : 'text';
    if (typeof data !== 'string' && isBinary && !isUtf8(data)) {
      return { atMs, direction, kind: 'binary', base64: data.toString('base64') };
    }
    const text = typeof data === 'string' ? data : data.toString('utf8');
    return { atMs, direction, kind, data: wireWithoutSecrets(text, secret) };
  }

  #give(thrown: unknown): void {
    const { backend, counters, log } = this.#options;
    this.#failed = true;
    this.#ended = true;
    counters.wireWritesFailed += 1;
    const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'no code';
    log.warn('wire.not_recorded', { backend, code });
  }
}
