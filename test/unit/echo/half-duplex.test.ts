import { expect, test } from 'vitest';

import { halfDuplexDeaf } from '../../../src/echo/half-duplex.ts';

const frame = (fromMs: number): { fromMs: number; untilMs: number } => ({
  fromMs,
  untilMs: fromMs + 32,
});

test('deaf from the first sample of the agent until its echo and the room have died away', () => {
  const sounding = [{ fromMs: 1000, untilMs: 3000 }];
  const options = { delayMs: 150, tailMs: 200 };
  expect(halfDuplexDeaf(frame(960), sounding, options)).toBe(false);
  expect(halfDuplexDeaf(frame(970), sounding, options)).toBe(true);
  expect(halfDuplexDeaf(frame(3349), sounding, options)).toBe(true);
  expect(halfDuplexDeaf(frame(3350), sounding, options)).toBe(false);
});

test('an unknown delay is taken for a long one', () => {
  const sounding = [{ fromMs: 0, untilMs: 1000 }];
  expect(halfDuplexDeaf(frame(1699), sounding, { delayMs: null })).toBe(true);
  expect(halfDuplexDeaf(frame(1700), sounding, { delayMs: null })).toBe(false);
});

test('a line that is not over keeps the gate shut; a silent agent keeps it open', () => {
  const open = [{ fromMs: 0, untilMs: null }];
  expect(halfDuplexDeaf(frame(60_000), open, { delayMs: 60 })).toBe(true);
  expect(halfDuplexDeaf(frame(60_000), [], { delayMs: 60 })).toBe(false);
});

test('each of several stretches counts', () => {
  const sounding = [
    { fromMs: 0, untilMs: 1000 },
    { fromMs: 5000, untilMs: 6000 },
  ];
  expect(halfDuplexDeaf(frame(1100), sounding, { delayMs: 100 })).toBe(true);
  expect(halfDuplexDeaf(frame(3000), sounding, { delayMs: 100 })).toBe(false);
  expect(halfDuplexDeaf(frame(5500), sounding, { delayMs: 100 })).toBe(true);
});
