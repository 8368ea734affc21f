import { mkdir, readdir, rename, rm, statfs, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { GrowingFile, RecordingPlan } from '../../src/ports/recording.ts';
import type { Clock, Timer } from '../../src/time/clock.ts';
import { writeFlac } from './assemble.ts';
import { growingFiles, openOwned, ownerOnly, PendingCall, type OpenFile } from './pending-call.ts';
import { S3Store, type S3Options } from './s3-store.ts';
import { Uploads } from './uploads.ts';

export interface HouseOptions {
  /** Where recordings lie, or wait for their bucket. */
  readonly folder: string;
  /** Recordings go there; `null`: they stay in the folder. */
  readonly s3: S3Options | null;
  /** Days after which a recording in the folder is deleted; `null`: never. */
  readonly retentionDays: number | null;
  /** Nothing more is recorded below so much free space, bytes. */
  readonly minFreeBytes: number;
  readonly clock: Clock;
  readonly openFile?: OpenFile;
}

/** What the house counts. */
interface HouseFigures {
  recorded: number;
  failed: number;
  discarded: number;
  refusedForSpace: number;
  lostByRestart: number;
  deletedByAge: number;
  flacBytes: number;
  uploaded: number;
  uploadFailures: number;
  uploadsWaiting: number;
}

const sweepEveryMs = 3_600_000;
const dayMs = 86_400_000;

/** Keeps recordings in a folder: those under way, those finished, and those on their way to a bucket. */
export class RecordingHouse {
  readonly #options: HouseOptions;
  readonly #calls = new Map<string, { readonly place: string; readonly pending: PendingCall }>();
  readonly #finishing = new Set<Promise<void>>();
  readonly #uploads: Uploads | null;
  readonly #openFile: OpenFile;
  readonly #counts = {
    ...{ recorded: 0, failed: 0, discarded: 0, refusedForSpace: 0 },
    ...{ lostByRestart: 0, deletedByAge: 0, flacBytes: 0 },
  };
  #full = false;
  #timer: Timer | null = null;

  constructor(options: HouseOptions) {
    const { s3, clock, folder, openFile = openOwned } = options;
    this.#options = options;
    this.#openFile = openFile;
    this.#uploads =
      s3 === null
        ? null
        : new Uploads({ folder: join(folder, '.upload'), s3: new S3Store(s3), clock });
  }

  /** Makes the folder, clears away what a process that ended left behind. @throws Error */
  async open(): Promise<void> {
    const { folder } = this.#options;
    await mkdir(folder, { recursive: true, mode: ownerOnly.folder });
    const left = await readdir(join(folder, '.pending')).catch(() => []);
    // What was to be silent in them is not known any more.
    await rm(join(folder, '.pending'), { recursive: true, force: true });
    this.#counts.lostByRestart = left.length;
    await this.#uploads?.open();
    await this.sweep();
  }

  get figures(): HouseFigures {
    const { uploaded = 0, failures = 0, waiting = 0 } = this.#uploads?.figures ?? {};
    return {
      ...this.#counts,
      ...{ uploaded, uploadFailures: failures, uploadsWaiting: waiting },
    };
  }

  /** @returns why it cannot be recorded, or `null` */
  begin(callId: string, place: string): string | null {
    if (this.#full) {
      this.#counts.refusedForSpace += 1;
      return 'the disk is nearly full';
    }
    const folder = join(this.#options.folder, '.pending', callId);
    this.#calls.set(callId, { place, pending: new PendingCall(folder, this.#openFile) });
    return null;
  }

  /** @returns why it cannot be recorded any more, or `null` */
  async write(callId: string, file: GrowingFile, bytes: Uint8Array): Promise<string | null> {
    const call = this.#calls.get(callId);
    if (call === undefined) return null;
    await call.pending.write(file, bytes);
    const { failure } = call.pending;
    if (failure === null) return null;
    this.#calls.delete(callId);
    this.#counts.failed += 1;
    await call.pending.discard();
    return failure.message;
  }

  /** Resolves with why there is no recording, or `null`. */
  async finish(callId: string, plan: RecordingPlan): Promise<string | null> {
    const call = this.#calls.get(callId);
    if (call === undefined) return 'nothing was recorded';
    this.#calls.delete(callId);
    const work = this.#assemble(call.place, call.pending, plan);
    const settled = work.then(
      () => undefined,
      () => undefined,
    );
    this.#finishing.add(settled);
    try {
      await work;
      this.#counts.recorded += 1;
      return null;
    } catch (thrown) {
      this.#counts.failed += 1;
      await call.pending.discard();
      return thrown instanceof Error ? thrown.message : 'unknown failure';
    } finally {
      this.#finishing.delete(settled);
    }
  }

  async discard(callId: string): Promise<void> {
    const call = this.#calls.get(callId);
    this.#calls.delete(callId);
    this.#counts.discarded += 1;
    await call?.pending.discard();
  }

  /** Deletes what is too old and looks how much room there is; again every hour. */
  async sweep(): Promise<void> {
    const { clock, folder, minFreeBytes, retentionDays, s3 } = this.#options;
    this.#timer?.cancel();
    this.#timer = clock.timerAt(clock.nowMs() + sweepEveryMs, () => void this.sweep());
    const room = await statfs(folder).catch(() => null);
    this.#full = room !== null && room.bavail * room.bsize < minFreeBytes;
    if (retentionDays !== null && s3 === null) {
      await this.#deleteBefore(clock.epochMs() - retentionDays * dayMs).catch(() => undefined);
    }
  }

  /** Waits for what is being put together; what is still going on is thrown away. */
  async close(): Promise<void> {
    this.#timer?.cancel();
    await Promise.all(this.#finishing);
    await Promise.all([...this.#calls.keys()].map((callId) => this.discard(callId)));
    await this.#uploads?.close();
  }

  async #assemble(place: string, pending: PendingCall, plan: RecordingPlan): Promise<void> {
    const { folder } = pending;
    await pending.finish(async () => {
      const sounds = {
        caller: await pending.opened('caller'),
        agent: await pending.opened('agent'),
      };
      this.#counts.flacBytes += await writeFlac(folder, plan, sounds, this.#openFile);
      for (const [name, text] of Object.entries(plan.documents)) {
        await writeFile(join(folder, name), text, { mode: ownerOnly.file });
      }
    });
    for (const name of [growingFiles.caller, growingFiles.agent, 'caller.converted']) {
      await rm(join(folder, name), { force: true });
    }
    const home =
      this.#uploads === null ? this.#options.folder : join(this.#options.folder, '.upload');
    const target = join(home, ...place.split('/'));
    await mkdir(dirname(target), { recursive: true, mode: ownerOnly.folder });
    await rename(folder, target);
    this.#uploads?.add(place);
  }

  /** A day's folder goes when all of the day is older. */
  async #deleteBefore(epochMs: number): Promise<void> {
    const { folder } = this.#options;
    for (const year of await namesIn(folder, /^\d{4}$/)) {
      for (const month of await namesIn(join(folder, year), /^\d\d$/)) {
        for (const day of await namesIn(join(folder, year, month), /^\d\d$/)) {
          const endMs = Date.parse(`${year}-${month}-${day}T00:00:00Z`) + dayMs;
          if (!(endMs <= epochMs)) continue;
          const path = join(folder, year, month, day);
          this.#counts.deletedByAge += (await readdir(path)).length;
          await rm(path, { recursive: true, force: true });
        }
      }
    }
  }
}

async function namesIn(folder: string, pattern: RegExp): Promise<readonly string[]> {
  return (await readdir(folder)).filter((name) => pattern.test(name));
}
