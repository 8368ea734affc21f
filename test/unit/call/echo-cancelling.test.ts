import { beforeAll, describe, expect, it } from 'vitest';
import { EchoCancelling } from '../../../src/call/echo-cancelling.ts';
import { prepareResampler } from '../../../src/audio/resampler.ts';
import { pcm24k } from '../../../src/audio/format.ts';
import type {
  EchoCancellerHandlers,
  EchoCancellerPort,
} from '../../../src/ports/echo-canceller.ts';

beforeAll(prepareResampler);

/** A canceller whose every step the test makes. */
class HandCanceller implements EchoCancellerPort {
  readonly name = 'hand';
  rateHz = 16_000;
  handlers: EchoCancellerHandlers | null = null;
  readonly captured: number[] = [];
  readonly references: number[] = [];
  readonly delays: number[] = [];
  onOpen: 'ok' | 'throws' | 'fails' = 'ok';
  closed = 0;

  prepare(): Promise<void> {
    return Promise.resolve();
  }

  open(handlers: EchoCancellerHandlers): ReturnType<EchoCancellerPort['open']> {
    if (this.onOpen === 'throws') throw new Error('full');
    this.handlers = handlers;
    if (this.onOpen === 'fails') handlers.onFail(new Error('lost at once'));
    return {
      reference: (pcm) => this.references.push(pcm.length),
      capture: (pcm) => this.captured.push(pcm.length),
      align: (delayMs) => this.delays.push(delayMs),
      close: () => {
        this.closed += 1;
      },
    };
  }

  figures(): Readonly<Record<string, number>> {
    return {};
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function opened(canceller: HandCanceller | null) {
  const pushed: Float32Array[] = [];
  let failures = 0;
  const cancelling = EchoCancelling.open({
    canceller,
    rateHz: 16_000,
    format: pcm24k,
    push: (pcm) => pushed.push(pcm),
    onFailed: () => {
      failures += 1;
    },
  });
  const samples = (): number => pushed.reduce((sum, { length }) => sum + length, 0);
  return { cancelling, pushed, samples, failures: () => failures };
}

const piece = new Float32Array(320).fill(0.5);

describe('a call’s way through an echo canceller', () => {
  it('is none without a canceller, at another rate, or where none opens', () => {
    expect(opened(null).cancelling).toBeNull();
    const slow = new HandCanceller();
    slow.rateHz = 8000;
    expect(opened(slow).cancelling).toBeNull();
    const full = new HandCanceller();
    full.onOpen = 'throws';
    expect(opened(full)).toMatchObject({ cancelling: null });
  });

  it('is none where the canceller is lost while it opens: nobody would hear the caller', () => {
    const canceller = new HandCanceller();
    canceller.onOpen = 'fails';
    const { cancelling, failures } = opened(canceller);
    expect(cancelling).toBeNull();
    expect(failures()).toBe(1);
  });

  it('gives back silence for what a lost canceller still had, and no more', () => {
    const canceller = new HandCanceller();
    const { cancelling, pushed, samples, failures } = opened(canceller);
    for (let n = 0; n < 5; n += 1) cancelling!.capture(piece, n * 20, null);
    canceller.handlers!.onClean(new Float32Array(480).fill(0.1));
    expect(samples()).toBe(480);
    canceller.handlers!.onFail(new Error('lost'));
    canceller.handlers!.onFail(new Error('lost again'));
    expect(failures()).toBe(1);
    expect(samples()).toBe(5 * 320);
    expect(Math.max(...pushed.at(-1)!)).toBe(0);
    cancelling!.capture(piece, 100, null);
    cancelling!.reference(new Uint8Array(960), 0);
    cancelling!.close();
    expect(samples()).toBe(5 * 320);
    expect(canceller.captured).toHaveLength(5);
    expect(canceller.references).toEqual([]);
  });

  it('gives back what is owed when it is closed, once', () => {
    const canceller = new HandCanceller();
    const { cancelling, samples, failures } = opened(canceller);
    cancelling!.capture(piece, 0, null);
    cancelling!.close();
    cancelling!.close();
    expect(samples()).toBe(320);
    expect(canceller.closed).toBe(1);
    expect(failures()).toBe(0);
  });

  it('tells the delay when it is known and when it changes', () => {
    const canceller = new HandCanceller();
    const { cancelling } = opened(canceller);
    for (const delayMs of [null, 60, 60, 70, null, 70]) cancelling!.capture(piece, 0, delayMs);
    expect(canceller.delays).toEqual([60, 70]);
    cancelling!.close();
  });

  it('takes the reference at its own rate', () => {
    const canceller = new HandCanceller();
    const { cancelling } = opened(canceller);
    for (let n = 0; n < 50; n += 1) cancelling!.reference(new Uint8Array(960), n * 20);
    const samples = canceller.references.reduce((sum, length) => sum + length, 0);
    expect(samples).toBeGreaterThan(15_900);
    expect(samples).toBeLessThanOrEqual(16_000);
    cancelling!.close();
  });
});
