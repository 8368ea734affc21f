import { fc, test as propertyTest } from '@fast-check/vitest';
import { beforeEach, expect, test } from 'vitest';

import { LocalUtterance } from '../../../adapters/speech/local/shared/local-utterance.ts';
import { zeroVoiceCounters } from '../../../adapters/speech/local/shared/voice-counters.ts';
import { VoiceDispatcher } from '../../../adapters/speech/local/shared/voice-dispatcher.ts';
import type { VoiceRequest } from '../../../adapters/speech/local/shared/voice-link.ts';
import { CallError } from '../../../src/ports/errors.ts';
import type { SpeechEvent } from '../../../src/ports/text-to-speech.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';

/** Everything around one thread that only writes down what it is asked. */
class Rig {
  readonly clock = new ManualClock();
  readonly counters = zeroVoiceCounters();
  readonly sent: VoiceRequest[] = [];
  readonly stalls: string[] = [];
  over = 0;
  readonly dispatcher = new VoiceDispatcher({
    clock: this.clock,
    counters: this.counters,
    queueLimitPieces: 4,
    pieceTimeoutMs: 1000,
    send: (request) => this.sent.push(request),
    onStall: (reason) => this.stalls.push(reason),
  });

  utterance(): LocalUtterance {
    return new LocalUtterance({
      dispatcher: this.dispatcher,
      counters: this.counters,
      clock: this.clock,
      voice: null,
      rateHz: 16_000,
      readable: (text) => text,
      onOver: () => (this.over += 1),
    });
  }

  get texts(): string[] {
    return this.sent.flatMap((request) => (request.type === 'speak' ? [request.text] : []));
  }

  /** The thread does what it was asked last. */
  answer(bytes = 4): void {
    const jobId = this.texts.length;
    this.dispatcher.take({ type: 'audio', jobId, bytes: new Uint8Array(bytes) });
    this.dispatcher.take({ type: 'done', jobId, synthesisMs: 1, audioMs: 2 });
  }
}

const say = (utterance: LocalUtterance, ...texts: readonly string[]): void => {
  for (const [index, text] of texts.entries()) {
    utterance.say({ pieceId: index + 1, text, styles: [], flush: true });
  }
};
const types = (utterance: LocalUtterance): SpeechEvent['type'][] =>
  utterance.events.drain().map(({ type }) => type);

let rig: Rig;
beforeEach(() => (rig = new Rig()));

test('one piece at a time is out, and calls take turns', () => {
  const [one, other] = [rig.utterance(), rig.utterance()];
  say(one, 'a1', 'a2', 'a3');
  say(other, 'b1');
  for (let piece = 1; piece <= 4; piece += 1) {
    expect(rig.texts).toHaveLength(piece);
    rig.answer();
  }
  expect(rig.texts).toEqual(['a1', 'a2', 'b1', 'a3']);
});

test('a cancel forgets what waits, stops what is out, and frees the thread when that has ended', () => {
  const [cut, next] = [rig.utterance(), rig.utterance()];
  say(cut, 'a1', 'a2');
  cut.cancel();
  say(next, 'b1');
  expect(rig.sent.map(({ type }) => type)).toEqual(['speak', 'stop']);
  rig.answer(10);
  expect(rig.counters.staleBytes).toBe(10);
  expect(rig.texts).toEqual(['a1', 'b1']);
  expect(types(cut)).toEqual([]);
  expect(rig.dispatcher.queued).toBe(0);
  expect(rig.over).toBe(1);
});

test('too many pieces fail the utterance that has one too many, and no other', () => {
  const [one, other] = [rig.utterance(), rig.utterance()];
  say(one, 'out', '1', '2', '3', '4');
  say(other, 'over');
  const [failed] = other.events.drain();
  expect(failed).toMatchObject({ type: 'failed', error: { code: 'backend_overloaded' } });
  expect(rig.counters.overflowedPieces).toBe(1);
  one.end();
  for (let piece = 0; piece < 5; piece += 1) rig.answer();
  expect(types(one).at(-1)).toBe('done');
});

