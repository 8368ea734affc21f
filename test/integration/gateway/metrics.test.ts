import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { open, refused } from '../../support/raw-socket.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startGateway();
});

afterAll(() => gateway.close());

async function scrape(): Promise<string> {
  return await (await fetch(`${gateway.url}/metrics`)).text();
}

test('a running gateway exposes every name that deploy/ uses', async () => {
  const text = await scrape();
  const families = new Set([...text.matchAll(/^# TYPE (\w+) /gm)].map(([, name]) => name));
  for (const path of ['grafana/parley.json', 'prometheus/parley-alerts.yaml']) {
    const file = readFileSync(new URL(`../../../deploy/${path}`, import.meta.url), 'utf8');
    const names = [...file.matchAll(/\b(?:parley|process|nodejs)_[a-z0-9_]+/g)].map(
      ([name]) => name,
    );
    expect(names.length).toBeGreaterThan(10);
    for (const name of names) {
      const family = families.has(name) ? name : name.replace(/_(bucket|sum|count)$/, '');
      expect(families, `${name} in ${path}`).toContain(family);
    }
  }
});

test('every name is declared once, and every value is a number', async () => {
  const text = await scrape();
  const declared = [...text.matchAll(/^# TYPE (\w+) /gm)].map(([, name]) => name);
  expect(new Set(declared).size).toBe(declared.length);
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    expect(line).toMatch(/^[a-z_0-9]+(\{.*\})? (-?[\d.]+(e[-+]\d+)?|\+Inf|Nan)$/);
  }
});

test('the bundled model and the detector have the figures that metrics are named for', async () => {
  const text = await scrape();
  for (const name of [
    'deadline_misses_total',
    'batches_total',
    'frames_total',
    'run_seconds_total',
    'frame_delay_seconds',
    'queue_frames',
    'rows',
    'rows_limit',
  ]) {
    expect(text).toMatch(new RegExp(`^parley_model_${name}\\{backend="parrot"\\} [\\d.]+$`, 'm'));
  }
  for (const name of [
    'queue_frames',
    'in_flight_frames',
    'streams',
    'frames_total',
    'batches_total',
    'dropped_frames_total',
    'run_seconds_total',
    'queue_seconds_total',
    'delay_seconds_total',
    'failures_total',
  ]) {
    expect(text).toMatch(
      new RegExp(`^parley_detector_${name}\\{detector="silero-vad"\\} [\\d.]+$`, 'm'),
    );
  }
});

test('a call and a refusal show', async () => {
  const { socket } = await open(`${gateway.wsUrl}/v1/realtime?model=rehearsal`);
  await socket.next(({ type }) => type === 'session.created');
  expect((await refused(`${gateway.wsUrl}/v1/realtime?model=nobody`)).status).toBe(404);
  const during = await scrape();
  expect(during).toContain('parley_calls_active{agent="rehearsal",backend="rehearsal"} 1');
  expect(during).toContain('parley_calls_refused_total{code="agent_not_found"} 1');
  expect(during).toMatch(/^parley_backend_open_seconds_count\{agent="rehearsal".*\} 1$/m);
  socket.close();
  await socket.closed;
});
