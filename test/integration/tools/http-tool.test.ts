import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { httpTool, type HttpToolSurroundings } from '../../../adapters/tools/http/index.ts';
import type { ResolveName } from '../../../adapters/shared/guarded-http.ts';
import {
  defaultToolManner,
  ToolError,
  type CallActions,
  type HttpToolDeclaration,
} from '../../../src/ports/tool.ts';
import { HttpToolServer } from '../../upstream/tools/http-tool-server.ts';

const secret = 'tok_1234567890abcdef';
let server: HttpToolServer;

beforeAll(async () => {
  server = await HttpToolServer.open({
    '/rooms': { body: '{"room":12}' },
    '/rooms/lake%20view%2F..': { body: 'the lake' },
    '/text': { headers: { 'content-type': 'text/plain' }, body: '' },
    '/echo': ({ headers }) => ({ body: JSON.stringify({ you: headers['authorization'] }) }),
    '/leaks': ({ headers }) => ({
      status: 403,
      body: `denied: ${headers['authorization'] as string}`,
    }),
    '/busy': { status: 503, body: 'later' },
    '/wrong': { status: 422, body: 'beds must be even' },
    '/slow': { delayMs: 3_000 },
    '/broken': { breakOff: true },
    '/big': { body: JSON.stringify('x'.repeat(5_000)) },
    '/image': { headers: { 'content-type': 'image/png' }, body: 'PNG' },
    '/moved': { status: 302, headers: { location: '/rooms' } },
    '/away': () => ({ status: 302, headers: { location: `http://localhost:${server.port}/echo` } }),
    '/round': { status: 302, headers: { location: '/round' } },
    '/inside': { status: 302, headers: { location: 'http://169.254.169.254/latest/meta-data' } },
  });
});

afterAll(() => server.close());

const call: CallActions = {
  endCall: () => undefined,
  transfer: () => undefined,
  switchAgent: () => undefined,
  switchBackend: () => undefined,
  setDisposition: () => undefined,
};

function declared(path: string, more: Partial<HttpToolDeclaration> = {}): HttpToolDeclaration {
  return {
    kind: 'http',
    definition: { name: 'find_room', description: null, parameters: null },
    url: path.startsWith('http') ? path : `${server.url}${path}`,
    method: 'POST',
    timeoutMs: 1_000,
    headers: {},
    headersEnv: {},
    bearerEnv: null,
    allowPrivateAddresses: true,
    deadlineMs: 5_000,
    maxConcurrent: 4,
    manner: { ...defaultToolManner, maxResultChars: 1_000 },
    ...more,
  };
}

async function run(
  declaration: HttpToolDeclaration,
  given: object = {},
  {
    signal = new AbortController().signal,
    ...around
  }: Partial<HttpToolSurroundings> & {
    signal?: AbortSignal;
  } = {},
): Promise<string> {
  const tool = httpTool(declaration, { env: { TOOL_TOKEN: secret }, ...around });
  const invocation = {
    callId: 'call_1',
    toolCallId: 'a',
    idempotencyKey: 'key_1',
    arguments: JSON.stringify(given),
    call,
  };
  return await tool.run(invocation, signal);
}

async function fault(...args: Parameters<typeof run>): Promise<ToolError> {
  const thrown: unknown = await run(...args).then(
    (text) => new Error(`it answered ${text}`),
    (reason: unknown) => reason,
  );
  expect(thrown).toBeInstanceOf(ToolError);
  return thrown as ToolError;
}

