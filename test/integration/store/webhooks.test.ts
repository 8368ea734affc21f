import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { StoreHouse } from '../../../adapters/store/store-house.ts';
import type { LogEntry } from '../../../src/ports/events.ts';
import type { Delivery } from '../../../src/ports/store.ts';
import { countingIds } from '../../../src/time/ids.ts';
import type { Clock } from '../../../src/time/clock.ts';
import { systemClock } from '../../../src/time/clock.ts';
import { CallNews } from '../../../src/webhooks/call-news.ts';
import { finishedCall } from '../../support/finished-call.ts';

const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;

/** Takes webhooks and looks at their signatures with the reference library. */
class Receiver {
  readonly taken: { id: string; body: { type: string; data: Record<string, unknown> } }[] = [];
  readonly #server: Server;
  status = 200;
  attempts = 0;
  port = 0;

  /** @param fast whoever sends lives in a faster time: how old a signature is says nothing */
  constructor(fast = false) {
    this.#server = createServer((request, response) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => {
        this.attempts += 1;
        const headers = request.headers as Record<string, string>;
        const text = Buffer.concat(pieces).toString();
        const webhook = new Webhook(secret);
        if (fast) {
          const at = new Date(Number(headers['webhook-timestamp']) * 1000);
          const own = webhook.sign(headers['webhook-id'] ?? '', at, text);
          if (own !== headers['webhook-signature']) throw new Error('a wrong signature');
        } else webhook.verify(text, headers);
        const body = JSON.parse(text) as Receiver['taken'][0]['body'];
        if (this.status === 200) this.taken.push({ id: headers['webhook-id'] ?? '', body });
        response.writeHead(this.status).end();
      });
    });
  }

  async listen(port = 0): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
    this.port = (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

let folder: string;
let receiver: Receiver;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'parley-hooks-'));
  receiver = new Receiver();
  await receiver.listen();
});
afterEach(() => {
  receiver.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The wall clock runs fast: a minute takes a second. */
const hurried: Clock = {
  ...systemClock,
  epochMs: () => startMs + (systemClock.nowMs() - originMs) * 60,
  timerAt: (atMs, callback) => {
    const nowMs = systemClock.nowMs();
    return systemClock.timerAt(nowMs + (atMs - nowMs) / 60, callback);
  },
};
const startMs = systemClock.epochMs();
const originMs = systemClock.nowMs();

function house(port: number, clock = systemClock): StoreHouse {
  const made = new StoreHouse({
    database: { kind: 'sqlite', path: join(folder, 'calls.sqlite') },
    endpoints: [{ name: 'crm', url: `http://127.0.0.1:${port}/hook`, secret }],
    ...{ retentionDays: null, maxCalls: null, clock, chance: () => 0.5 },
    ...{ onStored: () => undefined, onLost: () => undefined, onTrouble: () => undefined },
    onDelivery: () => undefined,
  });
  made.open();
  return made;
}

function delivery(deliveryId: string, epochMs = systemClock.epochMs()): Delivery {
  const body = JSON.stringify({ type: 'call.started', timestamp: 'x', data: { deliveryId } });
  return { deliveryId, endpoint: 'crm', body, createdMs: epochMs };
}

describe('webhooks', () => {
  test('are signed, and a finished call is told with its record', async () => {
    const store = house(receiver.port);
    const news = new CallNews({
      listeners: [{ name: 'crm', events: ['call.finished'], agents: ['desk'] }],
      clock: systemClock,
      ids: countingIds(),
      isoTime: (epochMs) => new Date(epochMs).toISOString(),
      tell: (deliveries) => store.tell(deliveries),
    });
    const record = finishedCall('call_a', {});
    store.put({ record, deliveries: news.finished(record) });
    await expect.poll(() => receiver.taken.length, { timeout: 10_000 }).toBe(1);
    const [{ body }] = receiver.taken as [Receiver['taken'][0]];
    expect(body.type).toBe('call.finished');
    expect(body.data).toMatchObject({
      ...{ callId: 'call_a', agent: 'desk', outcome: { kind: 'client' }, transcript: [] },
      recording: '2026/01/01/call_a',
    });
    expect(body.data).not.toHaveProperty('events');
    expect(news.finished(finishedCall('call_b', { agent: 'bar' }))).toEqual([]);
    await store.close();
  });

  test('outlive a receiver that is down for a minute, and their own process', async () => {
    const { port } = receiver;
    receiver.close();
    const first = house(port, hurried);
    first.tell([delivery('msg_1', hurried.epochMs()), delivery('msg_2', hurried.epochMs())]);
    await expect
      .poll(() => first.figures['attemptsFailed'], { timeout: 10_000 })
      .toBeGreaterThan(3);
    await first.close();
    const second = house(port, hurried);
    // By then more than a minute has gone.
    await new Promise((resolve) =>
      systemClock.timerAt(systemClock.nowMs() + 1_000, () => resolve(null)),
    );
    receiver = new Receiver(true);
    await receiver.listen(port);
    await expect.poll(() => receiver.attempts, { timeout: 15_000 }).toBeGreaterThan(1);
    await expect
      .poll(() => new Set(receiver.taken.map(({ id }) => id)), { timeout: 15_000 })
      .toEqual(new Set(['msg_1', 'msg_2']));
    await second.close();
  });

  test('are repeated under the same id while they are refused', async () => {
    receiver.close();
    receiver = new Receiver(true);
    await receiver.listen();
    receiver.status = 500;
    const store = house(receiver.port, hurried);
    store.tell([delivery('msg_1', hurried.epochMs())]);
    await expect.poll(() => receiver.attempts, { timeout: 10_000 }).toBeGreaterThan(1);
    receiver.status = 200;
    await expect
      .poll(() => receiver.taken.map(({ id }) => id), { timeout: 15_000 })
      .toEqual(['msg_1']);
    await store.close();
  });
});

test('a running call tells names and times, never words', () => {
  const told: Delivery[] = [];
  const news = new CallNews({
    listeners: [{ name: 'crm', events: ['call.started', 'tool.failed'], agents: ['*'] }],
    clock: systemClock,
    ids: countingIds(),
    isoTime: () => 'now',
    tell: (deliveries) => told.push(...deliveries),
  });
  const call = { callId: 'call_a', agent: 'desk', backend: 'parrot' };
  const answered = {
    type: 'tool.answered',
    ...{ seq: 0, atMs: 5, toolCallId: 't', name: 'book', sharedWith: null, elapsedMs: 4 },
    runner: 'gateway',
  } as const;
  news.entry(call, { ...answered, state: 'timed_out' } satisfies LogEntry);
  news.entry(call, { ...answered, state: 'answered' } satisfies LogEntry);
  expect(told.map(({ body }) => JSON.parse(body) as unknown)).toEqual([
    {
      type: 'tool.failed',
      timestamp: 'now',
      data: {
        ...{ callId: 'call_a', agent: 'desk', atMs: 5, backend: 'parrot' },
        tool: {
          toolCallId: 't',
          name: 'book',
          runner: 'gateway',
          state: 'timed_out',
          elapsedMs: 4,
        },
      },
    },
  ]);
});
