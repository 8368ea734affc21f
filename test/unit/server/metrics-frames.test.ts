import { describe, expect, test } from 'vitest';
import { FrameDelays } from '../../../src/server/metrics-frames.ts';

const call = { callId: 'c', agent: 'desk', backend: 'b' };
const name = 'parley_frame_delay_seconds';

describe('frame delays', () => {
  test('are counted at and below each bound, in seconds, by direction', () => {
    const delays = new FrameDelays();
    for (const delayMs of [0, 0.1, 0.11, 10, 10.01, 5_000]) delays.observe(call, 'up', delayMs);
    delays.observe(call, 'down', 2);
    const lines = delays.text().split('\n');
    const up = 'agent="desk",backend="b",direction="up"';
    expect(lines).toContain(`${name}_bucket{${up},le="0.0001"} 2`);
    expect(lines).toContain(`${name}_bucket{${up},le="0.00025"} 3`);
    expect(lines).toContain(`${name}_bucket{${up},le="0.0075"} 3`);
    expect(lines).toContain(`${name}_bucket{${up},le="0.01"} 4`);
    expect(lines).toContain(`${name}_bucket{${up},le="0.015"} 5`);
    expect(lines).toContain(`${name}_bucket{${up},le="1"} 5`);
    expect(lines).toContain(`${name}_bucket{${up},le="+Inf"} 6`);
    expect(lines).toContain(`${name}_count{${up}} 6`);
    expect(lines.find((line) => line.startsWith(`${name}_sum{${up}}`))).toMatch(/ 5\.0202/);
    expect(lines).toContain(`${name}_count{agent="desk",backend="b",direction="down"} 1`);
  });

  test('have a name before there is any, and none for labels that never occurred', () => {
    const text = new FrameDelays().text();
    expect(text).toContain(`# TYPE ${name} histogram`);
    expect(text).not.toContain('{');
  });

  test('keep agents and backends apart, whatever their names are', () => {
    const delays = new FrameDelays();
    delays.observe({ ...call, agent: 'a"\\\n' }, 'up', 1);
    delays.observe({ ...call, backend: 'other' }, 'up', 1);
    expect(delays.text()).toContain(
      `${name}_count{agent="a\\"\\\\\\n",backend="b",direction="up"} 1`,
    );
    expect(delays.text()).toContain(`${name}_count{agent="desk",backend="other",direction="up"} 1`);
  });

  test('that are no numbers are refused and spoil nothing', () => {
    const delays = new FrameDelays();
    expect(() => delays.observe(call, 'up', NaN)).toThrow(RangeError);
    delays.observe(call, 'up', 1);
    expect(delays.text()).toContain(`${name}_sum{agent="desk",backend="b",direction="up"} 0.001`);
  });
});
