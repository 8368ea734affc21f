import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { Metrics } from '../../../src/server/metrics.ts';
import type { LogEvent } from '../../../src/ports/events.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';

const dashboardSchema = z.object({
  uid: z.string(),
  templating: z.object({
    list: z.array(
      z.object({
        name: z.string(),
        type: z.string(),
        query: z.union([z.string(), z.object({ query: z.string() })]),
      }),
    ),
  }),
  panels: z.array(
    z.object({
      id: z.number(),
      title: z.string(),
      type: z.string(),
      gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
      datasource: z.object({ uid: z.string() }).optional(),
      targets: z.array(z.object({ refId: z.string(), expr: z.string() })).optional(),
    }),
  ),
});
const alertsSchema = z.object({
  groups: z.array(
    z.object({
      name: z.string(),
      rules: z.array(
        z.strictObject({
          alert: z.string().regex(/^Parley\w+$/),
          expr: z.string(),
          for: z
            .string()
            .regex(/^\d+[sm]$/)
            .optional(),
          labels: z.object({ severity: z.enum(['info', 'warning', 'critical']) }),
          annotations: z.object({ summary: z.string(), description: z.string() }),
        }),
      ),
    }),
  ),
});
const scrapeSchema = z.object({
  rule_files: z.array(z.string()),
  scrape_configs: z.array(z.object({ job_name: z.string(), metrics_path: z.string() })),
});

const dashboard = dashboardSchema.parse(JSON.parse(read('grafana/parley.json')));
const alerts = alertsSchema
  .parse(parse(read('prometheus/parley-alerts.yaml')))
  .groups.flatMap(({ rules }) => rules);
const scrape = scrapeSchema.parse(parse(read('prometheus/prometheus.yaml')));

const expressions = [
  ...dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  ...dashboard.templating.list.flatMap(({ type, query }) =>
    type === 'query' && typeof query === 'object' ? [query.query] : [],
  ),
  ...alerts.map(({ expr }) => expr),
];

describe('what is in deploy', () => {
  test('names only metrics that exist, with labels that they have', async () => {
    const exposed = await samplesOfEverything();
    const metricName = /\b(?:parley|process|nodejs)_[a-z0-9_]+/g;
    let used = 0;
    for (const expression of expressions) {
      // A label's value may look like a metric.
      const bare = expression.replace(/"[^"]*"/g, '""');
      for (const [name] of bare.matchAll(metricName)) {
        used += 1;
        expect(exposed.has(name), `${name} in ${expression}`).toBe(true);
      }
      for (const [, name = '', matchers = ''] of bare.matchAll(/([a-z_0-9]+)\{([^}]*)\}/g)) {
        for (const [, label = ''] of matchers.matchAll(/([a-z_]+)\s*[=!]/g)) {
          expect(exposed.get(name), `${name}{${label}}`).toContain(label);
        }
      }
      const ofAll = new Set(
        [...bare.matchAll(metricName)].flatMap(([name]) => [...exposed.get(name)!]),
      );
      for (const [, list = ''] of bare.matchAll(/\b(?:by|on)\s*\(([^)]*)\)/g)) {
        for (const label of list.split(',')) expect(ofAll, expression).toContain(label.trim());
      }
    }
    expect(used).toBeGreaterThan(60);
  });

  test('shows every metric of its own somewhere', async () => {
    const shown = expressions.join('\n');
    const families = [...(await metricsOfEverything()).matchAll(/^# TYPE (parley_\w+) /gm)];
    // The figures repeat, by name, what others show or what docs/store.md and docs/recordings.md
    // list; samples add to the runs that are shown.
    const elsewhere = new Set([
      'parley_backend_figure',
      'parley_detector_figure',
      'parley_dropped_samples_total',
      'parley_store_figure',
      'parley_recordings_figure',
    ]);
    const missing = families.map(([, name = '']) => name).filter((name) => !shown.includes(name));
    expect(missing.filter((name) => !elsewhere.has(name))).toEqual([]);
  });

  test('balances its brackets', () => {
    for (const expression of expressions) {
      const bare = expression.replace(/"[^"]*"/g, '').replace(/[^()[\]{}]/g, '');
      let left = bare;
      for (let before = ''; before !== left;) {
        before = left;
        left = left.replace(/\(\)|\[\]|\{\}/, '');
      }
      expect(left, expression).toBe('');
    }
  });
});

