import { defineConfig } from 'vitest/config';

/** Tests in which callers talk, or servers wait, in real time: they run after all others. */
const realTime = [
  'test/conformance/**/*.test.ts',
  'test/ear/**/*.test.ts',
  'test/console/browser/**/*.test.ts',
  'test/contract/*-gateway.test.ts',
  'test/integration/gateway/{gate,listener-figures,side-listener,spend,stages}.test.ts',
  'test/upstream/stock-client.test.ts',
];

/** Tests without servers, threads or files: they share a process, which saves a third of their time. */
const pure = ['test/{unit,property,walk}/**/*.test.ts'];

/** Unit tests that need modules of their own: one replaces a module, one wants it as it was. */
const ownModules = ['test/unit/turn/replay.test.ts', 'test/unit/audio/resampler.test.ts'];

const shared = {
  testTimeout: 30_000,
  hookTimeout: 60_000,
  pool: 'forks' as const,
  setupFiles: ['test/support/seed.ts'],
};

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...shared,
          name: 'pure',
          include: pure,
          exclude: ownModules,
          isolate: false,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...shared,
          name: 'logic',
          include: ['test/**/*.test.ts'],
          exclude: [...realTime, 'test/{unit,property,walk}/**'],
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...shared,
          name: 'own modules',
          include: ownModules,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...shared,
          name: 'real-time',
          include: realTime,
          // They wait more than they work. A machine that stalls for a moment fails them: they may
          // be repeated once, and the report names those that were.
          maxWorkers: 3,
          maxConcurrency: 10,
          retry: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
