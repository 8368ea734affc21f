import type { Logger } from '../../src/ports/log.ts';
import type {
  ByteRange,
  GrowingFile,
  RecordedFile,
  RecordingPlan,
  RecordingPort,
  RecordingSink,
} from '../../src/ports/recording.ts';
import type { Clock, Timer } from '../../src/time/clock.ts';
import type { FileWrite, RecordingsReply, RecordingsRequest, RecordingsStart } from './messages.ts';
import { endFinished, openThread, workerBeside, type Thread } from '../shared/thread.ts';
import { readFromFolder } from './read-folder.ts';
import { S3Store } from './s3-store.ts';

export interface RecordingThreadOptions extends RecordingsStart {
  readonly clock: Clock;
  readonly log: Logger;
  /** Most bytes on their way to the thread; a call that brings more loses its recording. */
  readonly waitingLimitBytes?: number;
  /** Most calls recorded at once (a count). */
  readonly callLimit?: number;
}

/** Writes are gathered for so long, ms: a message to a thread costs more than a frame of audio. */
const gatherMs = 200;
/** Longest wait for recordings to be put together at the end, ms. */
const endLimitMs = 30_000;

/**
 * Recordings, made in a thread of their own. Whatever goes wrong there costs recordings and never
 * touches a call.
 */
export class RecordingThread implements RecordingPort {
  readonly #options: RecordingThreadOptions;
  readonly #bucket: S3Store | null;
  readonly #thread: Thread<RecordingsRequest>;
  readonly #open = new Set<string>();
  readonly #counts = { begun: 0, refused: 0, overflowed: 0, failedInThread: 0 };
  readonly #ended = Promise.withResolvers<undefined>();
  #threadFigures: Readonly<Record<string, number>> = {};
  #gathered: FileWrite[] = [];
  #gatherTimer: Timer | null = null;
  #waitingBytes = 0;
  #gone = false;
  #closing = false;

