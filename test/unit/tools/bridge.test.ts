import { describe, expect, it } from 'vitest';
import { CallError } from '../../../src/ports/errors.ts';
import {
  ToolError,
  type CallActions,
  type ToolInvocation,
  type ToolManner,
  type ToolPort,
} from '../../../src/ports/tool.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import { ToolBridge, type ToolResult } from '../../../src/tools/bridge.ts';

/** Lets every promise that can settle do so. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}

/** A tool whose runs the test finishes by hand. */
class HeldTool implements ToolPort {
  readonly definition = { name: 'held', description: null, parameters: null };
  readonly deadlineMs = 5000;
  readonly manner: Partial<ToolManner>;
  readonly runs: {
    readonly invocation: ToolInvocation;
    readonly signal: AbortSignal;
    readonly finish: (output: string) => void;
    readonly fail: (error: Error) => void;
  }[] = [];

  constructor(manner: Partial<ToolManner> = {}) {
    this.manner = manner;
  }

  run(invocation: ToolInvocation, signal: AbortSignal): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    this.runs.push({ invocation, signal, finish: resolve, fail: reject });
    return promise;
  }
}

/** Actions of a call that nobody takes. */
const call: CallActions = {
  endCall: () => undefined,
  transfer: () => undefined,
  switchAgent: () => undefined,
  switchBackend: () => undefined,
  setDisposition: () => undefined,
};

const invocation = { callId: 'call_1', arguments: '{"n":1}', idempotencyKey: 'key', call };

function setUp({
  maxRunning = 64,
  manner = {},
}: { maxRunning?: number; manner?: Partial<ToolManner> } = {}) {
  const clock = new ManualClock();
  const tool = new HeldTool(manner);
  const thrower: ToolPort = {
    definition: { name: 'thrower', description: null, parameters: null },
    deadlineMs: 5000,
    run: () => {
      throw new Error('secret path');
    },
  };
  const results: ToolResult[] = [];
  const bridge = new ToolBridge({
    clock,
    tools: [tool, thrower],
    onResult: (result) => results.push(result),
    maxRunning,
  });
  const run = (toolCallId: string, name = 'held'): void =>
    bridge.run({ ...invocation, toolCallId, name });
  return { clock, tool, bridge, results, run };
}

