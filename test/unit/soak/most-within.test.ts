import { expect, it } from 'vitest';
import { mostWithin } from '../../soak/most-within.ts';

it('finds the fullest stretch, wherever it begins', () => {
  expect(mostWithin([], 100)).toBe(0);
  expect(mostWithin([50], 100)).toBe(1);
  expect(mostWithin([189, 0, 110, 90, 100, 400], 100)).toBe(4);
  expect(mostWithin([0, 100, 200, 300], 100)).toBe(1);
});
