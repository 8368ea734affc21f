import { cwd, execPath } from 'node:process';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { McpSource } from '../../../adapters/tools/mcp/index.ts';
import { silentLogger } from '../../../src/ports/log.ts';
import {
  defaultToolManner,
  type CallActions,
  type McpToolDeclaration,
} from '../../../src/ports/tool.ts';
import { systemClock } from '../../../src/time/clock.ts';
import { everythingPath, EverythingOverHttp } from '../../upstream/tools/everything.ts';

const standIn = fileURLToPath(import.meta.resolve('../../upstream/tools/mcp-server.ts'));
const call: CallActions = {
  endCall: () => undefined,
  transfer: () => undefined,
  switchAgent: () => undefined,
  switchBackend: () => undefined,
  setDisposition: () => undefined,
};
const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

function stdio(args: readonly string[]): McpToolDeclaration['server'] {
  return { type: 'stdio', command: execPath, args, env: { GIVEN: '1' }, passEnv: ['PASSED'] };
}

function http(url: string, allowPrivateAddresses = true): McpToolDeclaration['server'] {
  return {
    type: 'http',
    url,
    headers: {},
    headersEnv: {},
    bearerEnv: null,
    allowPrivateAddresses,
  };
}

async function source(
  server: McpToolDeclaration['server'],
  more: Partial<McpToolDeclaration> = {},
): Promise<McpSource> {
  const declaration: McpToolDeclaration = {
    kind: 'mcp',
    server,
    only: null,
    prefix: '',
    deadlineMs: 5_000,
    maxConcurrent: 4,
    manner: defaultToolManner,
    ...more,
  };
  const made = new McpSource(declaration, {
    clock: systemClock,
    log: silentLogger,
    env: { PASSED: '2', NOT_PASSED: '3' },
    folder: cwd(),
    chance: () => 0,
  });
  open.push(made);
  await made.settled;
  return made;
}

function names({ tools }: McpSource): readonly string[] {
  return tools.map(({ definition }) => definition.name);
}

function run(
  { tools }: McpSource,
  name: string,
  given: object = {},
  signal: AbortSignal = AbortSignal.timeout(5_000),
): Promise<string> {
  const tool = tools.find(({ definition }) => definition.name === name);
  if (tool === undefined) throw new Error(`no tool ${name}`);
  const arguments_ = JSON.stringify(given);
  return tool.run(
    { callId: 'c', toolCallId: 'a', idempotencyKey: 'k', arguments: arguments_, call },
    signal,
  );
}

describe.each(['stdio', 'http'])('the reference server over %s', (kind) => {
  async function everything(more: Partial<McpToolDeclaration> = {}): Promise<McpSource> {
    if (kind === 'stdio') return await source(stdio([everythingPath, 'stdio']), more);
    const server = await EverythingOverHttp.open();
    open.push(server);
    return await source(http(server.url), more);
  }

  test('shows its tools, runs them, and is ended with its source', async () => {
    const made = await everything();
    expect(names(made)).toContain('get-sum');
    const sum = made.tools.find(({ definition }) => definition.name === 'get-sum')!;
    expect(sum.definition.parameters).toMatchObject({ type: 'object', required: ['a', 'b'] });
    expect(await run(made, 'get-sum', { a: 2, b: 3 })).toBe('The sum of 2 and 3 is 5.');
    expect(await run(made, 'get-tiny-image')).toContain('(an image that cannot be shown here)');
    await expect(run(made, 'get-sum', { a: 'two' })).rejects.toThrow(/invalid|arguments/i);
    await made.close();
    await expect(run(made, 'echo', { message: 'x' })).rejects.toThrow('not connected');
  });

  test('shows a choice under other names, and gives up what is aborted', async () => {
    const made = await everything({
      only: ['echo', 'trigger-long-running-operation'],
      prefix: 'ref_',
    });
    expect(names(made)).toEqual(['ref_echo', 'ref_trigger-long-running-operation']);
    const controller = new AbortController();
    const long = run(
      made,
      'ref_trigger-long-running-operation',
      { duration: 30 },
      controller.signal,
    );
    setTimeout(() => controller.abort(new Error('not wanted')), 50);
    await expect(long).rejects.toThrow('not wanted');
    expect(await run(made, 'ref_echo', { message: 'still there' })).toBe('Echo: still there');
  });
});

describe('a server that changes', () => {
  test('names that a model cannot have are made ones that it can, no name twice', async () => {
    const made = await source(stdio([standIn]));
    expect(names(made).slice(0, 2)).toEqual(['find_room', 'find_room_2']);
    expect(await run(made, 'find_room', { beds: 2 })).toBe('room for 2');
    expect(await run(made, 'find_room_2')).toBe('the other one');
    await expect(run(made, 'fail')).rejects.toThrow('no rooms at all');
    const environment = (await run(made, 'environment')).split(' ');
    expect(environment).toEqual(expect.arrayContaining(['GIVEN', 'PASSED', 'PATH']));
    expect(environment).not.toContain('NOT_PASSED');
  });

  test('its list is followed', async () => {
    const made = await source(stdio([standIn]));
    const changed = new Promise<void>((done) => void made.listen(done));
    await run(made, 'grow');
    await changed;
    expect(await run(made, 'grown')).toBe('I was not here before');
  });

  test('one that dies is started again, and refuses in words meanwhile', async () => {
    const made = await source(stdio([standIn]));
    await expect(run(made, 'die')).rejects.toThrow('connection to its server was lost');
    await expect(run(made, 'find_room_2')).rejects.toMatchObject({ refused: true });
    await expect.poll(() => made.connected, { timeout: 5_000 }).toBe(true);
    expect(await run(made, 'find_room_2')).toBe('the other one');
    expect(made.figures()).toMatchObject({ connections: 2, losses: 1 });
  });

  test('one that was started again over HTTP is found again', async () => {
    const first = await EverythingOverHttp.open();
    const made = await source(http(first.url));
    await first.close();
    await expect(run(made, 'echo', { message: 'x' })).rejects.toThrow('connection to its server');
    open.push(await EverythingOverHttp.open(first.port));
    await expect.poll(() => made.connected, { timeout: 8_000 }).toBe(true);
    expect(await run(made, 'echo', { message: 'again' })).toBe('Echo: again');
  });

  test('one that is not there, or not public, holds nothing up', async () => {
    const absent = await source({ ...stdio([]), command: '/nowhere/at/all' } as never);
    const inside = await source(http('http://127.0.0.1:9/mcp', false));
    for (const made of [absent, inside]) {
      expect(names(made)).toEqual([]);
      expect(made.figures()).toMatchObject({ connected: 0, failures: 1 });
    }
  });
});