describe('tool bridge', () => {
  it('runs a tool after run has returned and reports its answer', async () => {
    const { tool, results, run, clock, bridge } = setUp();
    run('a');
    expect(tool.runs).toHaveLength(0);
    await settle();
    expect(tool.runs[0]?.invocation).toEqual({ ...invocation, toolCallId: 'a' });
    tool.runs[0]?.finish('two rooms');
    await settle();
    expect(results).toEqual([
      { type: 'answered', toolCallId: 'a', by: 'gateway', output: 'two rooms' },
    ]);
    expect(clock.pending).toBe(0);
    expect(bridge.figures()).toMatchObject({ running: 0, started: 1 });
  });

  it('tells the model in words that a tool failed, and not why when that is not made to be shown', async () => {
    const { tool, results, run } = setUp();
    run('a', 'thrower');
    run('b');
    await settle();
    tool.runs[0]?.fail(new CallError('tool_failed', 'the hotel is closed'));
    await settle();
    expect(results).toEqual([
      {
        type: 'failed',
        toolCallId: 'a',
        output: 'The tool "thrower" failed. Nothing is known of its result.',
      },
      {
        type: 'failed',
        toolCallId: 'b',
        output: 'The tool "held" failed (the hotel is closed). Nothing is known of its result.',
      },
    ]);
  });

  it('tells the model that there is no such tool', async () => {
    const { results, run } = setUp();
    run('a', 'find_rom');
    expect(results).toEqual([]);
    await settle();
    expect(results).toEqual([
      {
        type: 'refused',
        toolCallId: 'a',
        output: 'There is no tool named "find_rom". Go on without it.',
      },
    ]);
  });

  it('gives up at the deadline, aborts the signal and reports a later answer as late only', async () => {
    const { clock, tool, results, run } = setUp();
    run('a');
    await settle();
    clock.advance(4999);
    expect(results).toEqual([]);
    clock.advance(1);
    expect(tool.runs[0]?.signal.aborted).toBe(true);
    expect(results).toEqual([
      {
        type: 'timed_out',
        toolCallId: 'a',
        output: 'The tool "held" did not answer within 5 s. It may or may not have taken effect.',
      },
    ]);
    tool.runs[0]?.finish('two rooms');
    await settle();
    expect(results.slice(1)).toEqual([
      {
        type: 'late',
        toolCallId: 'a',
        output: 'The tool "held", which was asked earlier, has brought this: two rooms',
      },
    ]);
  });

  it('does not call a tool late that only threw because it was stopped', async () => {
    const { clock, tool, results, run } = setUp();
    run('a');
    await settle();
    clock.advance(5000);
    tool.runs[0]?.fail(new Error('aborted'));
    await settle();
    expect(results.map((result) => result.type)).toEqual(['timed_out']);
  });

  it('reports nothing of a run that was aborted, and never starts one aborted in time', async () => {
    const { clock, tool, bridge, results, run } = setUp();
    run('a');
    await settle();
    bridge.abort('a');
    run('b');
    bridge.abort('b');
    expect(tool.runs[0]?.signal.aborted).toBe(true);
    tool.runs[0]?.finish('two rooms');
    await settle();
    expect(tool.runs).toHaveLength(1);
    expect(results).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('does not run an id twice while it runs', async () => {
    const { tool, run } = setUp();
    run('a');
    run('a');
    await settle();
    expect(tool.runs).toHaveLength(1);
  });

  it('refuses more runs at once than its limit', async () => {
    const { results, run, bridge } = setUp({ maxRunning: 1 });
    run('a');
    run('b');
    await settle();
    expect(results).toEqual([
      {
        type: 'refused',
        toolCallId: 'b',
        output: 'The tool "held" was not run: too many tools are running at once.',
      },
    ]);
    expect(bridge.figures()).toMatchObject({ running: 1, refused: 1 });
  });

  it('does not pass on a result over its limit', async () => {
    const { tool, results, run } = setUp({ manner: { maxResultChars: 4 } });
    run('a');
    run('b');
    await settle();
    tool.runs[0]?.finish('four');
    tool.runs[1]?.finish('five5');
    await settle();
    expect(results.map((result) => result.type)).toEqual(['answered', 'failed']);
  });

  it('aborts everything when it is closed and reports nothing afterwards', async () => {
    const { clock, tool, bridge, results, run } = setUp();
    run('a');
    run('b');
    await settle();
    bridge.close();
    bridge.close();
    expect(tool.runs.map((each) => each.signal.aborted)).toEqual([true, true]);
    tool.runs[0]?.finish('x');
    tool.runs[1]?.fail(new Error('y'));
    run('c');
    await settle();
    expect(results).toEqual([]);
    expect(tool.runs).toHaveLength(2);
    expect(clock.pending).toBe(0);
  });

  it('survives a receiver that throws, and counts it', async () => {
    const clock = new ManualClock();
    const tool = new HeldTool();
    const bridge = new ToolBridge({
      clock,
      tools: [tool],
      onResult: () => {
        throw new Error('receiver');
      },
    });
    bridge.run({ ...invocation, toolCallId: 'a', name: 'held' });
    await settle();
    tool.runs[0]?.finish('x');
    await settle();
    expect(bridge.figures()).toMatchObject({ faults: 1, running: 0 });
  });

  it('tries again what may pass, where once more does no harm, and not beyond the deadline', async () => {
    const { clock, tool, bridge, results, run } = setUp({
      manner: { idempotent: true, retries: 2 },
    });
    run('a');
    await settle();
    tool.runs[0]?.fail(new ToolError('busy', { retryable: true }));
    await settle();
    expect(tool.runs).toHaveLength(1);
    clock.advance(200);
    await settle();
    tool.runs[1]?.fail(new ToolError('busy', { retryable: true }));
    await settle();
    clock.advance(399);
    await settle();
    expect(tool.runs).toHaveLength(2);
    clock.advance(1);
    await settle();
    tool.runs[2]?.finish('two rooms');
    await settle();
    expect(results).toMatchObject([{ type: 'answered', output: 'two rooms' }]);
    expect(bridge.figures()).toMatchObject({ retried: 2, running: 0 });
    expect(clock.pending).toBe(0);
  });

  it.each([
    ['is not idempotent', { retries: 2 }, new ToolError('busy', { retryable: true })],
    ['cannot pass', { idempotent: true, retries: 2 }, new ToolError('no such room')],
    ['was not expected', { idempotent: true, retries: 2 }, new Error('bug')],
  ])('does not try again what %s', async (_why, manner, error) => {
    const { clock, tool, results, run } = setUp({ manner });
    run('a');
    await settle();
    tool.runs[0]?.fail(error);
    await settle();
    clock.advance(3000);
    await settle();
    expect(tool.runs).toHaveLength(1);
    expect(results.map(({ type }) => type)).toEqual(['failed']);
  });

  it('stops a pause between attempts with the run', async () => {
    const { clock, tool, bridge, run } = setUp({ manner: { idempotent: true, retries: 5 } });
    run('a');
    await settle();
    tool.runs[0]?.fail(new ToolError('busy', { retryable: true }));
    await settle();
    expect(clock.pending).toBe(2);
    bridge.abort('a');
    expect(clock.pending).toBe(0);
    await settle();
    expect(tool.runs).toHaveLength(1);
  });

  it('tells refusals of the tool itself apart from failures', async () => {
    const { tool, results, run } = setUp();
    run('a');
    await settle();
    tool.runs[0]?.fail(new ToolError('"beds" is missing.', { refused: true }));
    await settle();
    expect(results).toEqual([
      {
        type: 'refused',
        toolCallId: 'a',
        output: 'The tool "held" was not run: "beds" is missing.',
      },
    ]);
  });

  it('runs the tools that there are now', async () => {
    const { bridge, results, run } = setUp();
    bridge.setTools([]);
    run('a');
    await settle();
    expect(results.map(({ type }) => type)).toEqual(['refused']);
  });
});
