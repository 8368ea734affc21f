import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { CallError } from '../../src/ports/errors.ts';
import type {
  LanguageModelPort,
  ModelEvent,
  ModelMessage,
  ModelRequest,
} from '../../src/ports/language-model.ts';
import type { PassTime } from './session-probe.ts';
import { waitFor } from './utterance-probe.ts';

/** What the rig is to make go wrong, with every request. */
export type ModelFault = 'refuse' | 'hang' | 'cut';

export interface ModelWish {
  /** `slow`: tokens come one by one, so that an answer can be cut in the middle. */
  readonly pace: 'fast' | 'slow';
  readonly fault: ModelFault | null;
}

/** What a model in the suite is to say: `callWords` make it call, anything else is counted to. */
export const scripted = {
  callWords: 'Please look it up.',
  tool: 'look_up',
  toolArguments: { city: 'Köln', note: 'a "quoted" \\ line\nand 🎈' },
  /** After the tool's output. */
  told: (output: string): string => `It says: ${output}`,
  counted: 'one, two, three, four, five, six, seven, eight, nine, ten.',
} as const;

export interface ModelRig {
  readonly port: LanguageModelPort;
  /** A manual clock moves. */
  readonly pass: PassTime;
  /** The other side; `null` where the model is in this process. */
  readonly upstream: {
    /** Requests that it works on. */
    working(): number;
    /** Requests that were closed before they were done. */
    aborted(): number;
    /** Requests there have been. */
    total(): number;
    connections(): number;
  } | null;
  close(): Promise<void>;
}

export interface ModelContract {
  readonly faults: readonly ModelFault[];
  setUp(wish: ModelWish): Promise<ModelRig>;
}

const lookUp = {
  name: scripted.tool,
  description: 'Looks something up.',
  parameters: { type: 'object', properties: { city: { type: 'string' } } },
} as const;

function asking(text: string, more: Partial<ModelRequest> = {}): ModelRequest {
  const messages: readonly ModelMessage[] = [
    { role: 'system', text: 'Keep answers short.' },
    { role: 'user', text },
  ];
  return {
    callId: 'call_1',
    messages,
    tools: [],
    toolChoice: { mode: 'auto' },
    maxOutputTokens: null,
    ...more,
  };
}

/** Consumes an answer and keeps it. */
class AnswerProbe {
  readonly events: ModelEvent[] = [];
  error: unknown = null;
  ended = false;

  constructor(answer: AsyncIterable<ModelEvent>) {
    void this.#read(answer);
  }

  get text(): string {
    return this.events.map((event) => (event.type === 'text' ? event.delta : '')).join('');
  }

  get done(): Extract<ModelEvent, { type: 'done' }> | null {
    const last = this.events.at(-1);
    return last?.type === 'done' ? last : null;
  }

  async #read(answer: AsyncIterable<ModelEvent>): Promise<void> {
    try {
      for await (const event of answer) this.events.push(event);
    } catch (thrown) {
      this.error = thrown;
    }
    this.ended = true;
  }
}

