import { defineConfig } from 'vitest/config';

/** Tests in which callers talk in real time: they run alone, after all others. */
const realTime = [
  'test/conformance/**/*.test.ts',
  'test/ear/**/*.test.ts',
  'test/console/browser/**/*.test.ts',
];

const shared = { testTimeout: 30_000, hookTimeout: 60_000, pool: 'forks' } as const;

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...shared,
          name: 'logic',
          include: ['test/**/*.test.ts'],
          exclude: realTime,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...shared,
          name: 'real-time',
          include: realTime,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
