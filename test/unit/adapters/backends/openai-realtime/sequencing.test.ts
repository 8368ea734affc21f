import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ResponseSequencer,
  type SequencerEffect,
} from '../../../../../adapters/backends/openai-realtime/response-sequencer.ts';
import { CallError } from '../../../../../src/ports/errors.ts';

const completed = { status: 'completed' } as const;
const create = (lineId: string): { type: 'response.create'; event_id: string } => ({
  type: 'response.create',
  event_id: `create:${lineId}`,
});

function sequencer(ownLineId: string | null = null, echoesMetadata = true): ResponseSequencer {
  return new ResponseSequencer({ ownLineId: () => ownLineId, echoesMetadata });
}

/** What effects do, in a few words. */
function words(effects: readonly SequencerEffect[] | null): string[] {
  return (effects ?? []).map((effect) => {
    switch (effect.type) {
      case 'create':
        return `create ${effect.lineId}`;
      case 'cancel':
        return `cancel ${effect.responseId}`;
      case 'emit':
        if (effect.event.type === 'usage') return 'usage';
        return effect.event.type === 'line.started'
          ? `started ${effect.event.lineId}`
          : `${effect.event.outcome.status} ${effect.event.lineId}`;
    }
  });
}

describe('response sequencer', () => {
  it('sends a request at once when nothing runs', () => {
    expect(words(sequencer().respond('a', false, create('a')))).toEqual(['create a']);
  });

  it('holds a request back until the response before it is done', () => {
    const it = sequencer();
    it.respond('a', false, create('a'));
    expect(words(it.respond('b', false, create('b')))).toEqual([]);
    expect(words(it.created('r1', 'a', false).effects)).toEqual(['started a']);
    expect(words(it.done('r1', completed, null))).toEqual(['completed a', 'create b']);
  });

  it('tells what a response used that is no line of ours', () => {
    const it = sequencer();
    expect(words(it.created('r1', null, false).effects)).toEqual(['cancel r1']);
    const usage = {
      inputTextTokens: 1,
      inputAudioTokens: 2,
      inputCachedTokens: 0,
      outputTextTokens: 3,
      outputAudioTokens: 4,
    };
    expect(words(it.done('r1', { status: 'cancelled' }, usage))).toEqual(['usage']);
  });

  it('holds a request back until a cancelled response is done', () => {
    const it = sequencer();
    it.respond('a', false, create('a'));
    it.created('r1', 'a', false);
    expect(words(it.cancel('a'))).toEqual(['cancel r1']);
    expect(words(it.respond('b', false, create('b')))).toEqual([]);
    expect(words(it.done('r1', { status: 'cancelled' }, null))).toEqual([
      'cancelled a',
      'create b',
    ]);
  });

  it('cancels a response that has no id yet as soon as it has one, and never starts its line', () => {
    const it = sequencer();
    it.respond('a', false, create('a'));
    expect(words(it.cancel('a'))).toEqual([]);
    expect(words(it.created('r1', 'a', false).effects)).toEqual(['cancel r1']);
    expect(it.lineOf('r1')).toEqual({ lineId: 'a', live: false, outOfBand: false });
    expect(words(it.done('r1', completed, null))).toEqual(['cancelled a']);
  });

  it('drops a request that was cancelled while it waited', () => {
    const it = sequencer();
    it.respond('a', false, create('a'));
    it.respond('b', false, create('b'));
    expect(words(it.cancel('b'))).toEqual(['cancelled b']);
    it.created('r1', 'a', false);
    expect(words(it.done('r1', completed, null))).toEqual(['completed a']);
  });

  it('lets lines out of band run beside, and tells them apart by what they carry', () => {
    const it = sequencer();
    it.respond('a', false, create('a'));
    expect(words(it.respond('x', true, create('x')))).toEqual(['create x']);
    expect(words(it.respond('y', true, create('y')))).toEqual(['create y']);
    it.created('ry', 'y', true);
    it.created('rx', 'x', true);
    expect(it.lineOf('rx')?.lineId).toBe('x');
    expect(it.lineOf('ry')?.lineId).toBe('y');
    expect(words(it.done('ry', completed, null))).toEqual(['completed y']);
  });

  it('tells responses apart by order where the upstream repeats nothing', () => {
    const it = sequencer(null, false);
    it.respond('a', false, create('a'));
    it.respond('x', true, create('x'));
    it.created('rx', null, true);
    it.created('ra', null, false);
    expect(it.lineOf('rx')?.lineId).toBe('x');
    expect(it.lineOf('ra')?.lineId).toBe('a');
  });

  it('knows nothing of a response that is over', () => {
    const it = sequencer();
    it.respond('a', false, create('a'));
    it.created('r1', 'a', false);
    it.done('r1', completed, null);
    expect(it.lineOf('r1')).toBeUndefined();
    expect(it.cancel('a')).toBeNull();
    expect(words(it.done('r1', completed, null))).toEqual([]);
  });

  it('cancels a response that the upstream began uninvited, and lets none begin meanwhile', () => {
    const it = sequencer();
    const { effects, uninvited } = it.created('r0', null, false);
    expect(uninvited).toBe(true);
    expect(words(effects)).toEqual(['cancel r0']);
    expect(it.lineOf('r0')).toBeUndefined();
    expect(words(it.respond('a', false, create('a')))).toEqual([]);
    expect(words(it.done('r0', { status: 'cancelled' }, null))).toEqual(['create a']);
  });

  it('gives a response that the upstream may begin a line of its own', () => {
    const it = sequencer('own');
    expect(words(it.created('r0', null, false).effects)).toEqual(['started own']);
    expect(words(it.cancel('own'))).toEqual(['cancel r0']);
    expect(words(it.done('r0', { status: 'cancelled' }, null))).toEqual(['cancelled own']);
  });

  it('asks again when a response of the upstream was in the way, and gives up after three times', () => {
    const it = sequencer();
    const error = new CallError('backend_refused', 'busy');
    it.respond('a', false, create('a'));
    for (const attempt of [1, 2]) {
      const code = 'conversation_already_has_active_response';
      expect(words(it.createFailed('a', code, error))).toEqual([]);
      expect(words(it.done(`theirs${attempt}`, completed, null))).toEqual(['create a']);
    }
    const last = it.createFailed('a', 'conversation_already_has_active_response', error);
    expect(words(last)).toEqual(['failed a']);
  });

  it('goes on with the next request when one is refused', () => {
    const it = sequencer();
    it.respond('a', false, create('a'));
    it.respond('b', false, create('b'));
    const refused = it.createFailed('a', 'invalid_value', new CallError('backend_refused', 'no'));
    expect(words(refused)).toEqual(['failed a', 'create b']);
  });

  it('releases what could not be cancelled because it was over', () => {
    const it = sequencer();
    it.respond('a', false, create('a'));
    it.created('r1', 'a', false);
    it.cancel('a');
    it.respond('b', false, create('b'));
    expect(words(it.cancelFailed('r1'))).toEqual(['cancelled a', 'create b']);
    expect(words(it.cancelFailed('r1'))).toEqual([]);
    expect(words(it.done('r1', completed, null))).toEqual([]);
  });

  it('takes a line once', () => {
    const it = sequencer();
    it.respond('a', false, create('a'));
    expect(it.respond('a', false, create('a'))).toBeNull();
  });

  it('has a limit, and says so on the line', () => {
    const it = sequencer();
    for (let i = 0; i < 32; i += 1) it.respond(`l${i}`, true, create(`l${i}`));
    expect(words(it.respond('more', true, create('more')))).toEqual(['failed more']);
    expect(it.size).toBe(32);
  });
});

