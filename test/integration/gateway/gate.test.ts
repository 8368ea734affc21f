import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { Logger } from '../../../src/ports/log.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { startStandIn } from '../../upstream/openai-realtime-server.ts';

const clean = 'Of course, let me see.';
const planted = [
  'four one one one, one one one one, one one one one, one one one one',
  '4111-1111-1111-1111',
  'guarantee a refund',
  'DE89 3704 0044 0532 0130 00',
] as const;
const lines = planted.map((plant) => `${clean} ${plant}. That is all.`);

const gate = {
  holdBackMs: 300,
  rules: [{ block: ['guarantee a refund'] }, { pattern: 'card' }, { pattern: 'iban' }],
};
const logged: string[] = [];
const record = (event: string, fields?: object): void =>
  void logged.push(JSON.stringify([event, fields]));
const log: Logger = { debug: record, info: record, warn: record, error: record };

let gateway: TestGateway;
let upstream: Awaited<ReturnType<typeof startStandIn>>;
let checker: Server;
/** What the checker does with a question: answers, or says nothing. */
let verdict: { allow: boolean } | null = { allow: true };
const asked: { text: string }[] = [];

beforeAll(async () => {
  checker = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      asked.push(JSON.parse(body) as { text: string });
      if (verdict !== null) response.end(JSON.stringify(verdict));
    });
  });
  await new Promise<void>((resolve) => checker.listen(0, '127.0.0.1', resolve));
  const { port } = checker.address() as AddressInfo;
  vi.stubEnv('UPSTREAM_KEY', 'sk-not-a-key');
  upstream = await startStandIn({
    apiKey: 'sk-not-a-key',
    answers: lines.map((text) => ({ text })),
    firstAudioMs: { p50: 100, p95: 150 },
  });
  const script = { turns: lines.map((text) => ({ text })) };
  const rehearsal = { type: 'rehearsal', firstAudioMs: { p50: 50, p95: 80 }, script };
  const check = { url: `http://127.0.0.1:${port}/`, deadlineMs: 150 };
  gateway = await startGateway({
    log,
    env: { UPSTREAM_KEY: 'sk-not-a-key' },
    config: JSON.stringify({
      backends: {
        words: rehearsal,
        hosted: {
          type: 'openai-realtime',
          model: 'gpt-realtime-2.1',
          url: upstream.url,
          apiKeyEnv: 'UPSTREAM_KEY',
        },
        clean: { ...rehearsal, script: { turns: [{ text: clean }] } },
      },
      agents: {
        words: { backends: ['words'], gate, redact: ['card', 'iban'] },
        hosted: { backends: ['hosted'], gate, redact: ['card', 'iban'] },
        loud: { backends: ['words'], redact: ['card', 'iban'] },
        open: { backends: ['clean'], gate: { check: { ...check, onFail: 'open' } } },
        closed: { backends: ['clean'], gate: { check: { ...check, onFail: 'closed' } } },
      },
    }),
  });
}, 30_000);

afterAll(async () => {
  vi.unstubAllEnvs();
  await gateway.close();
  await upstream.close();
  checker.closeAllConnections();
  checker.close();
});

interface Heard {
  readonly callId: string;
  readonly answers: readonly { text: string; audioMs: number; status: string }[];
}

/** A caller who writes, and counts what comes back. */
async function call(agent: string, turns: number, says = 'Hello.'): Promise<Heard> {
  const socket = new WebSocket(`${gateway.wsUrl}/v1/realtime?model=${agent}`);
  const answers: { text: string; audioMs: number; status: string }[] = [];
  let callId = '';
  let [text, audioMs] = ['', 0];
  const ask = (): void => {
    const content = [{ type: 'input_text', text: says }];
    const item = { type: 'message', role: 'user', content };
    socket.send(JSON.stringify({ type: 'conversation.item.create', item }));
    socket.send(JSON.stringify({ type: 'response.create' }));
  };
  await new Promise<void>((resolve, reject) => {
    socket.on('upgrade', ({ headers }) => (callId = String(headers['parley-call-id'])));
    socket.on('error', reject);
    socket.on('message', (data: Buffer) => {
      const event = JSON.parse(data.toString()) as {
        type: string;
        delta: string;
        response: { status: string };
      };
      if (event.type === 'error') reject(new Error(data.toString()));
      if (event.type === 'session.created') ask();
      if (event.type === 'response.output_audio_transcript.delta') text += event.delta;
      if (event.type === 'response.output_audio.delta') {
        audioMs += Buffer.from(event.delta, 'base64').byteLength / 48;
      }
      if (event.type !== 'response.done') return;
      answers.push({ text, audioMs, status: event.response.status });
      [text, audioMs] = ['', 0];
      if (answers.length < turns) ask();
      else resolve();
    });
  });
  socket.close();
  return { callId, answers };
}

const api = async (path: string): Promise<string> => (await fetch(`${gateway.url}${path}`)).text();

// One after the other, beside the long call of the other suite: what is late is measured here.
describe.concurrent('the gate before the ear', () => {
  it.each(['words', 'hosted'])(
    'lets nothing of what is planted through: %s',
    { concurrent: false, timeout: 60_000 },
    async (agent) => {
      const { callId, answers } = await call(agent, planted.length);
      for (const { text, audioMs, status } of answers) {
        expect(clean.startsWith(text.trim())).toBe(true);
        expect(status).toBe('incomplete');
        expect(audioMs).toBeGreaterThan(0);
      }
      const log = await api(`/api/calls/${callId}`);
      expect(log.match(/"gate.hit"/g)).toHaveLength(planted.length);
      expect(log).not.toMatch(/(?<![\w.])(?:4111|3704)(?![\w.])|one one|refund/);
      const late = [...log.matchAll(/"lateMs":([\d.]+)/g)].map(([, ms]) => Number(ms));
      expect(Math.max(...late)).toBe(0);
      expect(await api('/metrics')).toMatch(
        new RegExp(`parley_gate_hits_total\\{agent="${agent}".*rule="card".*\\} 2`),
      );
    },
  );

  it(
    'asks a checker, and takes its silence as it was told to',
    { concurrent: false, timeout: 60_000 },
    async () => {
      verdict = { allow: true };
      expect((await call('closed', 1)).answers[0]!.text.trim()).toBe(clean);
      expect(asked.at(-1)!.text.trim()).toBe(clean);
      verdict = { allow: false };
      expect((await call('open', 1)).answers[0]).toMatchObject({ text: '', audioMs: 0 });
      verdict = null;
      expect((await call('open', 1)).answers[0]!.text.trim()).toBe(clean);
      expect((await call('closed', 1)).answers[0]).toMatchObject({ text: '', audioMs: 0 });
    },
  );
});

describe.concurrent('redaction', () => {
  it('leaves nothing of it in anything that is shown or written', async () => {
    const secret = 'My card is 5555 5555 5555 4444, thank you.';
    const { callId, answers } = await call('loud', planted.length, secret);
    expect(answers[0]!.text).toContain('four one one one');
    const outputs = [
      await api(`/api/calls/${callId}`),
      await api('/api/calls'),
      await api(`/api/calls/${callId}/events`),
      await api('/metrics'),
      logged.join('\n'),
    ];
    // Groups of a number by themselves: metrics hold any four digits now and then.
    const numbers = /one one one one|(?<![\w.])(?:4111|5555|41111111|55555555)(?![\w.])|3704 ?0044/;
    for (const output of outputs) expect(output).not.toMatch(numbers);
    expect(outputs[0]).toContain('[card]');
    expect(outputs[0]).toContain('[iban]');
  }, 60_000);
});
