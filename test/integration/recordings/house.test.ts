import { createHash, createHmac } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdir, open, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RecordingHouse, type HouseOptions } from '../../../adapters/recordings/house.ts';
import { RecordingThread } from '../../../adapters/recordings/recording-thread.ts';
import { S3Store } from '../../../adapters/recordings/s3-store.ts';
import { encodeG711 } from '../../../src/audio/g711.ts';
import { silentLogger } from '../../../src/ports/log.ts';
import type { RecordingPlan } from '../../../src/ports/recording.ts';
import { systemClock } from '../../../src/time/clock.ts';
import { readFlac } from '../../support/flac-reader.ts';

const place = '2026/11/21/call_a';
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parley-recordings-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function house(options: Partial<HouseOptions> = {}): RecordingHouse {
  return new RecordingHouse({
    ...{ folder, s3: null, retentionDays: null, minFreeBytes: 0, clock: systemClock },
    ...options,
  });
}

function counted(samples: number, factor: number): Int16Array {
  return Int16Array.from({ length: samples }, (_, index) => ((index * factor) % 30_000) - 15_000);
}

function bytes(samples: Int16Array): Uint8Array {
  return new Uint8Array(samples.buffer.slice(0));
}

const pcm = { codec: 'pcm16', rateHz: 24_000 } as const;

function plan(more: Partial<RecordingPlan> = {}): RecordingPlan {
  return {
    caller: { format: pcm, placements: [{ fromSample: 0, samples: 24_000, atSample: 2_400 }] },
    agent: {
      format: pcm,
      placements: [
        { fromSample: 0, samples: 1_000, atSample: 30_000 },
        { fromSample: 5_000, samples: 7_000, atSample: 40_000 },
      ],
    },
    durationMs: 2_500,
    documents: { 'call.json': '{}\n', 'transcript.txt': '' },
    ...more,
  };
}

describe('a recording', () => {
  test('is FLAC with every sample in its place, its documents beside it and nothing else', async () => {
    const home = house();
    await home.open();
    const [said, given] = [counted(24_000, 7), counted(20_000, 13)];
    expect(home.begin('call_a', place)).toBeNull();
    await home.write('call_a', 'caller', bytes(said));
    await home.write('call_a', 'agent', bytes(given));
    await home.write('call_a', 'events', new TextEncoder().encode('{}\n'));
    expect(await home.finish('call_a', plan())).toBeNull();
    const names = readdirSync(join(folder, place)).sort();
    expect(names).toEqual(['call.json', 'events.jsonl', 'recording.flac', 'transcript.txt']);
    const sound = await readFlac(readFileSync(join(folder, place, 'recording.flac')));
    expect([sound.rateHz, sound.totalSamples]).toEqual([24_000, 60_000]);
    const left = new Int16Array(60_000);
    left.set(said, 2_400);
    const right = new Int16Array(60_000);
    right.set(given.subarray(0, 1_000), 30_000);
    right.set(given.subarray(5_000, 12_000), 40_000);
    expect(Buffer.compare(bytes(sound.channels[0]!), bytes(left))).toBe(0);
    expect(Buffer.compare(bytes(sound.channels[1]!), bytes(right))).toBe(0);
    await home.close();
  });

  test('takes a caller on the telephone and an agent in another rate', async () => {
    const home = house();
    await home.open();
    home.begin('call_a', place);
    const tone = Int16Array.from({ length: 8_000 }, (_, i) => 8_000 * Math.sin(i / 5));
    await home.write('call_a', 'caller', encodeG711(tone, 'pcmu'));
    const caller = {
      format: { codec: 'pcmu', rateHz: 8_000 } as const,
      placements: [{ fromSample: 0, samples: 8_000, atSample: 800 }],
    };
    expect(await home.finish('call_a', plan({ caller }))).toBeNull();
    const sound = await readFlac(readFileSync(join(folder, place, 'recording.flac')));
    const [left] = sound.channels;
    expect(left!.subarray(0, 2_300).every((sample) => Math.abs(sample) < 200)).toBe(true);
    const loudest = left!.subarray(3_000, 26_000).reduce((most, it) => Math.max(most, it), 0);
    expect(loudest).toBeGreaterThan(7_000);
    expect(readdirSync(join(folder, place))).not.toContain('caller.converted');
    await home.close();
  });

  test('a full disk costs the recording, says so, and leaves nothing behind', async () => {
    const home = house({
      openFile: (path, flags) =>
        path.endsWith('agent.raw') ? open('/dev/full', 'w') : open(path, flags),
    });
    await home.open();
    home.begin('call_a', place);
    expect(await home.write('call_a', 'caller', bytes(counted(10, 1)))).toBeNull();
    expect(await home.write('call_a', 'agent', bytes(counted(10, 1)))).toMatch(/ENOSPC/);
    expect(await home.write('call_a', 'agent', bytes(counted(10, 1)))).toBeNull();
    expect(await home.finish('call_a', plan())).not.toBeNull();
    expect(home.figures.failed).toBe(1);
    expect(readdirSync(join(folder, '.pending'))).toEqual([]);
    await home.close();
  });

  test('is not begun where there is little room', async () => {
    const home = house({ minFreeBytes: Number.MAX_SAFE_INTEGER });
    await home.open();
    expect(home.begin('call_a', place)).toMatch(/nearly full/);
    expect(home.figures.refusedForSpace).toBe(1);
    await home.close();
  });

  test('goes when its days are over; what a killed process left goes at once', async () => {
    for (const day of ['2026/11/01', '2026/11/20']) {
      await mkdir(join(folder, day, 'call_x'), { recursive: true });
    }
    await mkdir(join(folder, '.pending', 'call_y'), { recursive: true });
    const clock = { ...systemClock, epochMs: () => Date.parse('2026-11-21T12:00:00Z') };
    const home = house({ retentionDays: 7, clock });
    await home.open();
    expect(readdirSync(join(folder, '2026/11'))).toEqual(['20']);
    expect(home.figures).toMatchObject({ deletedByAge: 1, lostByRestart: 1 });
    await home.close();
  });
});

