import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { benchGroups } from '../../console/src/board/bench-file.ts';
import { distributionOf, groupsOf } from '../../console/src/board/figures.ts';
import { tarOf } from '../../console/src/calls/tar.ts';
import { ClockOffset } from '../../console/src/clock-offset.ts';
import { EventReader } from '../../console/src/event-stream.ts';
import { quantile, readMetrics, sum } from '../../console/src/health/prometheus.ts';
import { Acknowledger } from '../../console/src/talk/acknowledger.ts';
import { decodePcm16, encodePcm16, fromBase64, toBase64 } from '../../console/src/talk/pcm.ts';
import { Playout } from '../../console/src/talk/playout.ts';
import { Resampler } from '../../console/src/talk/resampler.ts';
import { PeakTrack } from '../../console/src/timeline/peak-track.ts';

const samplesOf = (values: readonly number[]): Float32Array<ArrayBuffer> =>
  Float32Array.from(values);

describe('the resampler', () => {
  property.prop([fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 20 })])(
    'gives the same whatever the blocks are',
    (lengths) => {
      const total = lengths.reduce((all, length) => all + length, 0);
      const input = Float32Array.from({ length: total }, (_, i) => Math.sin(i / 7));
      const once = new Resampler(48_000, 24_000).push(input);
      const pieces = new Resampler(48_000, 24_000);
      let at = 0;
      const parts = lengths.flatMap((length) => {
        at += length;
        return [...pieces.push(input.subarray(at - length, at))];
      });
      expect(parts).toHaveLength(once.length);
      for (const [i, value] of parts.entries()) expect(value).toBeCloseTo(once[i]!, 6);
    },
  );

  it.each([44_100, 48_000, 96_000])('keeps 1 kHz and removes 15 kHz of %d Hz', (rateHz) => {
    const level = (toneHz: number): number => {
      const tone = Float32Array.from({ length: rateHz }, (_, i) =>
        Math.sin((2 * Math.PI * toneHz * i) / rateHz),
      );
      const output = new Resampler(rateHz, 24_000).push(tone).subarray(1_000, 20_000);
      return Math.sqrt(output.reduce((all, value) => all + value * value, 0) / output.length);
    };
    expect(level(1_000)).toBeCloseTo(Math.SQRT1_2, 2);
    expect(level(15_000)).toBeLessThan(0.01);
  });
});

describe('the playout', () => {
  const options = { startSamples: 4, waitSamples: 8, limitSamples: 100 };
  const pull = (playout: Playout, count = 4): number[] => {
    const output = new Float32Array(count);
    playout.pull(output);
    return [...output];
  };

  it('begins when enough is there, or when it has waited', () => {
    const playout = new Playout(options);
    playout.push({ itemId: 'a', samples: samplesOf([1, 2]) });
    expect(pull(playout)).toEqual([0, 0, 0, 0]);
    expect(pull(playout)).toEqual([1, 2, 0, 0]);
    playout.push({ itemId: 'a', samples: samplesOf([3, 4, 5, 6, 7]) });
    expect(pull(playout)).toEqual([3, 4, 5, 6]);
    expect(playout.takePositions()).toEqual([{ itemId: 'a', playedSamples: 6, dry: false }]);
  });

  it('tells the end of an item that another follows at once', () => {
    const playout = new Playout(options);
    playout.push({ itemId: 'a', samples: samplesOf([1, 2]) });
    playout.push({ itemId: 'b', samples: samplesOf([3, 4, 5]) });
    expect(pull(playout)).toEqual([1, 2, 3, 4]);
    expect(playout.takePositions()).toEqual([
      { itemId: 'a', playedSamples: 2, dry: true },
      { itemId: 'b', playedSamples: 2, dry: false },
    ]);
  });

  it('plays nothing that was cleared, and refuses what is too much', () => {
    const playout = new Playout(options);
    playout.push({ itemId: 'a', samples: new Float32Array(90).fill(1) });
    playout.push({ itemId: 'a', samples: new Float32Array(20).fill(1) });
    expect(playout.refusedSamples).toBe(20);
    pull(playout);
    playout.clear();
    expect(pull(playout)).toEqual([0, 0, 0, 0]);
    expect(playout.takePositions()).toEqual([{ itemId: 'a', playedSamples: 4, dry: true }]);
  });

  property.prop([
    fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 10 }),
    fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 40 }),
  ])('loses nothing and says nothing twice', (pushes, pulls) => {
    const playout = new Playout(options);
    let next = 1;
    const played: number[] = [];
    for (const [i, count] of pulls.entries()) {
      const length = pushes[i] ?? 0;
      const samples = Float32Array.from({ length }, (_, offset) => next + offset);
      next += length;
      playout.push({ itemId: 'a', samples });
      played.push(...pull(playout, count).filter((value) => value !== 0));
    }
    expect(played).toEqual(Array.from({ length: played.length }, (_, i) => i + 1));
    const position = playout.takePositions().at(-1);
    expect(position?.playedSamples ?? 0).toBe(played.length);
  });
});

