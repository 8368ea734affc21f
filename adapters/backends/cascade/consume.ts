import type { Incoming } from '../../../src/streams/bounded-queue.ts';

/** Takes what comes, by callback where that is offered. Resolves at the end; rejects as `take` does. */
export async function consume<T>(values: Incoming<T>, take: (value: T) => boolean): Promise<void> {
  if (values.consume !== undefined) {
    await values.consume(take);
    return;
  }
  for await (const value of values) if (!take(value)) return;
}