test('the thread records, counts and reads parts; nothing leads out of its folder', async () => {
  const thread = new RecordingThread({
    ...{ folder, s3: null, retentionDays: null, minFreeBytes: 0 },
    ...{ clock: systemClock, log: silentLogger },
  });
  const sink = thread.begin('call_a', place)!;
  sink.write('caller', bytes(counted(24_000, 7)));
  sink.write('agent', bytes(counted(20_000, 13)));
  sink.write('events', '{"seq":0}');
  sink.finish(plan());
  await expect.poll(() => thread.figures()['recorded'], { timeout: 10_000 }).toBe(1);
  const part = await thread.read(place, 'events.jsonl', { fromByte: 1, toByte: 5 });
  expect(part).toMatchObject({ lengthBytes: 5, totalBytes: 10, fromByte: 1 });
  (part!.stream as NodeJS.ReadableStream & { destroy(): void }).destroy();
  for (const wrong of ['../../x', '2026/11/21/..', '/etc']) {
    expect(await thread.read(wrong, 'call.json', null)).toBeNull();
  }
  expect(await thread.read(place, '../call_a/call.json', null)).toBeNull();
  await thread.close();
});

/** A bucket that looks at every signature the way S3 does (Signature Version 4). */
class Bucket {
  readonly files = new Map<string, Buffer>();
  /** Requests that are answered with 503 first. */
  failures = 0;
  readonly #server = createServer((request, response) => {
    void this.#answer(request).then(({ status, body, headers }) => {
      response.writeHead(status, headers).end(body);
    });
  });

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(
    request: IncomingMessage,
  ): Promise<{ status: number; body: Buffer | string; headers: Record<string, string> }> {
    const pieces: Buffer[] = [];
    for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece);
    const body = Buffer.concat(pieces);
    const no = (
      status: number,
    ): { status: number; body: string; headers: Record<string, string> } => ({
      status,
      body: '',
      headers: {},
    });
    if (!signatureFits(request, body)) return no(403);
    if (this.failures > 0) {
      this.failures -= 1;
      return no(503);
    }
    const path = request.url ?? '';
    if (request.method === 'PUT') {
      this.files.set(path, body);
      return no(200);
    }
    const file = this.files.get(path);
    if (file === undefined) return no(404);
    const [, from = '', to = ''] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    if (from === '') return { status: 200, body: file, headers: {} };
    const end = to === '' ? file.length - 1 : Number(to);
    const range = `bytes ${from}-${end}/${file.length}`;
    const part = file.subarray(Number(from), end + 1);
    return { status: 206, body: part, headers: { 'content-range': range } };
  }
}

