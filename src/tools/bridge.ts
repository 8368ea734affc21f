import { CallError } from '../ports/errors.ts';
import { silentLogger, type Logger } from '../ports/log.ts';
import type { ToolInvocation, ToolPort } from '../ports/tool.ts';
import type { Clock, Timer } from '../time/clock.ts';
import type { LedgerInput } from './ledger.ts';
import {
  failedToolText,
  timedOutToolText,
  tooLongResultText,
  tooManyCallsText,
  unknownToolText,
} from './words.ts';

/** What became of a run: exactly what the ledger takes as input. */
export type ToolResult = Extract<
  LedgerInput,
  { readonly type: 'answered' | 'failed' | 'timed_out' | 'late' }
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
  /** Longest result passed on, characters, default 262,144. */
  readonly maxOutputChars?: number;
}

interface Running {
  readonly controller: AbortController;
  readonly timer: Timer;
}

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
  readonly #maxOutputChars: number;
  readonly #running = new Map<string, Running>();
  #closed = false;
  #started = 0;
  #refused = 0;
  #timedOut = 0;
  #late = 0;
  #faults = 0;

  constructor({
    clock,
    tools,
    onResult,
    log = silentLogger,
    maxRunning = 64,
    maxOutputChars = 262_144,
  }: ToolBridgeOptions) {
    this.#clock = clock;
    this.#onResult = onResult;
    this.#log = log;
    this.#maxRunning = maxRunning;
    this.#maxOutputChars = maxOutputChars;
    for (const tool of tools) {
      if (!this.#tools.has(tool.definition.name)) this.#tools.set(tool.definition.name, tool);
    }
  }

  /** Starts a run and returns at once. A run of an id that is running already is not repeated. */
  run({ callId, toolCallId, name, arguments: argumentsText }: ToolRun): void {
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
    const controller = new AbortController();
    const timer = this.#clock.timerAt(this.#clock.nowMs() + tool.deadlineMs, () =>
      this.#expire(toolCallId, name, tool.deadlineMs),
    );
    const running: Running = { controller, timer };
    this.#running.set(toolCallId, running);
    this.#started += 1;
    const invocation = { callId, toolCallId, arguments: argumentsText };
    void Promise.resolve()
      .then(() => {
        // Stopped before it began: it must not have an effect any more.
        controller.signal.throwIfAborted();
        return tool.run(invocation, controller.signal);
      })
      .then(
        (output) => this.#settle(running, toolCallId, this.#answer(toolCallId, name, output)),
        (thrown: unknown) =>
          this.#settle(running, toolCallId, {
            type: 'failed',
            toolCallId,
            output: failedToolText(name, reasonOf(thrown)),
          }),
      );
  }

  /** Stops a run whose result is not wanted any more; nothing is reported. Idempotent. */
  abort(toolCallId: string): void {
    const running = this.#running.get(toolCallId);
    if (running === undefined) return;
    this.#running.delete(toolCallId);
    running.timer.cancel();
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
      faults: this.#faults,
    };
  }

  #refuse(toolCallId: string, output: string): void {
    this.#refused += 1;
    void Promise.resolve().then(() => this.#report({ type: 'failed', toolCallId, output }));
  }

  #expire(toolCallId: string, name: string, deadlineMs: number): void {
    const running = this.#running.get(toolCallId);
    if (running === undefined) return;
    this.#running.delete(toolCallId);
    this.#timedOut += 1;
    running.controller.abort(deadlineReason);
    this.#report({ type: 'timed_out', toolCallId, output: timedOutToolText(name, deadlineMs) });
  }

  #settle(running: Running, toolCallId: string, result: ToolResult): void {
    // A generation check: the id may have been taken by a later run.
    if (this.#running.get(toolCallId) === running) {
      this.#running.delete(toolCallId);
      running.timer.cancel();
      this.#report(result);
      return;
    }
    // A tool that throws because it was told to stop brings no answer; only a real one is late.
    if (running.controller.signal.reason !== deadlineReason || result.type !== 'answered') return;
    this.#late += 1;
    this.#report({ type: 'late', toolCallId });
  }

  #answer(toolCallId: string, name: string, output: unknown): ToolResult {
    if (typeof output !== 'string') {
      return { type: 'failed', toolCallId, output: failedToolText(name, 'its result is not text') };
    }
    if (output.length > this.#maxOutputChars) {
      return {
        type: 'failed',
        toolCallId,
        output: tooLongResultText(name, this.#maxOutputChars),
      };
    }
    return { type: 'answered', toolCallId, by: 'gateway', output };
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

/** What a model may be told of a fault: only messages that are made to be shown. */
function reasonOf(thrown: unknown): string | null {
  return thrown instanceof CallError ? thrown.message : null;
}
