import {
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ConfigThread } from '../../../src/composition/config-thread.ts';
import { FileWatch } from '../../../src/config-watch.ts';
import { systemClock } from '../../../src/time/clock.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';

let folder: string;
let file: string;
let clock: ManualClock;
let changes: number;
let watched: FileWatch | null = null;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parley-watch-'));
  file = join(folder, 'parley.yaml');
  clock = new ManualClock();
  changes = 0;
});

afterEach(() => {
  watched?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Watches, and has had its first look. */
async function start(path = file): Promise<void> {
  watched = new FileWatch({ path, clock, onChange: () => (changes += 1) });
  await looks();
}

/** Time passes, and every look that falls due is over. */
async function looks(): Promise<void> {
  for (let count = 0; count < 15; count += 1) {
    clock.advance(200);
    await new Promise((resolve) => setImmediate(resolve));
    await vi.waitFor(() => Promise.resolve());
  }
  await new Promise((resolve) => setTimeout(resolve, 20));
}

test('a change is told once, when the file has stayed as it is', async () => {
  writeFileSync(file, 'one');
  await start();
  expect(changes).toBe(0);
  writeFileSync(file, 'other');
  await vi.waitFor(async () => {
    await looks();
    expect(changes).toBe(1);
  });
  await looks();
  expect(changes).toBe(1);
});

test('another file in its place, its end, and its coming back are changes', async () => {
  writeFileSync(file, 'one');
  await start();
  writeFileSync(`${file}.new`, 'two');
  renameSync(`${file}.new`, file);
  const told = (count: number) =>
    vi.waitFor(async () => {
      await looks();
      expect(changes).toBe(count);
    });
  await told(1);
  unlinkSync(file);
  await told(2);
  writeFileSync(file, 'three');
  await told(3);
});

test('a link that leads elsewhere is a change, as where deployments swap a folder', async () => {
  writeFileSync(join(folder, 'a'), 'one');
  writeFileSync(join(folder, 'b'), 'two');
  symlinkSync('a', file);
  await start();
  unlinkSync(file);
  symlinkSync('b', file);
  await vi.waitFor(async () => {
    await looks();
    expect(changes).toBe(1);
  });
});

test('where the folder cannot be watched, looking now and then does', async () => {
  const later = join(folder, 'later', 'parley.yaml');
  await start(later);
  mkdirSync(join(folder, 'later'));
  writeFileSync(later, 'one');
  await vi.waitFor(async () => {
    await looks();
    expect(changes).toBe(1);
  });
});

test('after close nothing is told and no timer is left', async () => {
  writeFileSync(file, 'one');
  await start();
  watched?.close();
  writeFileSync(file, 'other');
  await looks();
  expect([changes, clock.pending]).toEqual([0, 0]);
});

test('the thread reads a file, the next one too, and one that is not there is a problem', async () => {
  const thread = new ConfigThread({ clock: systemClock });
  const request = { path: 'parley.yaml', workingFolder: folder, whileRunning: true };
  try {
    writeFileSync(file, 'agents: { a: { backends: [rehearsal] } }');
    const read = await thread.read(request);
    expect(read.result.ok && read.result.config.directory.agents[0]?.name).toBe('a');
    writeFileSync(file, 'agents: { a: { backends: [rehersal] } }');
    expect(await thread.read(request)).toMatchObject({
      result: { ok: false, problems: [{ line: 1, column: 27 }] },
    });
    writeFileSync(file, ' \n');
    expect(await thread.read(request)).toMatchObject({
      result: { problems: [{ message: 'parley.yaml is empty.' }] },
    });
    unlinkSync(file);
    expect(await thread.read(request)).toMatchObject({ result: { ok: false } });
  } finally {
    thread.close();
  }
  await expect(thread.read(request)).rejects.toThrow('not read any more');
});
