import type { BackendEvent, BackendPort, BackendSession } from '../../ports/backend.ts';
import type { DetectorPort, DetectorScore } from '../../ports/detector.ts';
import type { EndOfTurnPort, EndOfTurnScore } from '../../ports/end-of-turn.ts';
import type { ToolPort } from '../../ports/tool.ts';
import { BoundedQueue } from '../../streams/bounded-queue.ts';
import type { IdSource } from '../../time/ids.ts';
import { errorOf, type NotedError, type NotedOpening, type NotedTool } from '../inputs.ts';

/** Events of one session that wait (a count). */
const eventLimit = 100_000;

/** Backends that say what they said when the call was recorded, whatever they are told now. */
export class ReplayedBackends {
  readonly ports: readonly BackendPort[];
  readonly #opening = new Map<string, PromiseWithResolvers<BackendSession>[]>();
  readonly #sessions = new Map<number, BoundedQueue<BackendEvent>>();

  constructor(noted: NotedOpening['backends']) {
    this.ports = noted.map(({ name, type, capabilities }) => ({
      name,
      type,
      capabilities,
      prepare: () => Promise.resolve(),
      open: (_context, signal) => {
        const opening = Promise.withResolvers<BackendSession>();
        signal.addEventListener('abort', () => opening.reject(signal.reason as Error), {
          once: true,
        });
        this.#waiting(name).push(opening);
        return opening.promise;
      },
      figures: () => ({}),
      close: () => Promise.resolve(),
    }));
  }

  opened(name: string, n: number): void {
    const events = new BoundedQueue<BackendEvent>({ limit: eventLimit, overflow: 'fail' });
    this.#sessions.set(n, events);
    this.#waiting(name)
      .shift()
      ?.resolve({
        events,
        seed: () => undefined,
        send: () => 'ok',
        close: () => events.close(),
      });
  }

  refused(name: string, error: NotedError): void {
    this.#waiting(name).shift()?.reject(errorOf(error));
  }

  event(n: number, event: BackendEvent): void {
    this.#sessions.get(n)?.push(event);
  }

  ended(n: number): void {
    this.#sessions.get(n)?.close();
  }

  #waiting(name: string): PromiseWithResolvers<BackendSession>[] {
    const known = this.#opening.get(name) ?? [];
    this.#opening.set(name, known);
    return known;
  }
}

interface Ear {
  readonly onScore: (score: DetectorScore) => void;
  readonly onFail: (error: Error) => void;
  open: boolean;
}

/** A detector that gives the scores that were given. */
export class ReplayedDetector implements DetectorPort {
  readonly name = 'replayed';
  readonly rateHz: number;
  readonly frameSamples: number;
  readonly #streams: Ear[] = [];

  constructor({ rateHz, frameSamples }: NonNullable<NotedOpening['detector']>) {
    this.rateHz = rateHz;
    this.frameSamples = frameSamples;
  }

  open(onScore: Ear['onScore'], onFail: Ear['onFail']): ReturnType<DetectorPort['open']> {
    const ear: Ear = { onScore, onFail, open: true };
    this.#streams.push(ear);
    return { push: () => undefined, reset: () => undefined, close: () => (ear.open = false) };
  }

  score(n: number, score: DetectorScore): void {
    const ear = this.#streams[n];
    if (ear?.open === true) ear.onScore(score);
  }

  deaf(n: number, message: string): void {
    this.#streams[n]?.onFail(new Error(message));
  }

  prepare(): Promise<void> {
    return Promise.resolve();
  }
  figures(): Readonly<Record<string, number>> {
    return {};
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** An end-of-turn model that gives the scores that were given. */
export class ReplayedEndOfTurn implements EndOfTurnPort {
  readonly name = 'replayed';
  readonly rateHz: number;
  readonly #streams: { readonly onScore: (score: EndOfTurnScore) => void; open: boolean }[] = [];

  constructor({ rateHz }: NonNullable<NotedOpening['endOfTurn']>) {
    this.rateHz = rateHz;
  }

  open(onScore: (score: EndOfTurnScore) => void): ReturnType<EndOfTurnPort['open']> {
    const stream = { onScore, open: true };
    this.#streams.push(stream);
    const nothing = (): void => undefined;
    return { push: nothing, ask: nothing, reset: nothing, close: () => (stream.open = false) };
  }

  score(n: number, score: EndOfTurnScore): void {
    const stream = this.#streams[n];
    if (stream?.open === true) stream.onScore(score);
  }

  prepare(): Promise<void> {
    return Promise.resolve();
  }
  figures(): Readonly<Record<string, number>> {
    return {};
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Tools whose runs end as they ended, in the order in which they are begun. */
export class ReplayedTools {
  readonly ports: readonly ToolPort[];
  readonly #runs: PromiseWithResolvers<string>[] = [];

  constructor(noted: readonly NotedTool[]) {
    this.ports = noted.map(({ definition, deadlineMs, manner }) => ({
      definition,
      deadlineMs,
      ...(manner === null ? {} : { manner }),
      run: () => {
        const run = Promise.withResolvers<string>();
        this.#runs.push(run);
        return run.promise;
      },
    }));
  }

  answered(n: number, text: string): void {
    this.#runs[n]?.resolve(text);
  }

  failed(n: number, error: NotedError): void {
    this.#runs[n]?.reject(errorOf(error));
  }
}

/** Ids as they were given; new ones where more are asked for. */
export class ReplayedIds implements IdSource {
  readonly #given = new Map<string, string[]>();
  #made = 0;

  given(prefix: string, id: string): void {
    const known = this.#given.get(prefix) ?? [];
    this.#given.set(prefix, known);
    known.push(id);
  }

  next(prefix: string): string {
    const given = this.#given.get(prefix)?.shift();
    if (given !== undefined) return given;
    this.#made += 1;
    return `${prefix}_new${this.#made}`;
  }
}