  constructor(options: RecordingThreadOptions) {
    const { folder, s3, retentionDays, minFreeBytes } = options;
    this.#options = options;
    this.#bucket = s3 === null ? null : new S3Store(s3);
    this.#thread = openThread<RecordingsRequest, RecordingsReply>({
      name: 'recordings',
      file: workerBeside(import.meta.url),
      data: { folder, s3, retentionDays, minFreeBytes } satisfies RecordingsStart,
      keepsAlive: false,
      message: (reply) => this.#told(reply),
      lost: (reason) => this.#lost(reason),
    });
  }

  begin(callId: string, place: string): RecordingSink | null {
    const { callLimit = 500 } = this.#options;
    if (this.#gone || this.#closing || this.#open.size >= callLimit) {
      this.#counts.refused += 1;
      return null;
    }
    this.#counts.begun += 1;
    this.#open.add(callId);
    this.#send({ type: 'begin', callId, place });
    return {
      write: (growing, content) => this.#write(callId, growing, content),
      finish: (plan) => this.#finish(callId, plan),
      discard: () => this.#discard(callId),
    };
  }

  async read(place: string, file: string, range: ByteRange | null): Promise<RecordedFile | null> {
    const { folder } = this.#options;
    if (this.#bucket === null) return await readFromFolder(folder, place, file, range);
    // What is on its way to the bucket is still here.
    const waiting = await readFromFolder(`${folder}/.upload`, place, file, range);
    return waiting ?? (await this.#bucket.get(`${place}/${file}`, range));
  }

  figures(): Readonly<Record<string, number>> {
    return {
      ...this.#counts,
      ...this.#threadFigures,
      open: this.#open.size,
      waitingBytes: this.#waitingBytes,
    };
  }

  async close(): Promise<void> {
    if (!this.#closing && !this.#gone) {
      this.#closing = true;
      this.#thread.ref();
      this.#send({ type: 'close' });
    }
    const { clock } = this.#options;
    await endFinished(this.#thread, this.#ended.promise, { clock, limitMs: endLimitMs });
    this.#gatherTimer?.cancel();
  }

  #write(callId: string, file: GrowingFile, content: Uint8Array | string): void {
    if (!this.#open.has(callId)) return;
    // Its own memory: the audio's is the call's, and a pool's would be cloned as a whole.
    const bytes =
      typeof content === 'string' ? new TextEncoder().encode(`${content}\n`) : content.slice();
    const { waitingLimitBytes = 64 * 1024 * 1024, clock } = this.#options;
    if (this.#waitingBytes + bytes.byteLength > waitingLimitBytes) {
      this.#counts.overflowed += 1;
      this.#give(callId, 'the disk does not keep up');
      return;
    }
    this.#waitingBytes += bytes.byteLength;
    this.#gathered.push({ callId, file, bytes });
    this.#gatherTimer ??= clock.timerAt(clock.nowMs() + gatherMs, () => this.#flush());
  }

  #finish(callId: string, plan: RecordingPlan): void {
    if (this.#open.has(callId)) this.#send({ type: 'finish', callId, plan });
  }

  #discard(callId: string): void {
    if (this.#open.delete(callId)) this.#send({ type: 'discard', callId });
  }

  /** The call goes on without its recording. */
  #give(callId: string, reason: string): void {
    if (!this.#open.has(callId)) return;
    this.#discard(callId);
    this.#options.log.warn('recording.lost', { callId, reason });
  }

  #flush(): void {
    this.#gatherTimer?.cancel();
    this.#gatherTimer = null;
    if (this.#gathered.length === 0 || this.#gone) return;
    const writes = joined(this.#gathered);
    this.#gathered = [];
    const transfer = writes.map(({ bytes }) => bytes.buffer as ArrayBuffer);
    this.#thread.send({ type: 'write', writes }, transfer);
  }

  #send(request: RecordingsRequest): void {
    this.#flush();
    this.#thread.send(request);
  }

  #told(reply: RecordingsReply): void {
    const { log } = this.#options;
    switch (reply.type) {
      case 'ready':
        if (reply.problem !== null) log.error('recordings.unusable', { reason: reply.problem });
        return;
      case 'written':
        this.#waitingBytes -= reply.bytes;
        return;
      case 'failed':
        this.#counts.failedInThread += 1;
        if (this.#open.delete(reply.callId)) {
          log.warn('recording.lost', { callId: reply.callId, reason: reply.reason });
        }
        return;
      case 'finished':
        this.#open.delete(reply.callId);
        log.info('recording.finished', { callId: reply.callId });
        return;
      case 'figures':
        this.#threadFigures = reply.figures;
        return;
      case 'closed':
        this.#ended.resolve(undefined);
    }
  }

  #lost(reason: string): void {
    this.#ended.resolve(undefined);
    if (this.#gone) return;
    this.#gone = true;
    this.#open.clear();
    this.#gathered = [];
    this.#waitingBytes = 0;
    if (this.#closing) return;
    this.#options.log.error('recordings.gone', { reason });
  }
}

/** One write for each file: pieces that follow each other become one. */
function joined(writes: readonly FileWrite[]): readonly FileWrite[] {
  const byFile = new Map<string, { first: FileWrite; pieces: Uint8Array[]; bytes: number }>();
  for (const write of writes) {
    const key = `${write.callId} ${write.file}`;
    const known = byFile.get(key);
    if (known === undefined) {
      byFile.set(key, { first: write, pieces: [write.bytes], bytes: write.bytes.byteLength });
    } else {
      known.pieces.push(write.bytes);
      known.bytes += write.bytes.byteLength;
    }
  }
  return [...byFile.values()].map(({ first, pieces, bytes }) => {
    const all = new Uint8Array(bytes);
    let at = 0;
    for (const piece of pieces) {
      all.set(piece, at);
      at += piece.byteLength;
    }
    return { ...first, bytes: all };
  });
}