describe('an HTTP tool', () => {
  test('sends the arguments as JSON, with a key that tells repetitions', async () => {
    expect(await run(declared('/rooms'), { beds: 2 })).toBe('{"room":12}');
    expect(server.requests.at(-1)).toMatchObject({
      method: 'POST',
      body: '{"beds":2}',
      headers: { 'idempotency-key': 'key_1', 'content-type': 'application/json' },
    });
  });

  test('puts arguments into path and query, each as one value whatever is in it', async () => {
    const get = declared('/rooms/{name}?floor={floor}', { method: 'GET' });
    const given = { name: 'lake view/..', floor: '1&admin=1', beds: 2, tags: ['a'] };
    expect(await run(get, given)).toBe('the lake');
    expect(server.requests.at(-1)!.path).toBe(
      '/rooms/lake%20view%2F..?floor=1%26admin%3D1&beds=2&tags=%5B%22a%22%5D',
    );
    expect((await fault(get, { name: '..', floor: 1 })).refused).toBe(true);
    expect((await fault(get, { floor: 1 })).message).toBe('name is needed, as a text or a number');
  });

  test('takes credentials from the environment, and never repeats them', async () => {
    const tool = declared('/echo', { bearerEnv: 'TOOL_TOKEN' });
    expect(await run(tool)).toBe('{"you":"Bearer [key]"}');
    expect(server.requests.at(-1)!.headers['authorization']).toBe(`Bearer ${secret}`);
    const leak = await fault(declared('/leaks', { headersEnv: { authorization: 'TOOL_TOKEN' } }));
    expect(leak.message).toBe('its server answered with status 403: denied: [key]');
    const missing = await fault(declared('/echo', { bearerEnv: 'NOT_THERE' }));
    expect(missing).toMatchObject({ refused: true });
  });

  test.each([
    ['/busy', true, /status 503: later/],
    ['/wrong', false, /status 422: beds must be even/],
    ['/missing', false, /status 404/],
    ['/broken', true, /cannot be reached/],
    ['/slow', true, /did not answer within 0.3 s/],
    ['/big', false, /longer than 1000 characters/],
    ['/image', false, /is not text/],
  ])('%s: the fault says whether it may pass (%s), in words', async (path, retryable, words) => {
    const error = await fault(declared(path, { timeoutMs: 300 }));
    expect(error.message).toMatch(words);
    expect(error.message).not.toContain('127.0.0.1');
    expect(error.retryable).toBe(retryable);
  });

  test('an empty answer is one', async () => {
    expect(await run(declared('/text'))).toBe('done');
  });

  test('an abort ends the request at once', async () => {
    const controller = new AbortController();
    const before = server.abandoned;
    const running = run(declared('/slow'), {}, { signal: controller.signal });
    const asked = server.requests.length;
    await expect.poll(() => server.requests.length).toBeGreaterThan(asked);
    controller.abort(new Error('not wanted'));
    await expect(running).rejects.toThrow('not wanted');
    await expect.poll(() => server.abandoned).toBe(before + 1);
    await expect.poll(() => server.connections()).toBe(0);
  });
});

describe('redirects', () => {
  test('are followed for requests without a body, without credentials to another server', async () => {
    expect(await run(declared('/moved', { method: 'GET' }))).toBe('{"room":12}');
    const away = declared('/away', { method: 'GET', bearerEnv: 'TOOL_TOKEN' });
    expect(await run(away)).toBe('{}');
  });

  test('are refused with a body, in circles, and into the private network', async () => {
    expect((await fault(declared('/moved'))).message).toMatch(/redirect/);
    expect((await fault(declared('/round', { method: 'GET' }))).message).toMatch(/redirect/);
  });
});

describe('addresses that are not public', () => {
  test.each([
    'http://127.0.0.1/',
    'http://localhost/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://169.254.169.254/latest/meta-data',
    'http://10.1.2.3/',
    'http://[fd00:ec2::254]/',
    'http://[64:ff9b::a00:1]/',
    'http://0/',
  ])('%s is refused before anything is sent', async (url) => {
    const error = await fault(declared(url, { allowPrivateAddresses: false }));
    expect(error).toMatchObject({ refused: true, message: 'its address is not a public one' });
  });

  test('a name is refused when any of its addresses is private', async () => {
    const mixed: ResolveName = (_name, done) =>
      done(null, [
        { address: '93.184.215.14', family: 4 },
        { address: '10.0.0.1', family: 4 },
      ]);
    const tool = declared(`http://rooms.example/`, { allowPrivateAddresses: false });
    expect((await fault(tool, {}, { resolve: mixed })).refused).toBe(true);
  });

  test('a name that changes its address after the check gains nothing: it is resolved once', async () => {
    let asked = 0;
    const rebinding: ResolveName = (_name, done) => {
      asked += 1;
      done(null, [{ address: asked === 1 ? '192.0.2.1' : '127.0.0.1', family: 4 }]);
    };
    const tool = declared(`http://rooms.example:${server.port}/rooms`, {
      allowPrivateAddresses: false,
    });
    const before = server.requests.length;
    expect((await fault(tool, {}, { resolve: rebinding })).refused).toBe(true);
    expect([asked, server.requests.length]).toEqual([1, before]);
  });

  test('a redirect is checked like the first address', async () => {
    const get = { method: 'GET', allowPrivateAddresses: false } as const;
    const around = { isPublic: (address: string) => address === '127.0.0.1' };
    expect(await run(declared('/moved', get), {}, around)).toBe('{"room":12}');
    expect((await fault(declared('/inside', get), {}, around)).refused).toBe(true);
  });

  test('an agent that says so reaches them', async () => {
    const local: ResolveName = (_name, done) => done(null, [{ address: '127.0.0.1', family: 4 }]);
    const tool = declared(`http://rooms.example:${server.port}/rooms`);
    expect(await run(tool, {}, { resolve: local })).toBe('{"room":12}');
  });
});
