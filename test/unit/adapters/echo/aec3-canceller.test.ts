import { describe, expect, test } from 'vitest';

import { Aec3Canceller } from '../../../../adapters/echo/aec3/aec3-canceller.ts';
import type {
  EchoLinkHandlers,
  EchoRequest,
  OpenEchoLink,
} from '../../../../adapters/echo/aec3/link.ts';

/** A link whose thread is the test. */
class ManualThread {
  readonly requests: EchoRequest[] = [];
  handlers: EchoLinkHandlers | null = null;
  ended = 0;
  readonly open: OpenEchoLink = (handlers) => {
    this.handlers = handlers;
    return {
      send: (request) => this.requests.push(request),
      end: () => {
        this.ended += 1;
        return Promise.resolve();
      },
    };
  };
}

async function ready(
  streamLimit?: number,
): Promise<{ thread: ManualThread; canceller: Aec3Canceller }> {
  const thread = new ManualThread();
  const canceller = new Aec3Canceller({
    openLink: thread.open,
    ...(streamLimit === undefined ? {} : { streamLimit }),
  });
  const prepared = canceller.prepare(new AbortController().signal);
  thread.handlers!.reply({ type: 'ready' });
  await prepared;
  return { thread, canceller };
}

const nobody = { onClean: () => undefined, onFail: () => undefined };

describe('the canceller', () => {
  test('opens nothing before it is prepared and nothing after it was closed', async () => {
    const canceller = new Aec3Canceller({ openLink: new ManualThread().open });
    expect(() => canceller.open(nobody)).toThrow('idle');
    const { canceller: other } = await ready();
    await other.close();
    await other.close();
    expect(() => other.open(nobody)).toThrow('closed');
    await expect(other.prepare(new AbortController().signal)).rejects.toThrow('closed');
  });

  test('hands clean audio to the stream it belongs to', async () => {
    const { thread, canceller } = await ready();
    const heard: number[][] = [[], []];
    const [one, two] = heard.map((into) =>
      canceller.open({ ...nobody, onClean: (pcm) => into.push(...pcm) }),
    );
    one!.capture(new Float32Array(2), 0);
    two!.capture(new Float32Array(2), 0);
    expect(canceller.figures()).toMatchObject({ streams: 2, inFlight: 2 });
    thread.handlers!.reply({ type: 'clean', streamId: 2, pcm: Float32Array.of(7), runMs: 0.5 });
    thread.handlers!.reply({ type: 'clean', streamId: 1, pcm: Float32Array.of(), runMs: 0.5 });
    expect(heard).toEqual([[], [7]]);
    expect(canceller.figures()).toMatchObject({ inFlight: 0, captures: 2, runMsTotal: 1 });
  });

  test('a closed stream hears nothing more and sends nothing more', async () => {
    const { thread, canceller } = await ready();
    const heard: number[] = [];
    const stream = canceller.open({ ...nobody, onClean: (pcm) => heard.push(...pcm) });
    stream.capture(new Float32Array(2), 0);
    stream.close();
    stream.close();
    stream.capture(new Float32Array(2), 20);
    stream.reference(new Float32Array(2), 20);
    stream.align(300);
    thread.handlers!.reply({ type: 'clean', streamId: 1, pcm: Float32Array.of(7), runMs: 0.5 });
    expect(heard).toEqual([]);
    expect(thread.requests.map(({ type }) => type)).toEqual(['open', 'capture', 'close']);
  });

  test('refuses a call too many', async () => {
    const { canceller } = await ready(2);
    const first = canceller.open(nobody);
    canceller.open(nobody);
    expect(() => canceller.open(nobody)).toThrow('2 calls already');
    expect(canceller.figures()['refused']).toBe(1);
    first.close();
    canceller.open(nobody);
  });

  test('fails a stream whose audio comes back too slowly, once', async () => {
    const { thread, canceller } = await ready();
    const failures: string[] = [];
    const stream = canceller.open({ ...nobody, onFail: (error) => failures.push(error.message) });
    for (let i = 0; i < 150; i += 1) stream.capture(new Float32Array(2), i * 20);
    expect(failures).toEqual(['the canceller cannot keep up']);
    expect(thread.requests.filter(({ type }) => type === 'capture')).toHaveLength(100);
    expect(thread.requests.at(-1)).toEqual({ type: 'close', streamId: 1 });
  });

  test('a lost thread fails every stream, and can be started again', async () => {
    const { thread, canceller } = await ready();
    const failures: string[] = [];
    const onFail = (error: Error): void => void failures.push(error.message);
    canceller.open({ ...nobody, onFail });
    canceller.open({ ...nobody, onFail });
    thread.handlers!.lost('gone');
    expect(failures).toEqual(['gone', 'gone']);
    expect(canceller.figures()).toMatchObject({ ready: 0, streams: 0, failures: 3 });
    const again = canceller.prepare(new AbortController().signal);
    thread.handlers!.reply({ type: 'ready' });
    await again;
    canceller.open(nobody);
  });

  test('one stream’s failure is its own', async () => {
    const { thread, canceller } = await ready();
    const failures: number[] = [];
    for (const id of [1, 2]) canceller.open({ ...nobody, onFail: () => failures.push(id) });
    thread.handlers!.reply({ type: 'failed', streamId: 1, message: 'no memory' });
    expect(failures).toEqual([1]);
    expect(canceller.figures()).toMatchObject({ ready: 1, streams: 1 });
  });

  test('an abort while it starts ends the thread', async () => {
    const thread = new ManualThread();
    const canceller = new Aec3Canceller({ openLink: thread.open });
    await expect(canceller.prepare(AbortSignal.abort())).rejects.toThrow('aborted');
    const abort = new AbortController();
    const prepared = canceller.prepare(abort.signal);
    abort.abort();
    await expect(prepared).rejects.toThrow('aborted');
    expect(thread.ended).toBe(1);
  });
});