const keys = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'not-so-secret' };

function signatureFits({ method = '', url = '', headers }: IncomingMessage, body: Buffer): boolean {
  const told =
    /Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, SignedHeaders=([^,]+), Signature=(\w+)/.exec(
      headers.authorization ?? '',
    );
  if (told === null) return false;
  const [, keyId, date = '', region = '', signed = '', signature] = told;
  const sum = String(headers['x-amz-content-sha256'] ?? '');
  const own = createHash('sha256').update(body).digest('hex');
  if (sum !== 'UNSIGNED-PAYLOAD' && sum !== own) return false;
  const lines = signed.split(';').map((name) => `${name}:${String(headers[name]).trim()}\n`);
  const canonical = [method, url, '', lines.join(''), signed, sum].join('\n');
  const time = String(headers['x-amz-date']);
  const scope = `${date}/${region}/s3/aws4_request`;
  const digest = createHash('sha256').update(canonical).digest('hex');
  const toSign = ['AWS4-HMAC-SHA256', time, scope, digest].join('\n');
  const key = [date, region, 's3', 'aws4_request'].reduce<Buffer | string>(
    (last, part) => createHmac('sha256', last).update(part).digest(),
    `AWS4${keys.secretAccessKey}`,
  );
  return (
    keyId === keys.accessKeyId &&
    signature === createHmac('sha256', key).update(toSign).digest('hex')
  );
}

describe('a bucket', () => {
  let bucket: Bucket;
  let endpoint: string;
  beforeEach(async () => {
    bucket = new Bucket();
    endpoint = await bucket.listen();
  });
  afterEach(() => bucket.close());

  test('gets what is recorded, however often it refuses, and gives it back', async () => {
    const s3 = { endpoint, bucket: 'calls', region: 'eu-central-1', prefix: 'parley/', ...keys };
    const home = house({ s3 });
    await home.open();
    bucket.failures = 1;
    home.begin('call_a', place);
    await home.write('call_a', 'caller', bytes(counted(24_000, 7)));
    expect(await home.finish('call_a', plan())).toBeNull();
    await expect.poll(() => home.figures.uploaded, { timeout: 10_000 }).toBe(1);
    expect(home.figures.uploadFailures).toBe(1);
    const names = [...bucket.files.keys()].map((path) => path.replace(/^.*\//, '')).sort();
    expect(names).toEqual(['call.json', 'recording.flac', 'transcript.txt']);
    expect(bucket.files.has(`/calls/parley/${place}/recording.flac`)).toBe(true);
    const store = new S3Store(s3);
    const part = await store.get(`${place}/recording.flac`, { fromByte: 0, toByte: 3 });
    const read: Buffer[] = [];
    for await (const piece of part!.stream as AsyncIterable<Buffer>) read.push(piece);
    expect(Buffer.concat(read).toString()).toBe('fLaC');
    expect(await store.get(`${place}/nothing.txt`, null)).toBeNull();
    await home.close();
  });

  test('that knows other keys gets nothing', async () => {
    const s3 = {
      endpoint,
      bucket: 'calls',
      region: 'eu',
      prefix: '',
      ...keys,
      secretAccessKey: 'x',
    };
    const path = join(folder, 'a.txt');
    await writeFile(path, 'text');
    await expect(new S3Store(s3).put('a.txt', path, 'text/plain')).rejects.toThrow('HTTP 403');
  });
});
