/**
 * What asking a second backend for late answers gives, and what it costs:
 *
 *     npx node bench/hedging.ts [turns] [calls]
 *
 * Calls of the stock `openai` client, half of them with an agent that hedges and half with one that does
 * not, at the same time, over stand-ins of one kind: most answers begin after some 0.3 s, one in twelve
 * after seconds. Prints one JSON object: first audio at the client from the request on (ms), the share
 * of answers that two backends were asked for, who answered, and how often each tool was run. The first
 * fifth of the turns is not counted: what is late is learnt in it.
 */
import { argv } from 'node:process';
import { OpenAI } from 'openai';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import { AudibleOnset } from '../src/audio/level.ts';
import { prepareResampler } from '../src/audio/resampler.ts';
import { systemClock } from '../src/time/clock.ts';
import { readJson, sendJson, startHttpStandIn } from '../test/upstream/llm/http-stand-in.ts';
import { startStandIn, type StandIn } from '../test/upstream/openai-realtime-server.ts';
import { HandoverGateway, type CallLog } from './handover/gateway.ts';
import { keyName } from './handover/upstream.ts';
import { distribution } from './lib/distribution.ts';
import { describeMachine } from './lib/machine.ts';
import type { SaidNext, SaidTurn } from '../test/upstream/said.ts';

const turns = Number(argv[2] ?? 75);
/** Of each agent, at once (a count). */
const calls = Number(argv[3] ?? 8);
/** Every so many turns the model calls a tool first (a count). */
const toolEvery = 5;
const warmShare = 0.2;
const firstAudioMs = { p50: 300, p95: 450, tail: { share: 0.08, p50: 3000, p95: 6000 } };
/** Silence after each answer, ms. */
const pauseMs = 100;
/** No answer takes longer, ms. */
const longestMs = 60_000;

interface Answer {
  readonly turn: number;
  readonly tool: boolean;
  readonly firstAudioMs: number;
}

interface OneCall {
  readonly answers: readonly Answer[];
  readonly log: CallLog;
}

/** Counts on; a question that wants a tool has it called, with what stands in the question. */
function nextToSay(history: readonly SaidTurn[]): SaidNext {
  const asked = history.findLastIndex(({ role }) => role === 'user');
  const question = history[asked]?.text ?? '';
  const since = history.slice(asked + 1);
  if (question.startsWith('look') && !since.some(({ role }) => role === 'tool')) {
    return { tool: { name: 'look_up', arguments: JSON.stringify({ what: question }) } };
  }
  return { numbers: [1, 2] };
}

/** Runs of the tool, by what was looked up. */
const runs = new Map<string, number>();
const tool = await startHttpStandIn(async (request, response) => {
  const { what } = (await readJson(request)) as { what: string };
  runs.set(what, (runs.get(what) ?? 0) + 1);
  sendJson(response, 200, { free: 7 });
});

await prepareResampler();
const seeds = { plainA: 1, plainB: 2, hedgedA: 3, hedgedB: 4 } as const;
const standIns = new Map<string, StandIn>();
for (const [name, seed] of Object.entries(seeds)) {
  const answers = [{ rule: nextToSay }];
  standIns.set(name, await startStandIn({ firstAudioMs, seed, answers, realTimeFactor: 4 }));
}
const agent = (name: 'plain' | 'hedged', handover: object): object => ({
  instructions: 'Count.',
  backends: [`${name}A`, `${name}B`],
  handover: { ...handover, stall: { leastMs: 20_000, mostMs: 20_000 } },
  turns: { fillers: false },
  tools: [
    {
      name: 'look_up',
      description: 'Looks something up.',
      parameters: { type: 'object', properties: { what: { type: 'string' } } },
      http: { url: `${tool.origin}/look`, method: 'POST' },
      allowPrivateAddresses: true,
      // Nothing but answers is said.
      preamble: 'none',
      fillers: [],
    },
  ],
});
const gateway = await HandoverGateway.start({
  backends: Object.fromEntries(
    [...standIns].map(([name, { url }]) => [
      name,
      { type: 'openai-realtime', model: 'stand-in', url, apiKeyEnv: keyName },
    ]),
  ),
  agents: {
    plain: agent('plain', { standby: 'never' }),
    hedged: agent('hedged', { hedge: true }),
  },
});