/** An upstream that answers when it is told to, and is strict about one response at a time. */
class ModelUpstream {
  readonly inbox: SequencerEffect[] = [];
  readonly outbox: (() => SequencerEffect[])[] = [];
  readonly sequencer: ResponseSequencer;
  readonly #outOfBand: ReadonlySet<string>;
  readonly #running = new Map<string, boolean>();
  #count = 0;

  constructor(it: ResponseSequencer, outOfBand: ReadonlySet<string>) {
    this.sequencer = it;
    this.#outOfBand = outOfBand;
  }

  /** Takes one message. @throws Error where a strict upstream would refuse */
  take(): void {
    const effect = this.inbox.shift();
    if (effect?.type === 'create') {
      const outOfBand = this.#outOfBand.has(effect.lineId);
      if (!outOfBand && [...this.#running.values()].includes(false)) {
        throw new Error('conversation_already_has_active_response');
      }
      const id = `r${(this.#count += 1)}`;
      this.#running.set(id, outOfBand);
      const { lineId } = effect;
      this.outbox.push(() => this.sequencer.created(id, lineId, outOfBand).effects);
    } else if (effect?.type === 'cancel') {
      const { responseId } = effect;
      if (this.#running.delete(responseId)) {
        this.outbox.push(() => this.sequencer.done(responseId, { status: 'cancelled' }, null));
      } else {
        this.outbox.push(() => this.sequencer.cancelFailed(responseId));
      }
    }
  }

  /** Finishes the oldest response that runs. */
  finish(): void {
    const [id] = this.#running.keys();
    if (id === undefined) return;
    this.#running.delete(id);
    this.outbox.push(() => this.sequencer.done(id, completed, null));
  }

  get idle(): boolean {
    return this.inbox.length + this.outbox.length + this.#running.size === 0;
  }
}

describe('response sequencing, whatever happens when', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('respond' as const), outOfBand: fc.boolean() }),
    fc.record({ kind: fc.constant('cancel' as const), which: fc.nat(30) }),
    fc.record({ kind: fc.constantFrom('take' as const, 'finish' as const, 'deliver' as const) }),
  );

  it('never asks for two at once, ends every line once, in order', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const outOfBand = new Set<string>();
        const it = sequencer();
        const upstream = new ModelUpstream(it, outOfBand);
        const told: string[] = [];
        const asked: string[] = [];
        const cancelled = new Set<string>();
        let lines = 0;
        const run = (effects: readonly SequencerEffect[] | null): void => {
          for (const effect of effects ?? []) {
            if (effect.type === 'emit') told.push(...words([effect]));
            else upstream.inbox.push(effect);
            if (effect.type === 'create' && !outOfBand.has(effect.lineId))
              asked.push(effect.lineId);
          }
        };
        const deliver = (): void => run(upstream.outbox.shift()?.() ?? []);
        for (const one of steps) {
          if (one.kind === 'respond') {
            const lineId = `line${String(lines).padStart(3, '0')}`;
            lines += 1;
            if (one.outOfBand) outOfBand.add(lineId);
            run(it.respond(lineId, one.outOfBand, create(lineId)));
          } else if (one.kind === 'cancel') {
            const lineId = `line${String(one.which).padStart(3, '0')}`;
            const effects = it.cancel(lineId);
            if (effects !== null) cancelled.add(lineId);
            run(effects);
          } else if (one.kind === 'take') upstream.take();
          else if (one.kind === 'finish') upstream.finish();
          else deliver();
        }
        for (let round = 0; round < 5000 && !(upstream.idle && it.size === 0); round += 1) {
          deliver();
          upstream.take();
          upstream.finish();
        }
        expect(it.size).toBe(0);
        // In the order of asking, none twice.
        expect(asked).toEqual([...new Set(asked)].toSorted());
        for (let i = 0; i < lines; i += 1) {
          const lineId = `line${String(i).padStart(3, '0')}`;
          const about = told.filter((text) => text.endsWith(lineId));
          expect(about.length).toBeGreaterThanOrEqual(1);
          expect(about.length).toBeLessThanOrEqual(2);
          expect(about.slice(0, -1).every((text) => text.startsWith('started'))).toBe(true);
          const end = about.at(-1)!.split(' ')[0];
          if (cancelled.has(lineId)) expect(end).toBe('cancelled');
          else expect(['completed', 'failed']).toContain(end);
        }
      }),
      { numRuns: 300, seed: 20_261_120 },
    );
  });
});
