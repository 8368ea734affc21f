import process from 'node:process';
import { parseArgs } from 'node:util';
import type { StandInFault, StandInOptions } from './options.ts';
import { startGeminiStandIn } from './server.ts';

/**
 * The stand-in as a process of its own. Prints one line of JSON when it listens:
 * `{"port":…,"url":"ws://…","report":"http://…/report"}`. Ends on SIGTERM, SIGINT, or when a
 * parent that forked it is gone.
 */
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    key: { type: 'string' },
    p50: { type: 'string', default: '300' },
    p95: { type: 'string', default: '600' },
    seed: { type: 'string', default: '1' },
    factor: { type: 'string', default: '4' },
    piece: { type: 'string', default: '100' },
    text: { type: 'string', multiple: true },
    count: { type: 'string' },
    capMs: { type: 'string' },
    goAwayMs: { type: 'string' },
    fault: { type: 'string', multiple: true },
  },
});

const options: StandInOptions = {
  port: Number(values.port),
  apiKey: values.key ?? null,
  firstAudioMs: { p50: Number(values.p50), p95: Number(values.p95) },
  seed: Number(values.seed),
  realTimeFactor: Number(values.factor),
  pieceMs: Number(values.piece),
  ...(values.text === undefined ? {} : { answers: values.text.map((text) => ({ text })) }),
  ...(values.count === undefined ? {} : { answers: [{ count: Number(values.count) }] }),
  ...(values.capMs === undefined ? {} : { connectionCapMs: Number(values.capMs) }),
  ...(values.goAwayMs === undefined ? {} : { goAwayBeforeMs: Number(values.goAwayMs) }),
  faults: (values.fault ?? []).map((fault) => JSON.parse(fault) as StandInFault),
};

const standIn = await startGeminiStandIn(options);
const { port, url } = standIn;
const report = `http://127.0.0.1:${port}/report`;
process.stdout.write(`${JSON.stringify({ port, url, report })}\n`);

const stop = (): void => {
  void standIn.close().then(() => process.exit(0));
};
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
process.on('disconnect', stop);