it('acknowledges an item at its start, a few times a second, and at its end', () => {
  const acknowledger = new Acknowledger();
  const told = Array.from({ length: 10 }, (_, i) => {
    const playedSamples = (i + 1) * 960;
    return acknowledger.next([{ itemId: 'a', playedSamples, dry: i === 9 }], i * 40);
  }).flat();
  expect(told.map(({ playedMs }) => playedMs)).toEqual([40, 160, 280, 400]);
  expect(acknowledger.next([{ itemId: 'a', playedSamples: 9_600, dry: true }], 999)).toEqual([]);
});

it('takes the least delayed message for the truth, and forgets it in time', () => {
  const offset = new ClockOffset(1_000);
  expect(offset.offsetMs).toBeNull();
  offset.observe(100, 1_105);
  offset.observe(200, 1_201);
  offset.observe(300, 1_380);
  expect(offset.offsetMs).toBe(1_001);
  offset.observe(1_400, 2_420);
  offset.observe(2_500, 3_520);
  expect(offset.offsetMs).toBe(1_020);
});

it('keeps the loudest of each bin, and only as long as there is room', () => {
  const track = new PeakTrack(1_000);
  track.write(new Float32Array(240).fill(-0.5), 20, 24_000);
  expect([track.peak(0, 10), track.peak(10, 20)]).toEqual([0, 0.5]);
  track.write(new Float32Array(240).fill(0.25), 1_020, 24_000);
  expect([track.peak(10, 20), track.peak(500, 510), track.peak(1_010, 1_020)]).toEqual([
    0, 0, 0.25,
  ]);
});

it('carries samples as the wire does', () => {
  const samples = samplesOf([0, 0.5, -1, 1, 2]);
  const there = decodePcm16(fromBase64(toBase64(encodePcm16(samples))));
  expect([...there]).toEqual([0, 0.5, -1, 32_767 / 32_768, 32_767 / 32_768]);
});

it('reads events however they are cut', () => {
  const text = ': hello\n\nid: 1\nevent: a\ndata: {"seq":1}\n\nid: 2\ndata: {"seq":2}\n\n';
  for (let cut = 0; cut < text.length; cut += 1) {
    const reader = new EventReader();
    const data = [...reader.push(text.slice(0, cut)), ...reader.push(text.slice(cut))];
    expect(data).toEqual(['{"seq":1}', '{"seq":2}']);
  }
  expect(() => new EventReader().push('x'.repeat(2_000_000))).toThrow(RangeError);
});

