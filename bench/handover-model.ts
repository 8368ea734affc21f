/**
 * Handover from and to a model package, which can be told nothing and knows no words:
 *
 *     npx node bench/handover-model.ts [deaths] [calls] [seed]
 *
 * Calls of the stock client to agents `[parrot, openai]`, whose model fails by the operator's word, and
 * `[openai, parrot]` with `acceptUnseeded`, whose hosted stand-in is cut off; at moments drawn by chance.
 * The parrot says back what it hears, so the caller's words are judged by the sound. Not scored: words of
 * the agent, since the parrot has none of its own and nothing it said is known in words; tools, since it
 * calls none; the caller's words of the turn in which the parrot takes over, since it hears only what is
 * said from then on (`lostInDeath` shows them). Prints one JSON object, samples in
 * bench/out/handover-model.json; exit code 1 when a call ended or was stuck, or other words were lost.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { seededRandom } from '../test/ear/seeded-random.ts';
import { Desk } from './handover/desk.ts';
import { HandoverGateway } from './handover/gateway.ts';
import { callAModel, modelMoments, type ModelCall, type ModelKill } from './handover/model-call.ts';
import { distribution } from './lib/distribution.ts';
import { outFolder } from './lib/report.ts';

const [deaths = 40, atOnce = 4, seed = 1] = process.argv.slice(2).map(Number);
const random = seededRandom(seed);
const ways = ['dying', 'taking'] as const;
const desks = await Promise.all(
  Array.from({ length: atOnce }, (_, at) => Desk.open(`m${at}`, { of: ['openai', 'live'] })),
);
// A breaker of one's own: a model that failed other calls is not begun with.
const backends = Object.assign(
  {},
  ...desks.map((desk) => ({
    ...desk.backends,
    [`${desk.name}-parrot`]: { type: 'onnx', package: 'parrot' },
  })),
) as Record<string, unknown>;
const agents = Object.fromEntries(
  desks.flatMap(({ name }) => [
    [`${name}-dying`, { backends: [`${name}-parrot`, `${name}-openai`] }],
    [
      `${name}-taking`,
      { backends: [`${name}-openai`, `${name}-parrot`], handover: { acceptUnseeded: true } },
    ],
  ]),
);
const gateway = await HandoverGateway.start({ backends, agents, faultInjection: true });
const plans = Array.from({ length: deaths }, (_, call) => ({
  call,
  way: ways[call % 2]!,
  moment: modelMoments[Math.floor(call / 2) % modelMoments.length]!,
  turn: random() < 0.5 ? 0 : 1,
  place: random(),
}));

const made: (ModelCall & { readonly way: (typeof ways)[number] })[] = [];
const worker = async (desk: Desk): Promise<void> => {
  for (let plan = plans.shift(); plan !== undefined; plan = plans.shift()) {
    const { way, ...rest } = plan;
    const kill: ModelKill = { ...rest, agent: `${desk.name}-${way}` };
    desk.mend();
    const die = (callId: string): void => {
      if (way === 'taking') desk.kill('openai', 'reset');
      else void gateway.breakBackend(callId);
    };
    const call = await callAModel(kill, gateway, die);
    made.push({ ...call, way });
    process.stderr.write(`${made.length} of ${deaths}\n`);
  }
};
try {
  await Promise.all(desks.map(worker));
} finally {
  await gateway.end();
  await Promise.all(desks.map((desk) => desk.close()));
}

const summary = (calls: readonly (typeof made)[number][]): Readonly<Record<string, unknown>> => ({
  deaths: calls.length,
  handovers: calls.reduce((sum, { handovers }) => sum + handovers.length, 0),
  gapOursMs: distribution(calls.flatMap(({ handovers }) => handovers.map(({ oursMs }) => oursMs))),
  gapMs: distribution(calls.flatMap(({ handovers }) => handovers.map(({ gapMs }) => gapMs))),
  callsEnded: calls.filter(({ ended }) => ended).length,
  callsStuck: calls.filter(({ ended, failure }) => !ended && failure !== null).length,
  lostCaller: calls.reduce((sum, { lostCaller }) => sum + lostCaller.length, 0),
  lostInDeath: calls.reduce((sum, { lostInDeath }) => sum + lostInDeath.length, 0),
  clientErrors: calls.reduce((sum, { clientErrors }) => sum + clientErrors, 0),
});
const of = (way: string): readonly (typeof made)[number][] =>
  made.filter((call) => call.way === way);
const result = {
  bench: 'handover-model',
  seed,
  dying: summary(of('dying')),
  taking: summary(of('taking')),
};
mkdirSync(outFolder, { recursive: true });
writeFileSync(`${outFolder}handover-model.json`, JSON.stringify({ ...result, samples: made }));
process.stdout.write(`${JSON.stringify(result)}\n`);
const failed = made.some(
  ({ way, ended, failure, lostCaller, lostInDeath }) =>
    ended ||
    failure !== null ||
    lostCaller.length > 0 ||
    (way === 'dying' && lostInDeath.length > 0),
);
process.exit(failed ? 1 : 0);
