import process from 'node:process';
import { parseArgs } from 'node:util';
import type { StandInFault, StandInOptions } from './options.ts';
import { startStandIn } from './openai-realtime-server.ts';

/**
 * The stand-in as a process of its own, for benchmarks. Prints one line of JSON when it listens:
 * `{"port":…,"url":"ws://…","report":"http://…/report"}`. Ends on SIGTERM, SIGINT, or
 * when a parent that forked it is gone.
 */
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    steady: { type: 'boolean', default: false },
    key: { type: 'string' },
    p50: { type: 'string', default: '300' },
    p95: { type: 'string', default: '600' },
    seed: { type: 'string', default: '1' },
    factor: { type: 'string', default: '4' },
    piece: { type: 'string', default: '100' },
    text: { type: 'string', multiple: true },
    capMs: { type: 'string' },
    fault: { type: 'string' },
  },
});

const options: StandInOptions = {
  port: Number(values.port),
  steady: values.steady,
  apiKey: values.key ?? null,
  firstAudioMs: { p50: Number(values.p50), p95: Number(values.p95) },
  seed: Number(values.seed),
  realTimeFactor: Number(values.factor),
  pieceMs: Number(values.piece),
  ...(values.text === undefined ? {} : { answers: values.text.map((text) => ({ text })) }),
  ...(values.capMs === undefined ? {} : { sessionCapMs: Number(values.capMs) }),
  ...(values.fault === undefined ? {} : { fault: JSON.parse(values.fault) as StandInFault }),
};

const standIn = await startStandIn(options);
const { port, url } = standIn;
const report = `http://127.0.0.1:${port}/report`;
process.stdout.write(`${JSON.stringify({ port, url, report })}\n`);

const stop = (): void => {
  void standIn.close().then(() => process.exit(0));
};
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
process.on('disconnect', stop);
