/**
 * One call of the stock client to an agent of three backends, which fail and recover in turn while the
 * caller talks, against stand-ins that count:
 *
 *     npx node test/soak/handover-ten-minutes.ts [--minutes 10] [--every-seconds 20] [--seed 1]
 *
 * Every `--every-seconds` the next of openai, gemini and cascade dies, at a random moment and in one of
 * three ways, and comes back one and a half times as long after. Prints one JSON object; exit code 1 when
 * a word of either side was lost, came twice or out of order, when a backend never answered, or the call
 * ended: then what the gateway wrote down of it is in bench/out/handover-ten-minutes.json.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { Desk } from '../../bench/handover/desk.ts';
import { kinds, type Death } from '../../bench/handover/kinds.ts';
import { handoversIn, HandoverGateway } from '../../bench/handover/gateway.ts';
import { judge, judgedRateHz } from '../../bench/handover/judge.ts';
import {
  callerNumbers,
  callerWords,
  expectedNumbers,
  longTalk,
} from '../../bench/handover/script.ts';
import { outFolder } from '../../bench/lib/report.ts';
import { openAiWire } from '../conformance/openai-wire.ts';
import { countedSpeech } from '../ear/counted-speech.ts';
import { Ear } from '../ear/ear.ts';
import { SaidSound } from '../ear/said-sound.ts';
import { seededRandom } from '../ear/seeded-random.ts';
import { numbersFrom } from './options.ts';

/** Silence that ends an answer, ms: as long as a handover may take in the middle of one. */
const quietMs = 1500;
const pauseMs = 1000;
/** Its words last for so many turns (a count). */
const turnLimit = 120;
const deaths: readonly Death[] = ['reset', 'close', 'stall'];

const options = numbersFrom({ minutes: 10, 'every-seconds': 20, seed: 1 });
const random = seededRandom(options.seed);
const everyMs = options['every-seconds'] * 1000;
const desk = await Desk.open('desk', { talk: longTalk });
const { backends, agents } = desk;
const gateway = await HandoverGateway.start({ backends, agents });
let callId = '';
const said = new SaidSound();
const wire = openAiWire({
  url: gateway.url,
  ca: gateway.certificate,
  model: desk.agentOf(kinds),
  onCallId: (id) => (callId = id),
});
const ear = await Ear.connect(said.through(wire), {
  session: {
    type: 'realtime',
    audio: { input: { turn_detection: null, transcription: { model: 'any' } } },
  },
  playout: { bufferMs: 400 },
  line: { noiseDbfs: null, seed: options.seed },
});

/** Who died, and when on the call's time axis. */
const kills: { readonly kind: string; readonly death: Death; readonly atMs: number }[] = [];
const timers: NodeJS.Timeout[] = [];
const planned = Math.floor((options.minutes * 60_000 - everyMs / 2) / everyMs);
for (let at = 0; at < planned; at += 1) {
  const kind = kinds[at % kinds.length]!;
  const death = deaths[Math.floor(random() * deaths.length)]!;
  const dueMs = everyMs * (at + 0.5 + random() / 2);
  const die = (): void => {
    kills.push({ kind, death, atMs: Math.round(ear.nowMs) });
    process.stderr.write(`${Math.round(ear.nowMs / 1000)} s: ${kind} dies (${death})\n`);
    desk.kill(kind, death);
    timers.push(setTimeout(() => desk.recover(kind), everyMs * 1.5));
  };
  timers.push(setTimeout(die, dueMs));
}

let turns = 0;
let failure: string | null = null;
try {
  while (ear.nowMs < options.minutes * 60_000 && turns < turnLimit) {
    const [firstNumber = 0] = callerNumbers(turns, longTalk);
    const from = ear.events.length;
    await ear.say(countedSpeech({ firstNumber, words: callerWords, rateHz: judgedRateHz }).samples)
      .left;
    ear.send({ type: 'input_audio_buffer.commit' });
    ear.send({ type: 'response.create' });
    turns += 1;
    await ear.waitFor('response.done', { from, timeoutMs: 30_000 });
    await ear.untilQuiet(quietMs);
    await ear.pause(pauseMs * random());
  }
} catch (thrown) {
  failure = thrown instanceof Error ? thrown.message : String(thrown);
}
for (const timer of timers) clearTimeout(timer);
const ended = ear.closed !== undefined;
await ear.pause(300);
const log = await gateway.logOf(callId);
await ear.close().catch(() => undefined);
const sound = { said: said.samples, played: new Float32Array(0) };
const { heard, ...verdict } = judge(sound, expectedNumbers(turns, longTalk), null);
const answered = kinds.map((kind) => desk.asked.filter((asked) => asked.kind === kind).length);
await gateway.end();
await desk.close();

const { lostCaller, lostAgent, repeated, unsaid, outOfOrder } = verdict;
const wrong = [...lostCaller, ...lostAgent, ...repeated, ...unsaid].length + outOfOrder;
const errors = ear.types.filter((type) => type === 'error').length + ear.failures.length;
const result = {
  minutes: options.minutes,
  turns,
  words: heard.length,
  answered: Object.fromEntries(kinds.map((kind, at) => [kind, answered[at]])),
  kills,
  handovers: handoversIn(log).map(({ from, to, cause, gapMs, oursMs }) => ({
    from,
    to,
    cause,
    gapMs: Math.round(gapMs),
    oursMs: Math.round(oursMs),
  })),
  ...verdict,
  clientErrors: errors,
  ended,
  failure,
};
process.stdout.write(`${JSON.stringify(result)}\n`);
const allAnswered = kills.length < kinds.length || answered.every((count) => count > 0);
const passed = wrong === 0 && errors === 0 && !ended && failure === null && allAnswered;
if (!passed) {
  mkdirSync(outFolder, { recursive: true });
  writeFileSync(`${outFolder}handover-ten-minutes.json`, JSON.stringify({ ...result, heard, log }));
}
process.exit(passed ? 0 : 1);
