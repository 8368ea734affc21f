import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { open } from '../../support/raw-socket.ts';

const program = fileURLToPath(new URL('../../../bin/parley.mjs', import.meta.url));
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'parley-cli-'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Run {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<{ code: number | null; out: string; err: string }>;
  /** Waits until standard output matches. */
  said(pattern: RegExp): Promise<RegExpExecArray>;
}

function run(...args: readonly string[]): Run {
  const child = spawn(process.execPath, [program, ...args], { cwd: folder });
  let out = '';
  let err = '';
  let heard = (): void => undefined;
  child.stdout.on('data', (part: Buffer) => {
    out += part.toString('utf8');
    heard();
  });
  child.stderr.on('data', (part: Buffer) => (err += part.toString('utf8')));
  return {
    child,
    ended: new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err }))),
    said: (pattern) =>
      new Promise((resolve, reject) => {
        heard = () => {
          const match = pattern.exec(out);
          if (match !== null) resolve(match);
        };
        heard();
        child.on('close', () => reject(new Error(`it ended without saying so: ${err}`)));
      }),
  };
}

function write(name: string, text: string): void {
  writeFileSync(join(folder, name), text);
}

test('serves, says where, closes its calls with 1012 when told to end, and exits with 0', async () => {
  write('quick.yaml', 'server: { drainMs: 100, defaultAgent: rehearsal }\n');
  const served = run('serve', '--config', 'quick.yaml', '--port', '0');
  const [, port] = await served.said(/^Parley listens on http:\/\/127\.0\.0\.1:(\d+)$/m);
  const { socket } = await open(`ws://127.0.0.1:${port!}/v1/realtime`);
  served.child.kill('SIGTERM');
  expect(await socket.closed).toMatchObject({ code: 1012 });
  const { code, out, err } = await served.ended;
  expect(code).toBe(0);
  expect(out.split('\n')).toHaveLength(2);
  const events = err
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { event: string }).event);
  expect(events).toContain('server.listening');
  expect(events.at(-1)).toBe('server.stopped');
});

test('check finds every problem of a file and exits with 1; of a good one with 0', async () => {
  write('bad.yaml', 'server: { prot: 1 }\nagents: { a: { backends: [parot] } }\n');
  const bad = await run('check', '--config', 'bad.yaml').ended;
  expect(bad).toMatchObject({ code: 1, out: '' });
  expect(bad.err).toMatch(
    /^bad\.yaml:1:11 .*"port"[^]*^bad\.yaml:2:27 .*"parrot"[^]*2 problems\./m,
  );
  write('good.yaml', 'agents: { a: { backends: [parrot] } }\n');
  const good = await run('check', '--config', 'good.yaml').ended;
  expect(good).toMatchObject({ code: 0 });
  expect(good.out).toContain(
    'good.yaml: no problems. Agents: a, barista (default), parrot, rehearsal.',
  );
  expect(await run('check', '--config', 'none.yaml').ended).toMatchObject({ code: 1 });
});

test('reads parley.yaml of the working folder where none is named', async () => {
  expect((await run('check').ended).out).toContain('no parley.yaml here');
  write('parley.yaml', 'agents: { mine: { backends: [parrot] } }\n');
  try {
    expect((await run('check').ended).out).toContain('parley.yaml: no problems. Agents: mine');
  } finally {
    rmSync(join(folder, 'parley.yaml'));
  }
});

test('refuses to serve others without keys, and a port that is taken, in words', async () => {
  const others = await run('serve', '--host', '0.0.0.0').ended;
  expect(others.code).toBe(1);
  expect(others.err).toContain('must be a loopback address such as 127.0.0.1, not "0.0.0.0"');
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as AddressInfo;
  const refused = await run('serve', '--port', String(port)).ended;
  expect(refused).toMatchObject({ code: 1, out: '' });
  expect(refused.err).toContain(`parley: port ${port} on 127.0.0.1 is taken`);
  taken.close();
});

test('nonsense is 2 and leads to the help', async () => {
  const { code, err } = await run('serve', '--workers', '4').ended;
  expect(code).toBe(2);
  expect(err).toMatch(/limits and metrics are kept per process[^]*npx parley help/);
  expect((await run('help').ended).out).toContain('talk FILE.wav');
});

test('the models that come with it are as their manifests say', async () => {
  const { code, out } = await run('models', 'verify').ended;
  expect(code).toBe(0);
  expect(out).toContain('parrot: every file is as its manifest says');
});

test('talk says in words what went wrong', async () => {
  expect(await run('talk', 'none.wav').ended).toMatchObject({
    code: 1,
    err: 'parley: there is no file none.wav\n',
  });
});
