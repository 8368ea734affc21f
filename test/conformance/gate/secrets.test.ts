import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { WireFolder } from '../../../adapters/shared/wire-folder.ts';
import type { Logger } from '../../../src/ports/log.ts';
import { systemClock } from '../../../src/time/clock.ts';
import { backendKinds, standInKey } from './backends.ts';
import { wordsOf } from './plants.ts';
import { openGateStage, type GateStage } from './stage.ts';

/** What agents and callers say, and may be found nowhere; together with parts of it that tell enough. */
const sentences = [
  'Sure, 4111-1111-1111-1111 it is, by jo.smith@example.com then.',
  'It is DE89 3704 0044 0532 0130 00 now.',
];
const asks = 'My card is 5555-5555-5555-4444 and my mail is jane@example.com.';
/** Parts of the numbers that are written alone somewhere. */
const groups = ['4111', '3704', '0532', '5555', '41111111', '37040044', '55555555'];
const tells = [
  // By itself: times and ids hold any four digits now and then.
  new RegExp(`(?<![\\w.])(?:${groups.join('|')})(?!\\w)`),
  /4111-?1111|3704[ -]?0044|0532[ -]?0130|5555-?5555/,
  /one one one/,
  /jo\.smith/,
  /jane@/,
];
const toolSecret = 'tool+bearer/secret=7';

const logged: string[] = [];
const note = (event: string, fields: object = {}): void =>
  void logged.push(JSON.stringify({ event, ...fields }));
const log: Logger = { debug: note, info: note, warn: note, error: note };

const folder = mkdtempSync(join(tmpdir(), 'parley-secrets-'));
const wires = (name: string): Promise<WireFolder> =>
  WireFolder.at({ folder: join(folder, name), clock: systemClock, log });
let stage: GateStage;
const callIds: string[] = [];

beforeAll(async () => {
  vi.stubEnv('SECRET_TOOL_TOKEN', toolSecret);
  const calls = backendKinds.map((kind) => ({
    kind,
    sentences: sentences.map(wordsOf),
    realTimeFactor: 10,
    gate: null,
    asks,
  }));
  const url = 'http://127.0.0.1:9/';
  const tool = { name: 'look', http: { url, bearerEnv: 'SECRET_TOOL_TOKEN' } };
  const recording = { consent: 'operator' };
  const agent = { redact: ['card', 'iban', 'email'], tools: [tool], recording };
  const house = {
    store: { type: 'sqlite', path: join(folder, 'calls.sqlite') },
    recordings: { dir: join(folder, 'recordings'), minFreeMiB: 0 },
  };
  stage = await openGateStage(calls, { log, agent, house, wires: await wires('wires') });
  const heard = await Promise.all(backendKinds.map((_, place) => stage.hear(place)));
  callIds.push(...heard.map(({ callId }) => callId));
}, 90_000);
afterAll(async () => {
  await stage.close();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const get = async (path: string): Promise<string> =>
  await (await fetch(`${stage.gateway.url}${path}`)).text();

/** What a stream of events gives within a second. */
async function streamed(path: string): Promise<string> {
  const { body } = await fetch(`${stage.gateway.url}${path}`);
  const reader = body!.getReader();
  const decoder = new TextDecoder();
  const over = Promise.withResolvers<{ readonly done: true; readonly value?: undefined }>();
  const timer = setTimeout(() => over.resolve({ done: true }), 1_000);
  let text = '';
  for (;;) {
    const piece = await Promise.race([reader.read(), over.promise]);
    if (piece.done) break;
    text += decoder.decode(piece.value as Uint8Array, { stream: true });
  }
  clearTimeout(timer);
  await reader.cancel();
  return text;
}

/** Every place where something is written down or shown. */
async function places(): Promise<ReadonlyMap<string, string>> {
  const paths = ['/metrics', '/readyz', '/api/agents', '/api/backends', '/api/calls', '/'];
  const found = new Map<string, string>();
  for (const callId of callIds) {
    paths.push(`/api/calls/${callId}`);
    const events = `/api/calls/${callId}/events`;
    found.set(events, await streamed(events));
  }
  for (const path of paths) found.set(path, await get(path));
  found.set('log lines', logged.join('\n'));
  for (const file of filesIn(folder)) found.set(file, readFileSync(file, 'latin1'));
  return found;
}

function filesIn(path: string): readonly string[] {
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .map((name) => join(path, name))
    .filter((file) => statSync(file).isFile());
}

describe('what is written down or shown', () => {
  let all: ReadonlyMap<string, string>;
  beforeAll(async () => {
    // A call that is over is where finished ones are.
    await vi.waitFor(async () => {
      for (const callId of callIds) expect(await get(`/api/calls/${callId}`)).toContain('closed');
    });
    all = await places();
  });

  it('has what it should have', () => {
    for (const [place, kind] of backendKinds.entries()) {
      const record = all.get(`/api/calls/${callIds[place]!}`)!;
      expect(record, kind).toContain('[card]');
      expect(record, kind).toContain('[iban]');
      expect(record, kind).toContain('[email]');
    }
    expect(logged.length).toBeGreaterThan(5);
    const files = [...all.keys()].filter((name) => name.startsWith(folder));
    expect(files.some((name) => name.includes('sqlite'))).toBe(true);
    expect(files.some((name) => name.includes('recordings'))).toBe(true);
    // They would hold everything that is said.
    expect(files.some((name) => name.includes('wires'))).toBe(false);
  });

  it('has no redacted value', () => {
    for (const [place, text] of all) {
      for (const tell of tells) expect(text.match(tell)?.[0], `${place}: ${tell}`).toBeUndefined();
    }
  });

  it('has no secret, however it is spelled', () => {
    for (const [place, text] of all) {
      for (const each of spellings) expect(text.includes(each), place).toBe(false);
    }
  });
});

const spellings = [standInKey, toolSecret].flatMap((secret) => [
  secret,
  encodeURIComponent(secret),
  Buffer.from(secret).toString('base64').replace(/=+$/, ''),
]);

it('leaves no key in recorded wires, whatever they lead to', async () => {
  const recorded = join(folder, 'recorded');
  const calls = backendKinds.map((kind) => {
    const words = wordsOf('Here it is.');
    return { kind, sentences: [words], realTimeFactor: 10, gate: null };
  });
  const open = await openGateStage(calls, { log, wires: await wires('recorded') });
  await Promise.all(backendKinds.map((_, place) => open.hear(place)));
  await open.close();
  const files = filesIn(recorded);
  // Three hosted ones, the recogniser beside one of them, and a cascade's three parts.
  expect(files.length).toBeGreaterThanOrEqual(6);
  for (const file of files) {
    const text = readFileSync(file, 'latin1');
    for (const each of spellings) expect(text.includes(each), file).toBe(false);
  }
}, 60_000);
