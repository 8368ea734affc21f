import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { judge, type Heard, type Verdict } from './judge.ts';

interface Question {
  readonly id: number;
  readonly heard: Heard;
  readonly expected: readonly number[];
  readonly aboutMs: number | null;
}

interface Answer {
  readonly id: number;
  readonly verdict: Verdict;
}

/** Judges in a thread of its own: callers in real time cannot wait for it. */
export class JudgeThread {
  readonly #worker = new Worker(new URL(import.meta.url));
  readonly #waiting = new Map<number, PromiseWithResolvers<Verdict>>();
  #ids = 0;

  constructor() {
    this.#worker.on('message', ({ id, verdict }: Answer) => {
      this.#waiting.get(id)?.resolve(verdict);
      this.#waiting.delete(id);
    });
    this.#worker.on('error', (error: Error) => {
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    });
  }

  judge(heard: Heard, expected: readonly number[], aboutMs: number | null): Promise<Verdict> {
    this.#ids += 1;
    const done = Promise.withResolvers<Verdict>();
    this.#waiting.set(this.#ids, done);
    const question: Question = { id: this.#ids, heard, expected, aboutMs };
    this.#worker.postMessage(question);
    return done.promise;
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}

if (!isMainThread && parentPort !== null) {
  const port = parentPort;
  port.on('message', ({ id, heard, expected, aboutMs }: Question) => {
    const answer: Answer = { id, verdict: judge(heard, expected, aboutMs) };
    port.postMessage(answer);
  });
}
