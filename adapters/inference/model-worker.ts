import type { StreamFrame } from '../../src/ports/backend.ts';
import { CallError } from '../../src/ports/errors.ts';
import type { Clock, Timer } from '../../src/time/clock.ts';
import type { FrameOutput } from './frame-output.ts';
import { inputFrameSamples, outputFrameSamples, type ToolResult } from './manifest.ts';
import type { FromModel } from './messages.ts';
import { openModelThread, type ModelLink, type OpenModelLink } from './model-link.ts';
import type { ModelPackage } from './model-package.ts';
import { ModelFigures } from './model-figures.ts';
import { RowInput, type InputFrame } from './row-input.ts';

/** A frame of the model's, and what it says of it. */
export interface ModelFrame extends Pick<
  StreamFrame,
  'startSample' | 'bytes' | 'heardInputSample' | 'late'
> {
  readonly output: FrameOutput;
}

/** Whoever sits behind a row. Called on the main thread; must not throw. */
export interface RowHandlers {
  /** Frames come in order, one for each frame of input. The bytes are handed over. */
  readonly frame: (frame: ModelFrame) => void;
  /** Input was thrown away, in samples at the input rate. */
  readonly dropped: (samples: number) => void;
  /** The row is over; nothing follows. */
  readonly failed: (error: CallError) => void;
}

/** One call's place in the model. */
export interface ModelRow {
  /**
   * @param bytes whole 16-bit samples at the package's input rate; kept until used
   * @param startSample position of the first on the uplink
   */
  push(bytes: Uint8Array, startSample: number): void;
  /** Tells the model with its next frame; what the package has no number for is not told. */
  toolResult(result: ToolResult): void;
  /** Idempotent. Frees the row for another call; nothing is reported after it. */
  close(): void;
}

export interface ModelWorkerOptions {
  readonly model: ModelPackage;
  readonly clock: Clock;
  /** Starts the thread; the real one unless told otherwise. */
  readonly openLink?: OpenModelLink;
}

/** How long a finished frame may wait for those of other calls, ms. */
const gatherMs = 4;
/** How often time passes for the rows' inputs, ms. */
const pollMs = 20;
/** Tool results that may wait for frames (a count); more are not told. */
const toolResultLimit = 64;
/** A batch that takes longer than this never ends: the thread is given up, ms. */
const stuckMs = 10_000;

interface Row {
  readonly slot: number;
  readonly input: RowInput;
  readonly handlers: RowHandlers;
  /** Numbers of tool results that were not told yet, one a frame. */
  readonly toolResults: number[];
  frames: number;
  droppedSamples: number;
}

interface Batch {
  readonly rows: readonly Row[];
  readonly frames: readonly InputFrame[];
  readonly sentAtMs: number;
}

/**
 * The main thread's side of one model package: its thread, its rows, and the tick. One batch is
 * under way at a time; frames that become ready meanwhile go together into the next. When the
 * thread dies or a run fails, every row fails with `model_unavailable`, and `prepare` starts anew.
 */
export class ModelWorker {
  readonly #model: ModelPackage;
  readonly #clock: Clock;
  readonly #openLink: OpenModelLink;
  readonly #figures = new ModelFigures();
  readonly #rows = new Map<number, Row>();
  #link: ModelLink | null = null;
  #loading: PromiseWithResolvers<undefined> | null = null;
  #batch: Batch | null = null;
  #gather: Timer | null = null;
  #poll: Timer | null = null;

  constructor({ model, clock, openLink = openModelThread }: ModelWorkerOptions) {
    this.#model = model;
    this.#clock = clock;
    this.#openLink = openLink;
  }

  get ready(): boolean {
    return this.#link !== null && this.#loading === null;
  }

  /**
   * Starts the thread and loads the package: hashes, shapes, a warm-up. Does nothing when that was
   * done; several callers share one attempt, and one that aborts leaves it to the others.
   * Rejects with `CallError` `model_unavailable`.
   */
  prepare(signal: AbortSignal): Promise<void> {
    if (this.ready) return Promise.resolve();
    if (signal.aborted) return Promise.reject(aborted());
    this.#loading ??= this.#start();
    const loading = this.#loading.promise;
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const onAbort = (): void => reject(aborted());
    signal.addEventListener('abort', onAbort, { once: true });
    loading.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
    return promise;
  }

