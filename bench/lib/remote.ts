import { fork, type ChildProcess } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** What a process of the benchmark can be asked: a name, one argument, one answer. */
export type Methods = Readonly<Record<string, (argument: never) => unknown>>;

type ArgumentOf<M> = M extends (argument: infer A) => unknown ? A : never;
type AnswerOf<M> = M extends (argument: never) => infer R ? Awaited<R> : never;

interface Asked {
  readonly id: number;
  readonly name: string;
  readonly argument: unknown;
}

type Answered =
  | { readonly id: number; readonly ok: true; readonly answer: unknown }
  | { readonly id: number; readonly ok: false; readonly message: string };

/** How long a process may take to end by itself, ms. */
const endTimeoutMs = 3_000;

/** A process started by the benchmark that answers questions. Owned by who started it. */
export class Remote<Api extends Methods> {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #gone = Promise.withResolvers<null>();
  #lastId = 0;

  /** @param file TypeScript module that calls {@link answerQuestions} */
  constructor(file: URL) {
    // `advanced` carries typed arrays as they are; the child's own output must not reach ours.
    this.#child = fork(fileURLToPath(file), [], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    this.#child.on('message', (message: Answered) => this.#answered(message));
    this.#child.on('error', (error) => this.#end(error));
    this.#child.on('exit', (code) => {
      this.#end(new Error(`${file.pathname} ended with ${code ?? 'a signal'}`));
      this.#gone.resolve(null);
    });
  }

  /** @throws Error when it did not start */
  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('the process did not start');
    return this.#child.pid;
  }

  /** @throws Error what the method threw there, or that the process is gone */
  ask<Name extends keyof Api & string>(
    name: Name,
    argument: ArgumentOf<Api[Name]>,
  ): Promise<AnswerOf<Api[Name]>> {
    this.#lastId += 1;
    const id = this.#lastId;
    const waiting: PromiseWithResolvers<unknown> = Promise.withResolvers();
    this.#waiting.set(id, waiting);
    this.#child.send({ id, name, argument } satisfies Asked, (error) => {
      if (error !== null) waiting.reject(error);
    });
    return waiting.promise as Promise<AnswerOf<Api[Name]>>;
  }

  /** Ends the process and waits until it is gone. Idempotent. */
  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGTERM');
    const kill = setTimeout(() => this.#child.kill('SIGKILL'), endTimeoutMs);
    await this.#gone.promise;
    clearTimeout(kill);
  }

  #answered(message: Answered): void {
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.ok) waiting?.resolve(message.answer);
    else waiting?.reject(new Error(message.message));
  }

  #end(error: Error): void {
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }
}

/** The other side: answers until the process that asks is gone. */
export function answerQuestions(methods: Methods): void {
  process.on('disconnect', () => process.exit(0));
  process.on('message', (message: Asked) => {
    void answer(methods, message).then((answered) => process.send?.(answered));
  });
}

async function answer(methods: Methods, { id, name, argument }: Asked): Promise<Answered> {
  try {
    const method = methods[name];
    if (method === undefined) throw new RangeError(`no method ${name}`);
    return { id, ok: true, answer: await method(argument as never) };
  } catch (thrown) {
    return { id, ok: false, message: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}
