import { afterAll, describe, expect } from 'vitest';
import { fc, test } from '@fast-check/vitest';
import type { BackendEvent } from '../../../src/ports/backend.ts';
import type { ModelEvent } from '../../../src/ports/language-model.ts';
import { cascadeCall, type CascadeCall } from '../../unit/cascade/cascade-rig.ts';

const said = ['hello there', 'hello, there!', 'what is it', ''] as const;

/** What may happen to a call, in any order. */
type Happening =
  | { readonly type: 'partial' | 'commit' | 'speculate'; readonly text: string }
  /** The turn is over and answered at once, by what was begun in its pause if that was wanted. */
  | { readonly type: 'turn'; readonly text: string; readonly pauseMs: number | null }
  /** The last word on the oldest turn; `null` = what its partial was. */
  | { readonly type: 'final'; readonly text: string | null }
  | { readonly type: 'respond'; readonly outOfBand: boolean; readonly modality: 'audio' | 'text' }
  | { readonly type: 'cancel' | 'truncate'; readonly line: number; readonly heardMs: number }
  | { readonly type: 'drop' | 'adopt' | 'lose.stt' | 'lose.tts' | 'item' | 'tool' }
  | { readonly type: 'wait'; readonly ms: number };

const text = fc.constantFrom(...said);
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { arbitrary: fc.record({ type: fc.constant('wait' as const), ms: fc.nat(150) }), weight: 4 },
  fc.record({ type: fc.constantFrom('partial', 'commit', 'speculate'), text }),
  {
    arbitrary: fc.record({
      type: fc.constant('turn' as const),
      text: fc.constantFrom('hello there', 'what is it'),
      pauseMs: fc.option(fc.nat(200)),
    }),
    weight: 4,
  },
  {
    arbitrary: fc.record({
      type: fc.constant('final' as const),
      text: fc.option(text, { freq: 2 }),
    }),
    weight: 4,
  },
  {
    arbitrary: fc.record({
      type: fc.constant('respond' as const),
      outOfBand: fc.boolean(),
      modality: fc.constantFrom('audio', 'audio', 'text'),
    }),
    weight: 3,
  },
  {
    arbitrary: fc.record({
      type: fc.constantFrom('cancel', 'cancel', 'truncate'),
      line: fc.constantFrom(0, 0, 1),
      heardMs: fc.nat(2000),
    }),
    weight: 3,
  },
  { arbitrary: fc.record({ type: fc.constantFrom('drop', 'adopt', 'item', 'tool') }), weight: 2 },
  fc.record({ type: fc.constantFrom('lose.stt', 'lose.tts') }),
);

/** Answers that tell in every word which request they were written for. */
function writing(request: number): readonly (string | number | ModelEvent)[] {
  const id = `r${request}`;
  const toolCallId = `call_${request}`;
  return [
    30,
    `First ${id}, then `,
    20,
    `second ${id}. Third ${id}, `,
    { type: 'tool_call', call: { toolCallId, name: 'look', arguments: '{}' } },
    40,
    `fourth ${id}.`,
  ];
}

class Walk {
  readonly #call: CascadeCall;
  readonly #lines: string[] = [];
  readonly #turns: string[] = [];
  /** Last words said, by session (a count). */
  readonly #finals = new Map<object, number>();
  #items = 0;
  #speculations = 0;

