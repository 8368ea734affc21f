import { CallError } from '../ports/errors.ts';
import { silentLogger, type Logger } from '../ports/log.ts';
import { defaultToolManner, ToolError, type ToolInvocation, type ToolPort } from '../ports/tool.ts';
import type { Clock, Timer } from '../time/clock.ts';
import type { LedgerInput } from './ledger-vocabulary.ts';
import {
  failedToolText,
  lateResultText,
  refusedToolText,
  timedOutToolText,
  tooLongResultText,
  tooManyCallsText,
  unknownToolText,
} from './words.ts';

/** What became of a run: exactly what the ledger takes as input. */
export type ToolResult = Extract<
  LedgerInput,
  { readonly type: 'answered' | 'failed' | 'refused' | 'timed_out' | 'late' }
>;

/** A tool call that Parley runs itself. */
export interface ToolRun extends ToolInvocation {
  readonly name: string;
}

export interface ToolBridgeOptions {
  readonly clock: Clock;
  /** Tools Parley can run; the first of a name is used. */
  readonly tools: readonly ToolPort[];
  /** Told once per run, and once more when a run comes back late. Never from inside `run`. */
  readonly onResult: (result: ToolResult) => void;
  readonly log?: Logger;
  /** Most runs at once (a count), default 64; one more is answered with a refusal in words. */
  readonly maxRunning?: number;
}

interface Running {
  readonly controller: AbortController;
  readonly deadline: Timer;
  /** The pause before a further attempt. */
  pause: Timer | null;
}

/** Pause before the first further attempt, ms; each one after it waits twice as long. */
const firstPauseMs = 200;

/**
 * Runs tools beside the call, each under its own deadline and signal. Nothing in here throws to
 * the caller, and no result is reported before `run` has returned, so it can be used from inside
 * the loop that moves audio.
 */
export class ToolBridge {
  readonly #clock: Clock;
  readonly #tools = new Map<string, ToolPort>();
  readonly #onResult: (result: ToolResult) => void;
  readonly #log: Logger;
  readonly #maxRunning: number;
  readonly #running = new Map<string, Running>();
  #closed = false;
  #started = 0;
  #refused = 0;
  #timedOut = 0;
  #late = 0;
  #retried = 0;
  #faults = 0;

  constructor({ clock, tools, onResult, log = silentLogger, maxRunning = 64 }: ToolBridgeOptions) {
    this.#clock = clock;
    this.#onResult = onResult;
    this.#log = log;
    this.#maxRunning = maxRunning;
    this.setTools(tools);
  }