test('a thread that does not answer is reported, and its loss fails everybody once', () => {
  const [one, other] = [rig.utterance(), rig.utterance()];
  say(one, 'a1', 'a2');
  say(other, 'b1', 'b2');
  rig.clock.advance(999);
  expect(rig.stalls).toEqual([]);
  rig.clock.advance(1);
  expect(rig.stalls).toEqual(['no answer for 1000 ms']);
  rig.dispatcher.fail(new CallError('backend_closed', 'gone'));
  expect(types(one)).toEqual(['failed']);
  expect(types(other)).toEqual(['failed']);
  expect(rig.dispatcher.queued).toBe(0);
  expect(rig.clock.pending).toBe(0);
});

test('a piece that the engine refuses fails its utterance', () => {
  const utterance = rig.utterance();
  say(utterance, 'a1', 'a2');
  rig.dispatcher.take({ type: 'refused', jobId: 1, message: 'no such sound' });
  expect(utterance.events.drain()).toMatchObject([
    { type: 'failed', error: { code: 'backend_protocol', message: 'no such sound' } },
  ]);
});

test('a text that is too long is refused with its length', () => {
  const utterance = rig.utterance();
  say(utterance, 'x'.repeat(2001));
  expect(utterance.events.drain()).toMatchObject([
    { type: 'failed', error: { code: 'invalid_value', message: /2000 characters, has 2001/ } },
  ]);
  expect(rig.sent).toEqual([]);
});

test('a reader that left cancels', () => {
  const utterance = rig.utterance();
  say(utterance, 'a1', 'a2');
  void utterance.events[Symbol.asyncIterator]().return?.();
  rig.answer();
  expect(rig.over).toBe(1);
  expect(rig.dispatcher.queued).toBe(0);
});

const step = fc.oneof(
  fc.record({ kind: fc.constant('say'), who: fc.nat(3) }),
  fc.record({ kind: fc.constant('end'), who: fc.nat(3) }),
  fc.record({ kind: fc.constant('cancel'), who: fc.nat(3) }),
  fc.record({ kind: fc.constant('answer'), who: fc.constant(0) }),
);

propertyTest.prop([fc.array(step, { maxLength: 60 })])(
  'whatever happens: pieces in order, one last event, nothing left',
  (steps) => {
    const own = new Rig();
    const utterances = [0, 1, 2, 3].map(() => own.utterance());
    const told: SpeechEvent[][] = [[], [], [], []];
    const next = [0, 0, 0, 0];
    const read = (): void => {
      for (const [who, one] of utterances.entries()) told[who]!.push(...one.events.drain());
    };
    const busy = (): boolean => own.counters.pieces > 0 && own.texts.length > answered;
    let answered = 0;
    const answer = (): void => {
      if (!busy()) return;
      answered += 1;
      own.dispatcher.take({ type: 'audio', jobId: answered, bytes: new Uint8Array(2) });
      own.dispatcher.take({ type: 'done', jobId: answered, synthesisMs: 1, audioMs: 1 });
    };
    for (const { kind, who } of steps) {
      const one = utterances[who]!;
      if (kind === 'say')
        one.say({ pieceId: (next[who]! += 1), text: 'x', styles: [], flush: true });
      if (kind === 'end') one.end();
      if (kind === 'cancel') one.cancel();
      if (kind === 'answer') answer();
      read();
    }
    for (const one of utterances) one.end();
    for (let piece = 0; piece < 100; piece += 1) answer();
    read();
    expect(own.dispatcher.queued).toBe(0);
    expect(own.clock.pending).toBe(0);
    expect(own.over).toBe(4);
    for (const events of told) {
      const pieces = events.flatMap((event) =>
        event.type === 'piece.done' ? [event.pieceId] : [],
      );
      expect(pieces).toEqual(pieces.map((_, index) => index + 1));
      const last = events.findIndex(({ type }) => type === 'done' || type === 'failed');
      expect([-1, events.length - 1]).toContain(last);
    }
  },
);