/** One call of so many turns. */
async function call(model: string, name: string): Promise<OneCall> {
  const client = new OpenAI({ apiKey: 'sk-bench', baseURL: `${gateway.url}/v1` });
  const realtime = new OpenAIRealtimeWS({ model, options: { ca: gateway.certificate } }, client);
  let callId = '';
  realtime.socket.on('upgrade', ({ headers }) => (callId = String(headers['parley-call-id'])));
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined);
  realtime.on('error', (error) => failed.reject(error));
  const ready = Promise.withResolvers<null>();
  realtime.on('session.updated', () => ready.resolve(null));
  realtime.socket.on('open', () =>
    realtime.send({
      type: 'session.update',
      session: { type: 'realtime', audio: { input: { turn_detection: null } } },
    }),
  );
  await Promise.race([ready.promise, failed.promise]);
  const answers: Answer[] = [];
  for (let turn = 0; turn < turns; turn++) {
    const wantsTool = turn % toolEvery === toolEvery - 1;
    const text = `${wantsTool ? 'look' : 'count'} ${name} ${turn}`;
    const answered = answerOf(realtime);
    realtime.send({
      type: 'conversation.item.create',
      item: { type: 'message', role: 'user', content: [{ type: 'input_text', text }] },
    });
    const askedAtMs = systemClock.nowMs();
    realtime.send({ type: 'response.create' });
    const heardAtMs = await Promise.race([answered, failed.promise, tooLong(text)]);
    answers.push({ turn, tool: wantsTool, firstAudioMs: heardAtMs - askedAtMs });
    await pause(pauseMs);
  }
  const log = await gateway.logOf(callId);
  realtime.close();
  return { answers, log };
}

/** When the next answer that is spoken became audible, once it is over, clock ms. */
function answerOf(realtime: OpenAIRealtimeWS): Promise<number> {
  const onset = new AudibleOnset(24_000);
  const over = Promise.withResolvers<number>();
  let heardAtMs: number | null = null;
  const onAudio = ({ delta }: { readonly delta: string }): void => {
    if (onset.push(Buffer.from(delta, 'base64')) !== null) heardAtMs = systemClock.nowMs();
  };
  const onDone = (): void => {
    // A response that called a tool is followed by one that speaks.
    if (heardAtMs === null) return;
    realtime.off('response.output_audio.delta', onAudio);
    realtime.off('response.done', onDone);
    over.resolve(heardAtMs);
  };
  realtime.on('response.output_audio.delta', onAudio);
  realtime.on('response.done', onDone);
  return over.promise;
}

async function tooLong(text: string): Promise<never> {
  await pause(longestMs);
  throw new Error(`no answer to ${text}`);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void systemClock.timerAt(systemClock.nowMs() + ms, resolve));
}

function summaryOf(made: readonly OneCall[]): object {
  const from = Math.floor(turns * warmShare);
  const counted = made.flatMap(({ answers }) => answers.filter(({ turn }) => turn >= from));
  const logs = made.map(({ log }) => afterLines(log, from));
  const of = (type: string): number => logs.flat().filter((event) => event.type === type).length;
  const ended = logs.flat().filter(({ type }) => type === 'hedge.ended');
  const rivals = logs.flat().filter(({ type }) => type === 'handover.started').length;
  const lines = of('line.opened');
  return {
    turns: counted.length,
    firstAudioMs: distribution(
      counted.filter((answer) => !answer.tool).map((answer) => answer.firstAudioMs),
    ),
    answers: lines,
    extraAnswers: of('hedge.started'),
    extraShare: Math.round((of('hedge.started') / lines) * 1000) / 1000,
    wonByTheOther: rivals,
    dropped: ended.filter((event) => event['winner'] === null).length,
  };
}

/** What was written down from that turn on. */
function afterLines(log: CallLog, turn: number): CallLog {
  const first = log.findIndex(
    (event) => event.type === 'item.added' && JSON.stringify(event).includes(` ${turn}"`),
  );
  return first < 0 ? [] : log.slice(first);
}

const startMs = systemClock.nowMs();
const both = await Promise.all(
  (['plain', 'hedged'] as const).map((model) =>
    Promise.all(Array.from({ length: calls }, (_, at) => call(model, `${model}${at}`))),
  ),
);
const [plain = [], hedged = []] = both;
const wanted = Math.floor(turns / toolEvery) * calls * 2;
const summary = {
  plain: summaryOf(plain),
  hedged: summaryOf(hedged),
  tools: {
    wanted,
    run: runs.size,
    runTwice: [...runs.values()].filter((count) => count > 1).length,
  },
};
console.log(
  JSON.stringify(
    {
      bench: 'hedging',
      machine: describeMachine(),
      config: { turns, calls, firstAudioMs, toolEvery },
      tookS: Math.round((systemClock.nowMs() - startMs) / 1000),
      summary,
    },
    null,
    2,
  ),
);
await gateway.end();
await Promise.all([tool.close(), ...[...standIns.values()].map((standIn) => standIn.close())]);
