import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WireFolder, type WireFolderOptions } from '../../../../adapters/shared/wire-folder.ts';
import type { WireSink } from '../../../../adapters/shared/wire-file.ts';
import type { WireEntry, WireRecording } from '../../../../adapters/shared/wire-record.ts';
import { silentLogger } from '../../../../src/ports/log.ts';
import { ManualClock } from '../../../../src/time/manual-clock.ts';

const opening = {
  url: 'wss://upstream.example/s2s?api_key=secret-key-1&model=m',
  headers: { authorization: 'Bearer secret-key-1' },
  secret: 'secret-key-1',
};
const usual = { code: 1000, reason: '' };

let folder: string;
let clock: ManualClock;
let wires: WireFolder;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wire-folder-'));
  clock = new ManualClock();
});
afterEach(async () => {
  await wires.close();
  expect(clock.pending).toBe(0);
  await rm(folder, { recursive: true });
});

async function recorder(more: Partial<WireFolderOptions> = {}) {
  wires = await WireFolder.at({ folder, clock, log: silentLogger, ...more });
  return wires.recorder('my backend', 'hydra');
}

async function written(): Promise<WireEntry[]> {
  await wires.close();
  const [name] = await readdir(folder);
  const text = await readFile(join(folder, name!), 'utf8');
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as WireEntry]));
}

/** A disk of the test's own. */
class Disk implements WireSink {
  text = '';
  closed = 0;
  fails = false;
  ready: Promise<unknown> = Promise.resolve();

  async appendFile(text: string): Promise<void> {
    await this.ready;
    if (this.fails) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    this.text += text;
  }

  close(): Promise<void> {
    this.closed += 1;
    return Promise.resolve();
  }
}

describe('a recorded connection', () => {
  it('is written with times, directions and kinds, and without the key', async () => {
    const recording = (await recorder()).begin(opening)!;
    clock.advance(10);
    recording.opened();
    recording.frame('up', '{"type":"session.configure"}', false);
    clock.advance(15.25);
    recording.frame('down', Buffer.from('{"said":"no secret-key-1"}'), true);
    recording.frame('down', Buffer.from([0xff, 0x00, 0xfe]), true);
    clock.advance(5);
    recording.closed('down', { code: 1013, reason: 'server_full' });
    recording.frame('up', 'too late', false);
    const [first, ...rest] = await written();
    expect(first).toEqual({
      atMs: 0,
      direction: 'up',
      kind: 'open',
      format: 'parley-wire-1',
      backend: 'my backend',
      type: 'hydra',
      startedAt: expect.any(String) as string,
      url: 'wss://upstream.example/s2s?api_key=[key]&model=m',
      headers: ['authorization'],
    });
    expect(rest).toEqual([
      { atMs: 10, direction: 'down', kind: 'open' },
      { atMs: 10, direction: 'up', kind: 'text', data: '{"type":"session.configure"}' },
      { atMs: 25.3, direction: 'down', kind: 'binary', data: '{"said":"no [key]"}' },
      { atMs: 25.3, direction: 'down', kind: 'binary', base64: '/wD+' },
      { atMs: 30.3, direction: 'down', kind: 'close', code: 1013, reason: 'server_full' },
    ]);
  });

  it('takes the bytes as they are now, whatever becomes of them', async () => {
    const recording = (await recorder()).begin(opening)!;
    const bytes = Buffer.from('{"a":1}');
    recording.frame('down', bytes, false);
    bytes.fill(0);
    expect(await written()).toMatchObject([{}, { data: '{"a":1}' }]);
  });

  it('is for its owner alone, and nothing is overwritten', async () => {
    const some = await recorder();
    for (let i = 0; i < 2; i += 1) some.begin(opening)!.closed('up', usual);
    await wires.close();
    const names = await readdir(folder);
    expect(names).toHaveLength(2);
    for (const name of names) {
      expect(name).toMatch(/^my_backend-\d{4}-\d\d-\d\dT\d+Z-\d\.jsonl$/);
      expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
    }
  });

  it('ends at its limit, says so, and counts the rest', async () => {
    const some = await recorder({ fileLimitBytes: 1000 });
    const recording = some.begin(opening)!;
    for (let i = 0; i < 20; i += 1) recording.frame('down', 'x'.repeat(100), false);
    clock.advance(200);
    await setImmediate();
    recording.frame('down', 'late', false);
    recording.closed('up', usual);
    const entries = await written();
    expect(entries.at(-1)).toEqual({ atMs: 0, kind: 'gap', frames: null });
    const frames = entries.filter(({ kind }) => kind === 'text').length;
    expect(frames).toBeGreaterThan(2);
    expect(some.figures()).toMatchObject({
      wireFramesRecorded: frames,
      wireFramesDropped: 21 - frames,
    });
  });

  it('is none beyond the limit of files', async () => {
    const some = await recorder({ filesLimit: 1 });
    some.begin(opening)!.closed('up', usual);
    expect(some.begin(opening)).toBeNull();
    expect(some.figures()).toMatchObject({ wiresRecorded: 1, wiresRefused: 1 });
  });
});

describe('a disk in trouble', () => {
  async function onto(
    disk: Disk,
  ): Promise<[WireRecording, () => Readonly<Record<string, number>>]> {
    const some = await recorder({ create: () => Promise.resolve(disk) });
    return [some.begin(opening)!, () => some.figures()];
  }

  it('that is full ends the recording, is counted once, and lets go of the file', async () => {
    const disk = new Disk();
    const [recording, figures] = await onto(disk);
    disk.fails = true;
    recording.frame('down', 'one', false);
    clock.advance(200);
    await setImmediate();
    for (let i = 0; i < 3; i += 1) recording.frame('down', 'more', false);
    recording.closed('up', usual);
    await wires.close();
    expect(disk).toMatchObject({ text: '', closed: 1 });
    expect(figures()).toMatchObject({ wireWritesFailed: 1, wireFramesDropped: 3 });
  });

  it('that is slow costs frames beyond 4 MiB, and the recording says how many', async () => {
    const disk = new Disk();
    const stuck = Promise.withResolvers<null>();
    disk.ready = stuck.promise;
    const [recording, figures] = await onto(disk);
    recording.frame('down', 'first', false);
    clock.advance(200);
    await setImmediate();
    for (let i = 0; i < 6; i += 1) recording.frame('down', 'y'.repeat(1024 * 1024), false);
    stuck.resolve(null);
    await setImmediate();
    await setImmediate();
    recording.frame('down', 'last', false);
    recording.closed('up', usual);
    await wires.close();
    const entries = disk.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as WireEntry);
    expect(entries.slice(-3)).toMatchObject([
      { kind: 'gap', frames: 2 },
      { data: 'last' },
      { kind: 'close' },
    ]);
    expect(figures()).toMatchObject({ wireFramesRecorded: 6, wireFramesDropped: 2 });
  });

  it('that takes nothing at all costs nobody anything', async () => {
    const some = await recorder({ create: () => Promise.reject(new Error('read-only')) });
    const recording = some.begin(opening)!;
    recording.frame('up', 'one', false);
    recording.closed('up', usual);
    await wires.close();
    expect(some.figures()).toMatchObject({ wireWritesFailed: 1, wireBytesWritten: 0 });
  });
});