  /**
   * Takes the lowest free row.
   * @throws CallError `model_unavailable` before `prepare`, `backend_overloaded` when all are taken
   */
  openRow(handlers: RowHandlers): ModelRow {
    const { batch, clock, id } = this.#model.manifest;
    if (!this.ready) throw new CallError('model_unavailable', `model ${id} is not loaded`);
    let slot = 0;
    while (this.#rows.has(slot)) slot += 1;
    if (slot >= batch.maxRows) {
      this.#figures.refusedRows += 1;
      throw new CallError('backend_overloaded', `model ${id} has ${batch.maxRows} calls already`);
    }
    const input = new RowInput({
      rateHz: clock.inputRateHz,
      frameSamples: inputFrameSamples(this.#model.manifest),
      openedAtMs: this.#clock.nowMs(),
    });
    const row: Row = { slot, input, handlers, toolResults: [], frames: 0, droppedSamples: 0 };
    this.#rows.set(slot, row);
    this.#poll ??= this.#clock.timerAt(this.#clock.nowMs() + pollMs, () => this.#onPoll());
    return {
      push: (bytes, startSample) => {
        if (this.#rows.get(slot) !== row) return;
        input.push(bytes, startSample, this.#clock.nowMs());
        this.#noteDrops(row);
        this.#considerBatch();
      },
      toolResult: (result) => {
        const number = this.#model.manifest.streams.tools?.results.indexOf(result) ?? -1;
        if (number > 0 && row.toolResults.length < toolResultLimit) row.toolResults.push(number);
      },
      close: () => {
        if (this.#rows.get(slot) === row) this.#dropRow(row);
      },
    };
  }

  figures(): Readonly<Record<string, number>> {
    let queueFrames = 0;
    let { silenceSamples } = this.#figures;
    for (const { input } of this.#rows.values()) {
      queueFrames += input.readyFrames;
      silenceSamples += input.silenceSamples;
    }
    return {
      ...this.#figures.read(),
      silenceSamples,
      ready: this.ready ? 1 : 0,
      rows: this.#rows.size,
      rowsMax: this.#model.manifest.batch.maxRows,
      queueFrames,
      busy: this.#batch === null ? 0 : 1,
    };
  }

  /** Ends the thread; rows that are open fail. The worker can be prepared again. Idempotent. */
  close(): void {
    this.#fail('it was closed');
  }

  #start(): PromiseWithResolvers<undefined> {
    const loading = Promise.withResolvers<undefined>();
    this.#figures.starts += 1;
    this.#link = this.#openLink(this.#model.folder, {
      message: (message) => this.#onMessage(message),
      lost: (reason) => this.#fail(reason),
    });
    return loading;
  }

  #onMessage(message: FromModel): void {
    switch (message.type) {
      case 'ready':
        this.#loading?.resolve(undefined);
        this.#loading = null;
        return;
      case 'refused':
        this.#fail(message.message, message.message);
        return;
      case 'fault':
        this.#fail(message.message);
        return;
      case 'stepped':
        this.#onStepped(message);
        return;
    }
  }

  #onStepped(result: FromModel & { readonly type: 'stepped' }): void {
    const batch = this.#batch;
    if (batch === null) return;
    this.#batch = null;
    const nowMs = this.#clock.nowMs();
    const { frameMs } = this.#model.manifest.clock;
    const oldestMs = Math.min(...batch.frames.map(({ readyAtMs }) => readyAtMs));
    const delayMs = nowMs - oldestMs;
    this.#figures.batch(batch.rows.length, result.runMs, delayMs, frameMs);
    const late = delayMs > frameMs ? ({ late: true } as const) : {};
    const samples = outputFrameSamples(this.#model.manifest);
    for (const [index, row] of batch.rows.entries()) {
      // A row that was closed meanwhile, and perhaps given to another call, is passed over.
      if (this.#rows.get(row.slot) !== row) continue;
      if (result.full[index] === true) {
        this.#dropRow(row);
        const error = new CallError(
          'session_expired',
          'the model can remember no more of this call',
        );
        row.handlers.failed(error);
        continue;
      }
      const pcm = result.pcm.slice(index * samples, (index + 1) * samples);
      const startSample = row.frames * samples;
      row.frames += 1;
      row.handlers.frame({
        startSample,
        bytes: new Uint8Array(pcm.buffer),
        heardInputSample: batch.frames[index]!.heardSample,
        output: result.outputs[index] ?? silentOutput,
        ...late,
      });
    }
    this.#send();
  }

  #onPoll(): void {
    const nowMs = this.#clock.nowMs();
    this.#poll = this.#clock.timerAt(nowMs + pollMs, () => this.#onPoll());
    if (this.#batch !== null && nowMs - this.#batch.sentAtMs > stuckMs) {
      this.#fail(`a batch did not end within ${stuckMs} ms`);
      return;
    }
    for (const row of this.#rows.values()) {
      row.input.poll(nowMs);
      this.#noteDrops(row);
    }
    this.#considerBatch();
  }

  #noteDrops(row: Row): void {
    const { droppedSamples } = row.input;
    if (droppedSamples === row.droppedSamples) return;
    const samples = droppedSamples - row.droppedSamples;
    row.droppedSamples = droppedSamples;
    this.#figures.droppedSamples += samples;
    row.handlers.dropped(samples);
  }