describe('the dashboard', () => {
  test('asks the data source that is chosen, and only variables that it has', () => {
    const variables = new Set(dashboard.templating.list.map(({ name }) => name));
    expect(variables).toContain('datasource');
    for (const { title, type, datasource } of dashboard.panels) {
      if (type !== 'row') expect(datasource?.uid, title).toBe('${datasource}');
    }
    for (const expression of expressions) {
      for (const [, name = ''] of expression.matchAll(/\$(?!__)(\w+)/g)) {
        if (!alerts.some(({ expr }) => expr === expression)) expect(variables).toContain(name);
      }
    }
  });

  test('has panels that do not overlap, with ids of their own', () => {
    const taken = new Set<string>();
    for (const { title, gridPos } of dashboard.panels) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect(taken.has(`${x},${y}`), title).toBe(false);
          taken.add(`${x},${y}`);
        }
      }
    }
    const ids = dashboard.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('the alerts', () => {
  test('watch what the budgets name, once each', () => {
    const names = alerts.map(({ alert }) => alert);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual(
      expect.arrayContaining([
        'ParleyFrameDelayHigh',
        'ParleyModelDeadlineMissed',
        'ParleyEventLoopDelayHigh',
        'ParleyErrorRateHigh',
        'ParleyCallsNearLimit',
        'ParleyBackendNotReady',
      ]),
    );
  });

  test('compare quantiles with bounds that the histograms have', async () => {
    const text = await metricsOfEverything();
    const limits = alerts.flatMap(({ expr }) => {
      const found = /(parley_\w+_bucket)[\s\S]*\)\s*>\s*([\d.]+)/.exec(expr);
      return found === null ? [] : [{ name: found[1]!, bound: Number(found[2]) }];
    });
    expect(limits).toHaveLength(2);
    for (const { name, bound } of limits) {
      expect(text).toMatch(new RegExp(`^${name}\\{.*le="${bound}"`, 'm'));
    }
  });

  test('are loaded by the example that scrapes Parley', () => {
    expect(scrape.rule_files).toEqual(['parley-alerts.yaml']);
    expect(scrape.scrape_configs).toEqual([{ job_name: 'parley', metrics_path: '/metrics' }]);
  });
});

function read(path: string): string {
  return readFileSync(new URL(`../../../deploy/${path}`, import.meta.url), 'utf8');
}

