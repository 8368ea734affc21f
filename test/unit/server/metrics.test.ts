import { describe, expect, test } from 'vitest';
import type { LogEntry, LogEvent } from '../../../src/ports/events.ts';
import { Metrics } from '../../../src/server/metrics.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';

const call = { callId: 'c', agent: 'desk', backend: 'b' };
const labels = 'agent="desk",backend="b"';

function rig(): {
  clock: ManualClock;
  metrics: Metrics;
  log: (atMs: number, event: LogEvent) => void;
} {
  const clock = new ManualClock();
  const figures = { deadlineMisses: 3, rows: 7 };
  const metrics = new Metrics({
    clock,
    sources: [
      { kind: 'backend', name: 'b', figures: () => figures },
      { kind: 'detector', name: 'd', figures: () => ({ streams: 2 }) },
    ],
  });
  let seq = 0;
  const log = (atMs: number, event: LogEvent): void => {
    const entry: LogEntry = { ...event, seq: seq++, atMs };
    metrics.entry(call, entry);
  };
  return { clock, metrics, log };
}

const committed: LogEvent = {
  type: 'turn.committed',
  itemId: 'u',
  previousItemId: null,
  cause: 'silence',
  fromSample: 0,
  toSample: 1,
  speechEndAtMs: 1_000,
};

function opened(lineId: string, cause: 'turn' | 'idle', epoch: number | null): LogEvent {
  return {
    type: 'line.opened',
    line: {
      lineId,
      cause,
      epoch,
      requestId: null,
      modality: 'audio',
      overrides: {},
      metadata: null,
      itemId: 'i',
      previousItemId: null,
    },
  };
}

describe('calls', () => {
  test('are active until they close, and counted once', async () => {
    const { metrics, log } = rig();
    log(0, { type: 'backend.opening', backend: 'b' });
    expect(await metrics.text()).toContain(`parley_calls_active{${labels}} 1`);
    expect(await metrics.text()).not.toContain('parley_calls_total{');
    log(5, { type: 'backend.ready', backend: 'b', openMs: 5 });
    log(9, { type: 'call.closed', reason: { kind: 'shutdown' } });
    const text = await metrics.text();
    expect(text).toContain(`parley_calls_total{${labels}} 1`);
    expect(text).not.toContain('parley_calls_active{');
  });

  test('that never got a backend are counted too, with one error for its failure', async () => {
    const { metrics, log } = rig();
    const failure = { code: 'backend_refused', message: 'no' } as const;
    log(0, { type: 'backend.failed', backend: 'b', ...failure });
    log(1, { type: 'call.closed', reason: { kind: 'error', ...failure } });
    const text = await metrics.text();
    expect(text).toContain(`parley_calls_total{${labels}} 1`);
    expect(text).toContain(`parley_errors_total{${labels},code="backend_refused"} 1`);
  });

  test('that were refused have neither agent nor backend', async () => {
    const { metrics } = rig();
    metrics.refused('invalid_api_key');
    expect(await metrics.text()).toContain(
      'parley_errors_total{agent="",backend="",code="invalid_api_key"} 1',
    );
  });
});

describe('first audio', () => {
  test('is measured from the end of speech to the first audible answer, once a turn', async () => {
    const { metrics, log } = rig();
    log(1_500, committed);
    log(1_510, opened('aside', 'turn', null));
    log(1_511, opened('idle', 'idle', 1));
    log(1_512, opened('l', 'turn', 1));
    for (const lineId of ['aside', 'idle']) log(1_600, { type: 'line.first_audio', lineId });
    expect(await metrics.text()).not.toContain('parley_first_audio_seconds_count{');
    log(1_750, { type: 'line.first_audio', lineId: 'l' });
    log(1_800, { type: 'line.first_audio', lineId: 'l' });
    const text = await metrics.text();
    expect(text).toContain(`parley_first_audio_seconds_count{${labels}} 1`);
    expect(text).toContain(`parley_first_audio_seconds_sum{${labels}} 0.75`);
  });

  test('is not measured where nobody knows when speech ended', async () => {
    const { metrics, log } = rig();
    log(1_500, { ...committed, speechEndAtMs: null });
    log(1_512, opened('l', 'turn', 1));
    log(1_750, { type: 'line.first_audio', lineId: 'l' });
    expect(await metrics.text()).not.toContain('parley_first_audio_seconds_count{');
  });
});

test('dropped audio is counted in runs and in samples, by where', async () => {
  const { metrics, log } = rig();
  log(1, { type: 'audio.dropped', where: 'model_input', samples: 480 });
  log(2, { type: 'audio.dropped', where: 'model_input', samples: 20 });
  log(3, { type: 'stale.dropped', lineId: 'l', what: 'audio' });
  log(4, { type: 'stale.dropped', lineId: 'l', what: 'text' });
  const text = await metrics.text();
  expect(text).toContain(`parley_dropped_frames_total{${labels},where="model_input"} 2`);
  expect(text).toContain(`parley_dropped_samples_total{${labels},where="model_input"} 500`);
  expect(text).toContain(`parley_dropped_frames_total{${labels},where="stale"} 1`);
});

test('shows what backends and the detector count themselves', async () => {
  const { metrics } = rig();
  for (let times = 0; times < 2; times += 1) {
    const text = await metrics.text();
    expect(text).toContain('parley_model_deadline_misses_total{backend="b"} 3');
    expect(text).toContain('parley_backend_figure{backend="b",figure="rows"} 7');
    expect(text).toContain('parley_detector_figure{detector="d",figure="streams"} 2');
  }
});

test('samples how late timers fire until it is closed', async () => {
  const { clock, metrics } = rig();
  clock.advance(100);
  expect(await metrics.text()).toContain('parley_event_loop_delay_seconds_count 5');
  metrics.close();
  expect(clock.pending).toBe(0);
});

test('forgets a call that logged after its end', async () => {
  const { metrics, log } = rig();
  log(1, { type: 'call.closed', reason: { kind: 'shutdown' } });
  log(2, { type: 'input.cleared' });
  metrics.forget('c');
  expect(await metrics.text()).not.toContain('parley_calls_active{');
});