/** What any language model must do. */
export function describeLlmContract(name: string, contract: ModelContract): void {
  const { faults } = contract;
  const rigs: ModelRig[] = [];
  const setUp = async (wish: Partial<ModelWish> = {}): Promise<ModelRig> => {
    const rig = await contract.setUp({ pace: 'fast', fault: null, ...wish });
    rigs.push(rig);
    return rig;
  };
  const write = (
    { port }: ModelRig,
    request: ModelRequest,
    signal = new AbortController().signal,
  ): AnswerProbe => new AnswerProbe(port.write(request, signal));
  const finished = async (rig: ModelRig, probe: AnswerProbe): Promise<AnswerProbe> => {
    await waitFor(rig.pass, 'the end of an answer', () => probe.ended);
    return probe;
  };
  const idle = async ({ upstream, pass }: ModelRig): Promise<void> => {
    if (upstream === null) return;
    await waitFor(pass, 'the upstream to stop working', () => upstream.working() === 0);
  };

  describe(`${name} as a language model`, () => {
    afterEach(async () => {
      for (const rig of rigs.splice(0)) await rig.close();
    });

    test('prepares, and refuses to for a signal that has already aborted', async () => {
      const { port } = await setUp();
      await port.prepare(new AbortController().signal);
      await expect(port.prepare(AbortSignal.abort())).rejects.toBeInstanceOf(CallError);
    });

    test('writes text piece by piece, and `done` once, last', async () => {
      const rig = await setUp();
      const probe = await finished(rig, write(rig, asking('Count.')));
      expect(probe.error).toBeNull();
      expect(probe.text).toBe(scripted.counted);
      expect(probe.events.filter(({ type }) => type === 'text').length).toBeGreaterThan(5);
      expect(probe.events.filter(({ type }) => type === 'done')).toHaveLength(1);
      expect(probe.done).toMatchObject({ finish: 'stop' });
      expect(probe.done?.usage?.outputTokens).toBeGreaterThan(0);
    });

    test('begins before anybody reads', async () => {
      const rig = await setUp();
      const answer = rig.port.write(asking('Count.'), new AbortController().signal);
      await rig.pass(1000);
      if (rig.upstream !== null) expect(rig.upstream.total()).toBe(1);
      const probe = await finished(rig, new AnswerProbe(answer));
      expect(probe.text).toBe(scripted.counted);
    });

    test('gives a tool call whole, and takes its output in the history', async () => {
      const rig = await setUp();
      const request = asking(scripted.callWords, { tools: [lookUp] });
      const probe = await finished(rig, write(rig, request));
      expect(probe.error).toBeNull();
      const calls = probe.events.flatMap((it) => (it.type === 'tool_call' ? [it.call] : []));
      expect(calls).toHaveLength(1);
      expect(calls[0]!.name).toBe(scripted.tool);
      expect(JSON.parse(calls[0]!.arguments)).toEqual(scripted.toolArguments);
      expect(calls[0]!.toolCallId).not.toBe('');
      expect(probe.done?.finish).toBe('tool_calls');

      const { toolCallId } = calls[0]!;
      const told = await finished(
        rig,
        write(rig, {
          ...request,
          messages: [
            ...request.messages,
            { role: 'assistant.tools', text: '', calls },
            { role: 'tool', toolCallId, name: scripted.tool, output: 'sunny' },
          ],
        }),
      );
      expect(told.error).toBeNull();
      expect(told.text).toBe(scripted.told('sunny'));
    });

    test('calls no tool where it must not', async () => {
      const rig = await setUp();
      const request = asking(scripted.callWords, { tools: [lookUp], toolChoice: { mode: 'none' } });
      const probe = await finished(rig, write(rig, request));
      expect(probe.error).toBeNull();
      expect(probe.events.some(({ type }) => type === 'tool_call')).toBe(false);
      expect(probe.done).not.toBeNull();
    });

    test('stops at the number of tokens that it may write', async () => {
      const rig = await setUp();
      const probe = await finished(rig, write(rig, asking('Count.', { maxOutputTokens: 3 })));
      expect(probe.text).toBe('one, two, three,');
      expect(probe.done?.finish).toBe('length');
    });

    test('takes a history that begins with a greeting and has notes in the middle', async () => {
      const rig = await setUp();
      const messages: readonly ModelMessage[] = [
        { role: 'system', text: 'Keep answers short.' },
        { role: 'assistant', text: 'Good evening!' },
        { role: 'user', text: 'Hello.' },
        { role: 'assistant', text: '' },
        { role: 'system', text: 'The caller is in a hurry.' },
        { role: 'user', text: 'Count.' },
      ];
      const probe = await finished(rig, write(rig, asking('', { messages })));
      expect(probe.error).toBeNull();
      expect(probe.text).toBe(scripted.counted);
    });

    test('an abort ends the events in the same tick and stops the upstream', async () => {
      const rig = await setUp({ pace: 'slow' });
      const giveUp = new AbortController();
      const probe = write(rig, asking('Count.'), giveUp.signal);
      await waitFor(rig.pass, 'a token', () => probe.events.length > 0);
      giveUp.abort();
      const before = probe.events.length;
      await setImmediate();
      expect(probe.ended).toBe(true);
      await idle(rig);
      await rig.pass(2000);
      expect(probe.events.length).toBe(before);
      expect(probe.error).toBeNull();
      expect(probe.done).toBeNull();
      if (rig.upstream !== null) expect(rig.upstream.aborted()).toBe(1);
    });

    test('an abort before it began or before the first token leaves nothing', async () => {
      const rig = await setUp({ pace: 'slow' });
      const never = await finished(rig, write(rig, asking('Count.'), AbortSignal.abort()));
      expect(never.events).toEqual([]);
      const giveUp = new AbortController();
      const early = write(rig, asking('Count.'), giveUp.signal);
      await rig.pass(20);
      giveUp.abort();
      await finished(rig, early);
      expect(early.events).toEqual([]);
      expect(early.error).toBeNull();
      await idle(rig);
    });

    test('leaving the iteration stops the upstream', async () => {
      const rig = await setUp({ pace: 'slow' });
      const events = rig.port
        .write(asking('Count.'), new AbortController().signal)
        [Symbol.asyncIterator]();
      let isThere = false;
      void events.next().then(() => (isThere = true));
      await waitFor(rig.pass, 'a token', () => isThere);
      await events.return?.();
      await idle(rig);
      expect(await events.next()).toEqual({ done: true, value: undefined });
    });

    test('keeps answers at once apart', async () => {
      const rig = await setUp();
      const one = write(rig, asking('Count.'));
      const other = write(rig, asking(scripted.callWords, { tools: [lookUp] }));
      await finished(rig, one);
      await finished(rig, other);
      expect(one.text).toBe(scripted.counted);
      expect(other.done?.finish).toBe('tool_calls');
    });

    test('warming neither waits nor fails', async () => {
      const rig = await setUp({ fault: faults.includes('refuse') ? 'refuse' : null });
      rig.port.warm(asking(''), new AbortController().signal);
      rig.port.warm(asking(''), AbortSignal.abort());
      await rig.pass(200);
    });

    test('closing ends what is under way and frees what it holds; twice is once', async () => {
      const rig = await setUp({ pace: 'slow' });
      const probe = write(rig, asking('Count.'));
      await waitFor(rig.pass, 'a token', () => probe.events.length > 0);
      await rig.port.close();
      await rig.port.close();
      await finished(rig, probe);
      expect(probe.done).toBeNull();
      const late = await finished(rig, write(rig, asking('Count.')));
      expect(late.error).toBeInstanceOf(CallError);
      const { upstream } = rig;
      if (upstream === null) return;
      await waitFor(rig.pass, 'connections to close', () => upstream.connections() === 0);
    });

    test.each(faults)('a fault is thrown by the iterator: %s', async (fault) => {
      const rig = await setUp({ fault, pace: 'slow' });
      const probe = await finished(rig, write(rig, asking('Count.')));
      expect(probe.error).toBeInstanceOf(CallError);
      expect(probe.done).toBeNull();
      await idle(rig);
    });

    test('counts in finite figures', async () => {
      const rig = await setUp();
      await finished(rig, write(rig, asking('Count.')));
      const figures = Object.entries(rig.port.figures());
      expect(figures.length).toBeGreaterThan(0);
      for (const [key, value] of figures) expect(Number.isFinite(value), key).toBe(true);
    });
  });
}
