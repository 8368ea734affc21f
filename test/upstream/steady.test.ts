import { afterEach, describe, expect, it } from 'vitest';
import { ChunkTimeline } from '../../src/audio/chunk.ts';
import { HostedRig } from './hosted-rig.ts';
import { delayOf, machineMs, writeMarker } from './marker.ts';

let rig: HostedRig;
afterEach(() => rig.close());

interface Report {
  readonly open: number;
  readonly up: { readonly marked: number; readonly unmarked: number; readonly delaysMs: number[] };
}

describe('the stand-in, steady', () => {
  it.each([0, 1, 2])(
    'sends one marked frame every 20 ms, without drift: format %i',
    async (place) => {
      rig = await HostedRig.start({ steady: true, firstAudioMs: { p50: 7, p95: 7 } });
      const format = rig.backend.capabilities.outputFormats[place]!;
      const probe = await rig.open({ outputFormat: format });
      probe.respond('line_1');
      await probe.until(() => probe.line('line_1').length > 0);
      await probe.wait(10_000);
      const frames = probe.events.flatMap((event) =>
        event.type === 'line.audio' ? [event.bytes] : [],
      );
      expect(frames.length).toBeGreaterThanOrEqual(499);
      expect(frames.length).toBeLessThanOrEqual(501);
      for (const frame of frames) {
        expect(frame.byteLength).toBe(format.codec === 'pcm16' ? 960 : 160);
        expect(delayOf(frame, machineMs())).not.toBeNull();
      }
      probe.session.send({ type: 'cancel', lineId: 'line_1' });
      await probe.until(() => probe.done('line_1') !== undefined);
      const { length } = probe.events;
      await probe.wait(1000);
      expect(probe.events).toHaveLength(length);
    },
  );

  it('tells how long marked frames were under way, and begins anew when asked to', async () => {
    rig = await HostedRig.start({ steady: true });
    const probe = await rig.open();
    const timeline = new ChunkTimeline(rig.context().inputFormat);
    for (const isMarked of [true, false, true]) {
      const bytes = new Uint8Array(960);
      if (isMarked) writeMarker(bytes, machineMs());
      probe.session.send({ type: 'audio', chunk: timeline.append(bytes, 0) });
    }
    await probe.wait(100);
    const url = `http://127.0.0.1:${rig.server.port}/report`;
    const read = async (query = ''): Promise<Report> =>
      (await (await fetch(url + query)).json()) as Report;
    const report = await read('?reset');
    expect(report).toMatchObject({ open: 1, up: { marked: 2, unmarked: 1 } });
    for (const delayMs of report.up.delaysMs) expect(delayMs).toBeLessThan(5000);
    expect((await read()).up).toEqual({ marked: 0, unmarked: 0, delaysMs: [] });
  });

  it('takes other bytes for no marker', () => {
    const noise = new Uint8Array(960).fill(7);
    expect(delayOf(noise, machineMs())).toBeNull();
    expect(delayOf(new Uint8Array(4), machineMs())).toBeNull();
  });
});