/** Metrics in which everything has happened at least once. */
async function metricsOfEverything(): Promise<string> {
  const figures = (names: string) => () =>
    Object.fromEntries(names.split(' ').map((name) => [name, 1]));
  const clock = new ManualClock();
  const model =
    'breaker firstAudioP95Ms dryP95Ms deadlineMisses batches frames batchMsTotal frameDelayMsLast queueFrames rows rowsMax';
  const detector =
    'queueFrames inFlightFrames streams frames batches droppedFrames runMsTotal queueMsTotal delayMsTotal failures broken';
  const metrics = new Metrics({
    clock,
    sources: [
      { kind: 'backend', name: 'b', figures: figures(model) },
      { kind: 'backend', name: 'c', figures: () => ({ broken: NaN }) },
      { kind: 'detector', name: 'd', figures: figures(detector) },
      { kind: 'listener', name: 'l', figures: figures('besideAudioMs sessions') },
    ],
    house: { callsLimit: 1, sockets: () => 1, draining: () => false, ready: () => true },
    toolbox: figures(
      'servers connected tools connections losses failures refusedRuns skippedTools',
    ),
    configuration: () => ({
      generation: 1,
      problems: 1,
      restart: 1,
      leaving: 1,
      made: 1,
      closed: 1,
      outcomes: { applied: 1 },
    }),
  });
  const call = { callId: 'call', agent: 'a', backend: 'b' };
  metrics.watch(call, () => ({ unsentBytes: 1, unplayedMs: 1, waitingCommands: 1 }));
  metrics.refused('server_full');
  metrics.frameDelay(call, 'up', 1);
  const lineId = 'line';
  const events: readonly LogEvent[] = [
    { type: 'backend.failed', backend: 'b', code: 'backend_closed', message: '' },
    { type: 'backend.ready', backend: 'b', openMs: 1 },
    {
      type: 'handover.done',
      from: 'a',
      to: 'b',
      cause: 'backend_closed',
      gapMs: 300,
      oursMs: 2,
    },
    { type: 'standby.closed', backend: 'b', outcome: 'adopted', ageMs: 900 },
    { type: 'hedge.ended', lineId: 'l', winner: 'b' },
    {
      type: 'turn.committed',
      itemId: 'u',
      previousItemId: null,
      cause: 'silence',
      fromSample: 0,
      toSample: 1,
      speechEndAtMs: 0,
    },
    {
      type: 'line.opened',
      line: {
        lineId,
        cause: 'turn',
        requestId: null,
        epoch: 0,
        modality: 'audio',
        overrides: {},
        metadata: null,
        itemId: 'i',
        previousItemId: 'u',
      },
    },
    { type: 'line.first_audio', lineId },
    { type: 'line.first_heard', lineId, heardAtMs: 5, by: 'clock' },
    { type: 'audio.dropped', where: 'model_input', samples: 1 },
    { type: 'agent.ducked', lineId, atSample: 0, gainDb: -18, onsetAtMs: 0 },
    { type: 'speech.interrupted', by: 'words', judgedMs: 1, onsetAtMs: 0 },
    { type: 'turn.retracted', itemId: 'u' },
    { type: 'speculation.ended', speculationId: 1, outcome: 'dropped', ageMs: 1 },
    { type: 'agent.slow', lineId },
    {
      type: 'usage.counted',
      backend: 'b',
      source: 'reported',
      used: { outputTextTokens: 1 },
      cost: { currency: 'USD', amount: null, known: 1, missing: ['connectedMs'] },
    },
    { type: 'gate.hit', lineId: 'line_1', rule: 'card', action: 'drop', lateMs: 1 },
    { type: 'gate.held', lineId: 'line_1', heldMs: 100 },
    { type: 'gate.checked', lineId: 'line_1', outcome: 'allowed', tookMs: 20 },
    { type: 'spend.limit', stage: 'near', scope: 'call', of: 'spend', limit: 1, used: 1 },
    {
      type: 'tool.answered',
      toolCallId: 't',
      name: 'n',
      runner: 'gateway',
      state: 'answered',
      sharedWith: null,
      elapsedMs: 1,
    },
  ];
  for (const [seq, event] of events.entries()) metrics.entry(call, { ...event, seq, atMs: seq });
  clock.advance(20);
  const text = await metrics.text();
  metrics.close();
  return text;
}

/** Labels of each sample's name, those that scraping adds included. */
async function samplesOfEverything(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  // Prometheus makes `up` itself.
  const samples = new Map([['up', new Set(['job', 'instance'])]]);
  for (const line of (await metricsOfEverything()).split('\n')) {
    const [, name, inside = ''] = /^([a-z_0-9]+)(?:\{(.*)\})? /.exec(line) ?? [];
    if (name === undefined) continue;
    const labels = samples.get(name) ?? new Set(['job', 'instance']);
    for (const [, label = ''] of inside.matchAll(/([a-z_]+)="/g)) labels.add(label);
    samples.set(name, labels);
  }
  return samples;
}