  constructor(call: CascadeCall) {
    this.#call = call;
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  async do(step: Happening): Promise<void> {
    const { probe, stt, tts, commit, pass } = this.#call;
    const { session } = probe;
    switch (step.type) {
      case 'partial':
        stt.latest.partial(step.text);
        return;
      case 'commit':
        this.#turns.push(step.text);
        await commit(this.#next('item'), step.text);
        return;
      case 'turn':
        if (step.pauseMs !== null) {
          this.#speculate(step.text);
          await pass(step.pauseMs);
        }
        this.#turns.push(step.text);
        await commit(this.#next('item'), step.text);
        this.#respond(step.pauseMs === null ? {} : { speculationId: this.#speculations });
        return;
      case 'speculate':
        this.#speculate(step.text);
        return;
      case 'final': {
        const finishId = this.#finals.get(stt.latest) ?? 0;
        if (finishId >= stt.latest.finishes.length) return;
        this.#finals.set(stt.latest, finishId + 1);
        stt.latest.final(step.text ?? this.#turns.at(-1) ?? '', finishId + 1);
        return;
      }
      case 'respond':
        this.#respond({ outOfBand: step.outOfBand, overrides: { modality: step.modality } });
        return;
      case 'adopt':
        this.#respond({ speculationId: this.#speculations });
        return;
      case 'drop':
        session.send({ type: 'speculation.drop', speculationId: this.#speculations });
        return;
      case 'cancel':
        session.send({ type: 'cancel', lineId: this.#line(step.line) });
        return;
      case 'truncate': {
        const { heardMs, line } = step;
        session.send({ type: 'truncate', lineId: this.#line(line), heardMs, heardText: null });
        return;
      }
      case 'item':
      case 'tool':
        this.#add(step.type);
        return;
      case 'lose.stt':
        stt.latest.fail();
        return;
      case 'lose.tts':
        for (const { closed, lose } of tts.sessions) {
          if (!closed) lose(new Error('lost') as never);
        }
        return;
      case 'wait':
        await pass(step.ms);
    }
  }

  #speculate(said: string): void {
    this.#speculations += 1;
    const speculationId = this.#speculations;
    this.#call.probe.session.send({ type: 'speculate', speculationId, text: said });
  }

  #respond(more: object): void {
    const lineId = this.#next('line');
    this.#lines.push(lineId);
    this.#call.probe.respond(lineId, more);
  }

  #add(kind: 'item' | 'tool'): void {
    const itemId = this.#next('item');
    const content = [{ type: 'text', text: 'By the way.' }] as const;
    const base = { itemId, status: 'completed' } as const;
    const item =
      kind === 'item'
        ? ({ ...base, kind: 'message', role: 'user', content } as const)
        : ({ ...base, kind: 'tool_output', toolCallId: 'call_0', output: '{}' } as const);
    this.#call.probe.session.send({ type: 'item.add', item, afterItemId: undefined });
  }

  #line(fromEnd: number): string {
    return this.#lines.at(-1 - fromEnd) ?? 'line_nobody';
  }

  #next(prefix: string): string {
    this.#items += 1;
    return `${prefix}_${this.#items}`;
  }
}

/** What must hold of the events of one line, whatever happened. */
function checkLine(events: readonly BackendEvent[]): void {
  const types = events.map(({ type }) => type);
  expect(types.filter((type) => type === 'line.done').length).toBeLessThanOrEqual(1);
  if (types.includes('line.done')) expect(types.at(-1)).toBe('line.done');
  const stages = events.flatMap((event) => (event.type === 'line.stage' ? [event] : []));
  expect(new Set(stages.map(({ stage }) => stage)).size).toBe(stages.length);
  const written = events
    .flatMap((event) => (event.type === 'line.text' ? [event.delta] : []))
    .join('');
  // All of one request, in its order, from its beginning.
  const id = /r\d+/u.exec(written)?.[0];
  if (id !== undefined) {
    const whole = `First ${id}, then second ${id}. Third ${id}, fourth ${id}.`;
    expect(whole.startsWith(written)).toBe(true);
  }
  const tools = events.flatMap((event) => (event.type === 'tool.called' ? [event.toolCallId] : []));
  expect(tools.length).toBeLessThanOrEqual(1);
  if (id !== undefined && tools[0] !== undefined) expect(tools[0]).toBe(`call_${id.slice(1)}`);
}

/** What must have happened in all the walks together, or they show little. */
const seen: Record<string, number> = {
  presumptionsKept: 0,
  presumptionsRestarted: 0,
  speculationsAdopted: 0,
  speculationsDropped: 0,
  linesCancelled: 0,
  linesCompleted: 0,
  turnsEmpty: 0,
  recogniserReopened: 0,
};

describe('a cascade under anything', () => {
  afterAll(() => {
    for (const [name, count] of Object.entries(seen)) expect(count, name).toBeGreaterThan(3);
  });

  test.prop([fc.array(happening, { minLength: 3, maxLength: 40 })], { numRuns: 150 })(
    'says nothing of a line after its end, tells tools once, and keeps text in order',
    async (steps) => {
      const call = await cascadeCall({
        voice: { contexts: 2, timing: 'word' },
        options: { failuresAllowed: 20, finalTimeoutMs: 500 },
      });
      const { probe, stt, llm, tts, pass, clock } = call;
      stt.finalText = null;
      llm.writings = Array.from({ length: 200 }, (_, request) => writing(request));
      const walk = new Walk(call);
      for (const step of steps) await walk.do(step);
      await pass(8000);

      for (const lineId of walk.lines) {
        checkLine(probe.line(lineId));
        expect(probe.done(lineId), lineId).toBeDefined();
      }
      const told = probe.events.flatMap((event) =>
        event.type === 'tool.called' ? [event.toolCallId] : [],
      );
      expect(new Set(told).size).toBe(told.length);
      const committed = probe.events.flatMap((event) =>
        event.type === 'caller.transcript' && event.final ? [event.itemId] : [],
      );
      expect(new Set(committed).size).toBe(committed.length);

      for (const name of Object.keys(seen)) seen[name] = (seen[name] ?? 0) + call.figure(name);

      probe.session.close();
      await pass(0);
      expect(tts.speaking).toBe(0);
      expect(llm.running).toBe(0);
      // Scripted parts have timers of their own, which do nothing any more.
      await pass(1000);
      expect(clock.pending).toBe(0);
    },
  );
});