it('reads Prometheus text and its quantiles', () => {
  const samples = readMetrics(
    [
      '# HELP d help',
      'd_bucket{le="0.01",agent="a\\"b"} 50',
      'd_bucket{le="0.02",agent="a\\"b"} 100',
      'd_bucket{le="+Inf",agent="a\\"b"} 100',
      'n{agent="x"} 2',
      'n{agent="y"} 3',
    ].join('\n'),
  );
  expect(samples[0]?.labels).toEqual({ le: '0.01', agent: 'a\\"b' });
  expect(sum(samples, 'n')).toBe(5);
  expect(sum(samples, 'missing')).toBeNull();
  expect(quantile(samples, 'd', 0.99)).toBeCloseTo(0.0198, 6);
  expect(quantile(samples, 'd', 0.25)).toBeCloseTo(0.005, 6);
});

it('groups turns by agent and backend and says how they lie', () => {
  const turn = (silenceMs: number | null): object => ({
    stages: silenceMs === null ? null : { silenceMs },
  });
  const call = (more: object, silences: readonly (number | null)[]): never =>
    ({
      ...{ agent: 'desk', backend: 'fast', active: false, handovers: [] },
      ...{ turns: silences.map(turn), ...more },
    }) as never;
  const calls = [
    call({}, [400, null, 100]),
    call({ active: true }, [1]),
    call({ handovers: [{}] }, [2]),
    call({}, [200, 300]),
  ];
  const groups = groupsOf(calls, 'silence');
  expect(groups).toEqual([{ name: 'desk · fast', samplesMs: [100, 200, 300, 400] }]);
  expect(distributionOf(groups[0]!.samplesMs)).toMatchObject({
    ...{ n: 4, p25: 175, p50: 250, p75: 325, max: 400, iqr: 150 },
  });
});

it('takes samples of a bench run, and nothing else', () => {
  const samples = [
    { agent: 'slow', firstAudioMs: 900, firstHeardMs: 960 },
    { agent: 'fast', firstAudioMs: 400, firstHeardMs: null },
    { agent: 'fast', firstAudioMs: 300, warmUp: true },
    { agent: 'fast', firstAudioMs: null },
  ];
  const text = JSON.stringify({ bench: 'ttfb', samples });
  expect(benchGroups(text, 'run', 'silence')).toEqual([
    { name: 'run: fast', samplesMs: [400] },
    { name: 'run: slow', samplesMs: [960] },
  ]);
  expect(benchGroups(text, 'run', 'first_audio')[1]).toEqual({
    name: 'run: slow',
    samplesMs: [900],
  });
  for (const wrong of ['{', '[]', '{"samples":[1]}', '{"samples":{}}']) {
    expect(() => benchGroups(wrong, 'run', 'silence')).toThrow(RangeError);
  }
});

describe('an archive', () => {
  const unpacked = async (archive: Blob): Promise<Map<string, string>> => {
    const folder = mkdtempSync(join(tmpdir(), 'parley-tar-'));
    try {
      const packed = join(folder, 'archive.tar');
      writeFileSync(packed, new Uint8Array(await archive.arrayBuffer()));
      const done = spawnSync('tar', ['xf', packed, '-C', folder], { encoding: 'utf8' });
      expect([done.status, done.stderr]).toEqual([0, '']);
      rmSync(packed);
      const names = readdirSync(folder, { recursive: true, withFileTypes: true });
      return new Map(
        names
          .filter((entry) => entry.isFile())
          .map((entry) => join(entry.parentPath, entry.name))
          .map((path) => [path.slice(folder.length + 1), readFileSync(path, 'latin1')]),
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };

  it('is what tar unpacks, also files that fill their blocks or have nothing in them', async () => {
    const contents = new Map(
      [0, 1, 511, 512, 513, 70_000].map((bytes) => [`call_x/${bytes}.bin`, 'é'.repeat(bytes)]),
    );
    const files = [...contents].map(([name, text]) => ({
      name,
      content: new Blob([Buffer.from(text, 'latin1')]),
    }));
    expect(await unpacked(tarOf(files, 1_790_000_000))).toEqual(contents);
  });

  it('refuses names that do not fit', () => {
    for (const name of ['x'.repeat(101), '', 'ü', 'a b']) {
      expect(() => tarOf([{ name, content: new Blob([]) }], 0)).toThrow(RangeError);
    }
  });
});
