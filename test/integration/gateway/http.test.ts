import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { open } from '../../support/raw-socket.ts';

describe('without keys', () => {
  let gateway: TestGateway;

  beforeAll(async () => {
    gateway = await startGateway();
  });

  afterAll(() => gateway.close());

  test('is alive, ready and says what it is', async () => {
    const health = await fetch(`${gateway.url}/healthz`);
    expect([health.status, await health.json()]).toEqual([200, { status: 'ok' }]);
    const ready = await fetch(`${gateway.url}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([200, { status: 'ready', reasons: [] }]);
    const page = await fetch(gateway.url);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(await page.text()).toMatch(/<title>Parley<\/title>[\s\S]*\/api\/calls/);
    const missing = await fetch(`${gateway.url}/nothing`);
    expect([missing.status, await missing.json()]).toMatchObject([
      404,
      { error: { code: 'not_found' } },
    ]);
  });

  test('lists the built-in agents and their backends', async () => {
    const agents: unknown = await (await fetch(`${gateway.url}/api/agents`)).json();
    expect(agents).toMatchObject({
      agents: [
        { name: 'barista', default: false, backends: ['barista'], aliases: [] },
        { name: 'parrot', default: true, backends: ['parrot'] },
        { name: 'rehearsal', default: false, aliases: [] },
      ],
    });
    expect(JSON.stringify(agents)).toContain('gpt-realtime-2.1');
    expect(await (await fetch(`${gateway.url}/api/backends`)).json()).toMatchObject({
      backends: [
        { name: 'barista', state: 'ready' },
        { name: 'parrot', type: 'onnx', state: 'ready', capabilities: { authorities: ['model'] } },
        { name: 'rehearsal', type: 'rehearsal', state: 'ready', reason: null },
      ],
    });
  });

  test('a call is listed, shown, followed live to its end, counted, and kept', async () => {
    const { headers, socket } = await open(`${gateway.wsUrl}/v1/realtime?model=rehearsal`);
    const id = String(headers['parley-call-id']);
    await socket.next(({ type }) => type === 'session.created');
    const listed: unknown = await (await fetch(`${gateway.url}/api/calls`)).json();
    expect(listed).toMatchObject({
      calls: [{ callId: id, agent: 'rehearsal', active: true, durationMs: null }],
    });
    expect(JSON.stringify(listed)).not.toContain('"events"');
    const during = await (await fetch(`${gateway.url}/metrics`)).text();
    expect(during).toContain('parley_calls_active{agent="rehearsal",backend="rehearsal"} 1');

    const stream = await fetch(`${gateway.url}/api/calls/${id}/events`);
    expect(stream.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    socket.close();
    const text = await stream.text();
    const seqs = [...text.matchAll(/^id: (\d+)$/gm)].map(([, seq]) => Number(seq));
    expect(seqs.length).toBeGreaterThan(2);
    expect(seqs).toEqual(seqs.map((_, place) => place));
    expect(text).toMatch(/^event: call\.opened$/m);
    expect(text).toMatch(/event: call\.closed\ndata: .*\n\n$/);

    const record = (await (await fetch(`${gateway.url}/api/calls/${id}`)).json()) as {
      durationMs: number;
      events: { seq: number }[];
    };
    expect(record).toMatchObject({
      callId: id,
      agent: 'rehearsal',
      backend: 'rehearsal',
      turns: [],
      tools: [],
      handovers: [],
      out: null,
    });
    expect(record.durationMs).toBeGreaterThan(0);
    expect(record.events.map(({ seq }) => seq)).toEqual(seqs);

    const replay = await fetch(`${gateway.url}/api/calls/${id}/events`, {
      headers: { 'last-event-id': String(seqs.at(-2)) },
    });
    expect((await replay.text()).match(/^id: /gm)).toHaveLength(1);
    const after = await (await fetch(`${gateway.url}/metrics`)).text();
    expect(after).toContain('parley_calls_total{agent="rehearsal",backend="rehearsal"} 1');
    expect(after).not.toContain('parley_calls_active{');
  });

  test('metrics have the names that others rely on', async () => {
    const answer = await fetch(`${gateway.url}/metrics`);
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    const text = await answer.text();
    for (const name of [
      'parley_calls_active gauge',
      'parley_calls_total counter',
      'parley_first_audio_seconds histogram',
      'parley_dropped_frames_total counter',
      'parley_errors_total counter',
      'parley_event_loop_delay_seconds histogram',
      'parley_model_deadline_misses_total counter',
    ]) {
      expect(text).toContain(`# TYPE ${name}`);
    }
    expect(text).toContain('parley_model_deadline_misses_total{backend="parrot"} 0');
  });

  test('an unknown call is 404, a senseless limit 400', async () => {
    for (const path of ['/api/calls/call_x', '/api/calls/call_x/events']) {
      expect((await fetch(gateway.url + path)).status).toBe(404);
    }
    const limit = await fetch(`${gateway.url}/api/calls?limit=0`);
    expect([limit.status, await limit.json()]).toMatchObject([400, { error: { param: 'limit' } }]);
  });

  test('a name that was rebound to this machine is refused', async () => {
    for (const path of ['/', '/readyz', '/metrics', '/api/calls']) {
      expect([path, await statusFor(gateway.port, 'evil.example', path)]).toEqual([path, 403]);
      expect(await statusFor(gateway.port, `localhost:${gateway.port}`, path)).toBe(200);
    }
    expect(await statusFor(gateway.port, 'evil.example', '/healthz')).toBe(200);
  });
});