  /** Other tools from now on; what runs goes on. */
  setTools(tools: readonly ToolPort[]): void {
    this.#tools.clear();
    for (const tool of tools) {
      if (!this.#tools.has(tool.definition.name)) this.#tools.set(tool.definition.name, tool);
    }
  }

  /** Starts a run and returns at once. A run of an id that is running already is not repeated. */
  run({ name, ...invocation }: ToolRun): void {
    const { toolCallId } = invocation;
    if (this.#closed || this.#running.has(toolCallId)) return;
    const tool = this.#tools.get(name);
    if (tool === undefined) {
      this.#refuse(toolCallId, unknownToolText(name));
      return;
    }
    if (this.#running.size >= this.#maxRunning) {
      this.#refuse(toolCallId, tooManyCallsText(name));
      return;
    }
    const deadline = this.#clock.timerAt(this.#clock.nowMs() + tool.deadlineMs, () =>
      this.#expire(toolCallId, name, tool.deadlineMs),
    );
    const running: Running = { controller: new AbortController(), deadline, pause: null };
    this.#running.set(toolCallId, running);
    this.#started += 1;
    this.#attempt(tool, invocation, running, 0);
  }

  /** Stops a run whose result is not wanted any more; nothing is reported. Idempotent. */
  abort(toolCallId: string): void {
    const running = this.#running.get(toolCallId);
    if (running === undefined) return;
    this.#letGo(toolCallId, running);
    running.controller.abort(new CallError('tool_failed', 'the result is not wanted any more'));
  }

  /** Stops everything; nothing is reported afterwards. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const toolCallId of [...this.#running.keys()]) this.abort(toolCallId);
  }

  /** Gauges and counters for `/metrics`. */
  figures(): Readonly<Record<string, number>> {
    return {
      running: this.#running.size,
      started: this.#started,
      refused: this.#refused,
      timedOut: this.#timedOut,
      late: this.#late,
      retried: this.#retried,
      faults: this.#faults,
    };
  }

  #attempt(tool: ToolPort, invocation: ToolInvocation, running: Running, attempt: number): void {
    const { name } = tool.definition;
    const { toolCallId } = invocation;
    const { signal } = running.controller;
    void Promise.resolve()
      .then(() => {
        // Stopped before it began: it must not have an effect any more.
        signal.throwIfAborted();
        return tool.run(invocation, signal);
      })
      .then(
        (output) => this.#settle(running, answerOf(tool, toolCallId, output), name),
        (thrown: unknown) => {
          if (this.#wantsAnother(tool, thrown, attempt) && !signal.aborted) {
            this.#retried += 1;
            const atMs = this.#clock.nowMs() + firstPauseMs * 2 ** attempt;
            running.pause = this.#clock.timerAt(atMs, () =>
              this.#attempt(tool, invocation, running, attempt + 1),
            );
            return;
          }
          const refused = thrown instanceof ToolError && thrown.refused;
          const reason = reasonOf(thrown);
          const result: ToolResult = refused
            ? { type: 'refused', toolCallId, output: refusedToolText(name, thrown.message) }
            : { type: 'failed', toolCallId, output: failedToolText(name, reason) };
          this.#settle(running, result, name);
        },
      );
  }

  #wantsAnother({ manner = {} }: ToolPort, thrown: unknown, attempt: number): boolean {
    const { idempotent, retries } = { ...defaultToolManner, ...manner };
    return idempotent && attempt < retries && thrown instanceof CallError && thrown.retryable;
  }

  #refuse(toolCallId: string, output: string): void {
    this.#refused += 1;
    void Promise.resolve().then(() => this.#report({ type: 'refused', toolCallId, output }));
  }

  #expire(toolCallId: string, name: string, deadlineMs: number): void {
    const running = this.#running.get(toolCallId);
    if (running === undefined) return;
    this.#letGo(toolCallId, running);
    this.#timedOut += 1;
    running.controller.abort(deadlineReason);
    this.#report({ type: 'timed_out', toolCallId, output: timedOutToolText(name, deadlineMs) });
  }

  #letGo(toolCallId: string, { deadline, pause }: Running): void {
    this.#running.delete(toolCallId);
    deadline.cancel();
    pause?.cancel();
  }

  #settle(running: Running, result: ToolResult, name: string): void {
    const { toolCallId } = result;
    // A generation check: the id may have been taken by a later run.
    if (this.#running.get(toolCallId) === running) {
      this.#letGo(toolCallId, running);
      this.#report(result);
      return;
    }
    // A tool that throws because it was told to stop brings no answer; only a real one is late.
    if (running.controller.signal.reason !== deadlineReason || result.type !== 'answered') return;
    this.#late += 1;
    this.#report({ type: 'late', toolCallId, output: lateResultText(name, result.output) });
  }

  #report(result: ToolResult): void {
    if (this.#closed) return;
    try {
      this.#onResult(result);
    } catch (thrown) {
      this.#faults += 1;
      this.#log.error('tool.result_not_taken', {
        toolCallId: result.toolCallId,
        error: thrown instanceof Error ? thrown.name : typeof thrown,
      });
    }
  }
}

const deadlineReason = new CallError('tool_failed', 'the deadline passed');

function answerOf(tool: ToolPort, toolCallId: string, output: unknown): ToolResult {
  const { name } = tool.definition;
  const { maxResultChars } = { ...defaultToolManner, ...tool.manner };
  if (typeof output !== 'string') {
    return { type: 'failed', toolCallId, output: failedToolText(name, 'its result is not text') };
  }
  if (output.length > maxResultChars) {
    return { type: 'failed', toolCallId, output: tooLongResultText(name, maxResultChars) };
  }
  return { type: 'answered', toolCallId, by: 'gateway', output };
}

/** What a model may be told of a fault: only messages that are made to be shown. */
function reasonOf(thrown: unknown): string | null {
  return thrown instanceof CallError ? thrown.message : null;
}
