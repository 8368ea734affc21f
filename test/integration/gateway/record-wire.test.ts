import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { WireEntry } from '../../../adapters/shared/wire-record.ts';
import { decoded } from '../../replay/decoded.ts';
import { readRecording } from '../../replay/recording.ts';
import { startHydraStandIn } from '../../upstream/hydra/server.ts';

const program = fileURLToPath(new URL('../../../bin/parley.mjs', import.meta.url));
const key = 'sk_record+wire/secret=1';

test('serve --record-wire writes what goes upstream and comes back, and no key', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-wire-'));
  const server = await startHydraStandIn({ apiKey: key });
  const config = {
    backends: { hydra: { type: 'hydra', url: server.url, apiKeyEnv: 'WIRE_TEST_KEY' } },
    agents: { guide: { instructions: 'You are the guide.', backends: ['hydra'] } },
  };
  await writeFile(join(folder, 'parley.yaml'), JSON.stringify(config));
  const args = [program, 'serve', '--port', '0', '--record-wire', 'wires'];
  const env = { ...process.env, WIRE_TEST_KEY: key };
  const child = spawn(process.execPath, args, { cwd: folder, env });
  try {
    const url = await new Promise<string>((resolve, reject) => {
      let out = '';
      child.stdout.on('data', (part: Buffer) => {
        out += part.toString();
        const match = /^Parley listens on http(\S+)$/m.exec(out);
        if (match !== null) resolve(`ws${match[1]!}/v1/realtime?model=guide`);
      });
      child.once('close', () => reject(new Error('it did not come up')));
    });
    const socket = new WebSocket(url);
    const audio = Buffer.alloc(4800).toString('base64');
    socket.on('open', () => {
      socket.send(JSON.stringify({ type: 'input_audio_buffer.append', audio }));
    });
    const told = async (): Promise<string> => {
      const names = await readdir(join(folder, 'wires'));
      const texts = names.map((name) => readFile(join(folder, 'wires', name), 'utf8'));
      return (await Promise.all(texts)).join('');
    };
    await expect.poll(told, { timeout: 10_000 }).toContain('session.configured');
    socket.close();
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    const [name] = await readdir(join(folder, 'wires'));
    const entries: readonly WireEntry[] = readRecording(join(folder, 'wires', name!));
    expect(entries.at(-1)).toMatchObject({ direction: 'up', kind: 'close' });
    expect(decoded(entries)).toMatchObject([
      { type: 'session.created' },
      { type: 'session.configured' },
    ]);
    const text = await told();
    expect(text).toContain('You are the guide.');
    expect(text).toContain('api_key=[key]');
    for (const spelling of [key, encodeURIComponent(key)]) expect(text).not.toContain(spelling);
  } finally {
    child.kill('SIGKILL');
    await server.close();
    await rm(folder, { recursive: true });
  }
});