describe('with keys', () => {
  test('/api needs one, and shows what its agents are', async () => {
    const gateway = await startGateway({
      config: `
auth: { keys: [ { id: a, keyEnv: A }, { id: b, keyEnv: B, agents: [other] } ] }
server: { defaultAgent: rehearsal }
agents: { other: { backends: [rehearsal] }, parrot: { backends: [rehearsal] } }
`,
      env: { A: 'aaa', B: 'bbb' },
    });
    const get = (path: string, key?: string): Promise<Response> =>
      fetch(
        gateway.url + path,
        key === undefined ? {} : { headers: { authorization: `Bearer ${key}` } },
      );
    try {
      for (const path of ['/api/agents', '/api/backends', '/api/calls', '/api/calls/x']) {
        expect((await get(path)).status).toBe(401);
      }
      for (const path of ['/healthz', '/readyz', '/metrics', '/']) {
        expect((await get(path)).status).toBe(200);
        expect(await statusFor(gateway.port, 'parley.example', path)).toBe(200);
      }
      expect(await (await get('/')).text()).not.toContain('other');
      expect(await (await get('/api/agents', 'bbb')).json()).toMatchObject({
        agents: [{ name: 'other' }],
      });
      const { headers, socket } = await open(`${gateway.wsUrl}/v1/realtime`, [], {
        headers: { authorization: 'Bearer aaa' },
      });
      const id = String(headers['parley-call-id']);
      expect((await get(`/api/calls/${id}`, 'aaa')).status).toBe(200);
      expect((await get(`/api/calls/${id}`, 'bbb')).status).toBe(404);
      expect(await (await get('/api/calls', 'bbb')).json()).toEqual({ calls: [] });
      socket.close();
      await socket.closed;
    } finally {
      await gateway.close();
    }
  });
});

describe('when a backend cannot be prepared', () => {
  test('the process stays up, says why it is not ready, and the others serve', async () => {
    const gateway = await startGateway({
      config: `
backends: { broken: { type: onnx, package: ./nowhere } }
agents: { hopeless: { backends: [broken] }, parrot: { backends: [rehearsal] } }
`,
    });
    try {
      expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200);
      const ready = await fetch(`${gateway.url}/readyz`);
      expect(ready.status).toBe(503);
      expect(await ready.json()).toMatchObject({
        status: 'not_ready',
        reasons: [expect.stringMatching(/^The backend broken could not be prepared: .*nowhere/)],
      });
      const hopeless = await open(`${gateway.wsUrl}/v1/realtime?model=hopeless`);
      const error = await hopeless.socket.next(({ type }) => type === 'error');
      expect(error).toMatchObject({ error: { code: 'backend_refused' } });
      expect(await hopeless.socket.closed).toMatchObject({ code: 1011 });
      const good = await open(`${gateway.wsUrl}/v1/realtime?model=rehearsal`);
      await good.socket.next(({ type }) => type === 'session.created');
      good.socket.close();
      await good.socket.closed;
      const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
      expect(metrics).toMatch(/parley_errors_total\{agent="hopeless".*code="backend_refused"\} 1/);
    } finally {
      await gateway.close();
    }
  });
});

/** `fetch` does not let one choose the `Host`. */
function statusFor(port: number, host: string, path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request({ port, host: '127.0.0.1', path, headers: { host } });
    asked.on('response', (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.on('error', reject);
    asked.end();
  });
}
