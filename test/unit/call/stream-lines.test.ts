import { describe, expect, it } from 'vitest';
import { streamStep, type StreamState } from '../../../src/call/stream-lines.ts';

const loud = { audible: true, frameMs: 80 };
const quiet = { audible: false, frameMs: 80 };
const plain = { mark: null } as const;
const silent: StreamState = { kind: 'silent' };
const speaking: StreamState = { kind: 'speaking', silenceMs: 0 };

describe('lines of a stream', () => {
  it('open on audible audio or on the mark of the model', () => {
    expect(streamStep(silent, plain, quiet)).toEqual({ state: silent, actions: [] });
    expect(streamStep(silent, plain, loud)).toEqual({
      state: speaking,
      actions: ['open', 'audio'],
    });
    expect(streamStep(silent, { mark: 'speech_started' }, quiet)).toEqual({
      state: speaking,
      actions: ['open', 'audio'],
    });
  });

  it('complete after 800 ms of silence and not before', () => {
    let state: StreamState = speaking;
    for (let frame = 1; frame <= 9; frame += 1) {
      const step = streamStep(state, plain, quiet);
      expect(step.actions).toEqual(['audio']);
      state = step.state;
    }
    expect(streamStep(state, plain, quiet)).toEqual({
      state: silent,
      actions: ['audio', 'complete'],
    });
  });

  it('start the count of silence again with every audible frame', () => {
    const almost: StreamState = { kind: 'speaking', silenceMs: 720 };
    expect(streamStep(almost, plain, loud)).toEqual({ state: speaking, actions: ['audio'] });
  });

  it('complete at once on the mark of the model', () => {
    expect(streamStep(speaking, { mark: 'speech_ended' }, loud)).toEqual({
      state: silent,
      actions: ['audio', 'complete'],
    });
    expect(streamStep(speaking, { mark: 'speech_ended' }, quiet).actions).toEqual(['complete']);
    expect(streamStep(silent, { mark: 'speech_ended' }, loud).actions).toEqual([
      'open',
      'audio',
      'complete',
    ]);
    expect(streamStep(silent, { mark: 'speech_ended' }, quiet).actions).toEqual([]);
  });

  it('are cut where the model stopped for the caller', () => {
    expect(streamStep(speaking, { mark: 'yielded' }, loud)).toEqual({
      state: silent,
      actions: ['yield'],
    });
    expect(streamStep(silent, { mark: 'yielded' }, loud)).toEqual({ state: silent, actions: [] });
  });

  it('let nothing through a gate until the model is silent by itself', () => {
    const gated: StreamState = { kind: 'gated', silenceMs: 0 };
    expect(streamStep(gated, plain, loud)).toEqual({ state: gated, actions: [] });
    expect(streamStep({ kind: 'gated', silenceMs: 700 }, plain, quiet)).toEqual({
      state: { kind: 'gated', silenceMs: 780 },
      actions: [],
    });
    expect(streamStep({ kind: 'gated', silenceMs: 720 }, plain, quiet)).toEqual({
      state: silent,
      actions: [],
    });
    expect(streamStep(gated, { mark: 'yielded' }, loud)).toEqual({ state: silent, actions: [] });
    expect(streamStep(gated, { mark: 'speech_ended' }, loud)).toEqual({
      state: silent,
      actions: [],
    });
  });
});
