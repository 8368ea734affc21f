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

test('dropped audio is counted in runs and in samples, by cause', async () => {
  const { metrics, log } = rig();
  log(1, { type: 'audio.dropped', where: 'model_input', samples: 480 });
  log(2, { type: 'audio.dropped', where: 'model_input', samples: 20 });
  log(3, { type: 'stale.dropped', lineId: 'l', what: 'audio' });
  log(4, { type: 'stale.dropped', lineId: 'l', what: 'text' });
  const text = await metrics.text();
  expect(text).toContain(`parley_dropped_frames_total{${labels},cause="model_input"} 2`);
  expect(text).toContain(`parley_dropped_samples_total{${labels},cause="model_input"} 500`);
  expect(text).toContain(`parley_dropped_frames_total{${labels},cause="stale"} 1`);
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

describe('handovers', () => {
  const ready = { type: 'backend.ready', backend: 'b', openMs: 40 } as const;
  const failed = {
    type: 'backend.failed',
    backend: 'a',
    code: 'backend_closed',
    message: 'gone',
  } as const;

  test('while opening are told from those in a call; the gap begins with the first failure', async () => {
    const { metrics, log } = rig();
    log(100, failed);
    log(300, failed);
    log(350, ready);
    log(1_000, failed);
    log(1_080, ready);
    const text = await metrics.text();
    for (const [during, gap] of [
      ['opening', '0.25'],
      ['call', '0.08'],
    ] as const) {
      const of = `${labels},during="${during}"`;
      expect(text).toContain(`parley_handovers_total{${of}} 1`);
      expect(text).toContain(`parley_handover_gap_seconds_sum{${of}} ${gap}`);
    }
  });

  test('of a backend that was in order are moves', async () => {
    const { metrics, log } = rig();
    const move = { from: 'a', to: 'b', cause: 'operator' } as const;
    log(40, ready);
    log(500, { type: 'handover.started', ...move, owed: 'nothing' });
    log(520, ready);
    log(520, { type: 'handover.done', ...move, gapMs: 0, oursMs: 4 });
    log(900, ready);
    log(1000, failed);
    log(1000, { type: 'handover.started', ...move, cause: 'backend_closed', owed: 'answer' });
    log(1010, failed);
    log(1080, ready);
    log(1400, { type: 'handover.done', ...move, cause: 'backend_closed', gapMs: 400, oursMs: 4 });
    const text = await metrics.text();
    for (const [during, gap] of [
      ['move', '0'],
      ['call', '0.4'],
    ] as const) {
      const of = `${labels},during="${during}"`;
      expect(text).toContain(`parley_handovers_total{${of}} 1`);
      expect(text).toContain(`parley_handover_gap_seconds_sum{${of}} ${gap}`);
    }
    expect(text.match(/parley_handovers_total\{/g)).toHaveLength(2);
  });

  test('need a failure: a backend that opens is timed and counted as nothing else', async () => {
    const { metrics, log } = rig();
    log(40, ready);
    const text = await metrics.text();
    expect(text).toContain(`parley_backend_open_seconds_sum{${labels}} 0.04`);
    expect(text).not.toContain('parley_handovers_total{');
  });
});

describe('what waits in calls', () => {
  test('is asked when metrics are, summed by agent and backend, until the call closes', async () => {
    const { metrics, log } = rig();
    const depths = { unsentBytes: 100, unplayedMs: 1_500, waitingCommands: 2 };
    metrics.watch(call, () => depths);
    metrics.watch({ ...call, callId: 'd' }, () => ({ ...depths, unsentBytes: 900 }));
    log(0, { type: 'backend.opening', backend: 'b' });
    const text = await metrics.text();
    expect(text).toContain(`parley_downlink_unsent_bytes{${labels}} 1000`);
    expect(text).toContain('parley_downlink_unsent_bytes_max 900');
    expect(text).toContain(`parley_downlink_unplayed_seconds{${labels}} 3`);
    expect(text).toContain(`parley_uplink_waiting_commands{${labels}} 4`);
    depths.unsentBytes = 300;
    expect(await metrics.text()).toContain(`parley_downlink_unsent_bytes{${labels}} 1200`);

    log(9, { type: 'call.closed', reason: { kind: 'shutdown' } });
    metrics.forget('d');
    const after = await metrics.text();
    expect(after).not.toContain('parley_downlink_unsent_bytes{');
    expect(after).toContain('parley_downlink_unsent_bytes_max 0');
  });
});

test('frame delays are told by direction', async () => {
  const { metrics } = rig();
  metrics.frameDelay(call, 'down', 4);
  expect(await metrics.text()).toContain(
    `parley_frame_delay_seconds_sum{${labels},direction="down"} 0.004`,
  );
});

test('a refused request is counted by code', async () => {
  const { metrics } = rig();
  metrics.refused('server_full');
  expect(await metrics.text()).toContain('parley_calls_refused_total{code="server_full"} 1');
});

describe('figures', () => {
  test('of time are shown in seconds', async () => {
    const metrics = new Metrics({
      clock: new ManualClock(),
      sources: [
        { kind: 'backend', name: 'b', figures: () => ({ batchMsTotal: 1_500, batches: 3 }) },
        { kind: 'detector', name: 'd', figures: () => ({ queueMsTotal: 250, queueFrames: 4 }) },
      ],
    });
    const text = await metrics.text();
    expect(text).toContain('parley_model_run_seconds_total{backend="b"} 1.5');
    expect(text).toContain('parley_model_batches_total{backend="b"} 3');
    expect(text).toContain('parley_detector_queue_seconds_total{detector="d"} 0.25');
    expect(text).toContain('parley_detector_queue_frames{detector="d"} 4');
    expect(text).not.toContain('parley_model_rows{');
  });

  test('that cannot be had are counted and cost no others', async () => {
    const metrics = new Metrics({
      clock: new ManualClock(),
      sources: [
        {
          kind: 'backend',
          name: 'broken',
          figures: () => {
            throw new Error('no');
          },
        },
        { kind: 'backend', name: 'odd', figures: () => ({ rows: NaN, rowsMax: 8 }) },
      ],
    });
    const text = await metrics.text();
    expect(text).toContain('parley_figure_failures_total{source="broken"} 1');
    expect(text).toContain('parley_figure_failures_total{source="odd"} 1');
    expect(text).toContain('parley_model_rows_limit{backend="odd"} 8');
    expect(text).not.toContain('parley_model_rows{');
  });
});

describe('the house', () => {
  const sources = [
    { kind: 'backend', name: 'b', figures: () => ({}) },
    { kind: 'backend', name: 'late', figures: () => ({}) },
    { kind: 'detector', name: 'd', figures: () => ({}) },
  ] as const;

  test('shows its limit, its sockets, and what is ready, as they are now', async () => {
    let sockets = 7;
    const metrics = new Metrics({
      clock: new ManualClock(),
      sources,
      house: {
        callsLimit: 250,
        sockets: () => sockets,
        draining: () => sockets === 6,
        ready: (_kind, name) => name !== 'late',
      },
    });
    const text = await metrics.text();
    expect(text).toContain('parley_calls_limit 250');
    expect(text).toContain('parley_sockets_open 7');
    expect(text).toContain('parley_draining 0');
    expect(text).toContain('parley_backend_ready{backend="b"} 1');
    expect(text).toContain('parley_backend_ready{backend="late"} 0');
    expect(text).toContain('parley_detector_ready{detector="d"} 1');
    sockets = 6;
    const later = await metrics.text();
    expect(later).toContain('parley_sockets_open 6');
    expect(later).toContain('parley_draining 1');
  });

  test('that is not there has names and no values', async () => {
    const text = await new Metrics({ clock: new ManualClock(), sources }).text();
    expect(text).toContain('# TYPE parley_calls_limit gauge');
    expect(text).not.toMatch(/^parley_(calls_limit|sockets_open|draining|backend_ready)[ {]/m);
  });
});

test('says what the process uses, however many gateways are in it', async () => {
  await rig().metrics.text();
  const text = await rig().metrics.text();
  expect(text).toMatch(/^process_resident_memory_bytes \d+$/m);
  expect(text).toMatch(/^process_cpu_seconds_total [\d.]+$/m);
  expect(text.match(/^# TYPE process_cpu_seconds_total /gm)).toHaveLength(1);
});

test('forgets a call that logged after its end', async () => {
  const { metrics, log } = rig();
  log(1, { type: 'call.closed', reason: { kind: 'shutdown' } });
  log(2, { type: 'input.cleared' });
  metrics.forget('c');
  expect(await metrics.text()).not.toContain('parley_calls_active{');
});