  /** Sends what is ready: at once when no other row could join, else after a moment. */
  #considerBatch(): void {
    if (this.#batch !== null) return;
    let ready = 0;
    for (const { input } of this.#rows.values()) if (input.readyFrames > 0) ready += 1;
    if (ready === 0) return;
    if (ready === this.#rows.size) this.#send();
    else this.#gather ??= this.#clock.timerAt(this.#clock.nowMs() + gatherMs, () => this.#send());
  }

  #send(): void {
    this.#gather?.cancel();
    this.#gather = null;
    if (this.#batch !== null || this.#link === null) return;
    const rows: Row[] = [];
    const frames: InputFrame[] = [];
    for (const row of this.#rows.values()) {
      const frame = row.input.take();
      if (frame === null) continue;
      rows.push(row);
      frames.push(frame);
    }
    if (rows.length === 0) return;
    const samples = inputFrameSamples(this.#model.manifest);
    const pcm = new Int16Array(rows.length * samples);
    for (const [index, frame] of frames.entries()) pcm.set(frame.pcm, index * samples);
    this.#batch = { rows, frames, sentAtMs: this.#clock.nowMs() };
    const toolResults = rows.map((row) => row.toolResults.shift() ?? 0);
    this.#link.send({ type: 'step', slots: rows.map(({ slot }) => slot), pcm, toolResults });
  }

  #dropRow(row: Row): void {
    this.#rows.delete(row.slot);
    this.#figures.silenceSamples += row.input.silenceSamples;
    this.#link?.send({ type: 'leave', slot: row.slot });
    if (this.#rows.size === 0) this.#stopTimers();
  }

  #stopTimers(): void {
    this.#gather?.cancel();
    this.#gather = null;
    this.#poll?.cancel();
    this.#poll = null;
  }

  #fail(reason: string, message = `model ${this.#model.manifest.id} stopped: ${reason}`): void {
    this.#link?.end();
    this.#link = null;
    this.#batch = null;
    this.#stopTimers();
    const error = new CallError('model_unavailable', message);
    this.#loading?.reject(error);
    this.#loading = null;
    const rows = [...this.#rows.values()];
    this.#rows.clear();
    for (const { handlers, input } of rows) {
      this.#figures.silenceSamples += input.silenceSamples;
      handlers.failed(error);
    }
  }
}

const silentOutput: FrameOutput = { mark: null, text: null, words: null, slots: null, call: null };

function aborted(): CallError {
  return new CallError('model_unavailable', 'loading the model was given up');
}
