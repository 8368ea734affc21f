/**
 * One call over the real length of a Gemini connection, against the stand-in:
 *
 *     npx node test/soak/gemini-crossing.ts [--minutes 10] [--notice-seconds 60]
 *
 * The stand-in ends each connection after `--minutes` and says so `--notice-seconds` before. A caller
 * speaks a recorded sentence, hears an answer in counted words, pauses, and goes on until the call has
 * been on its second connection for two turns. Prints one JSON object; exit code 1 when a word was lost
 * or came twice, a turn is missing in what the model knows, or the caller saw an error.
 */
import process from 'node:process';
import { wordsIn } from '../contract/gemini-rig.ts';
import { Ear } from '../ear/ear.ts';
import { ownWire } from '../ear/own-wire.ts';
import { fixture } from '../ear/speech.ts';
import { audioOf } from '../ear/wire.ts';
import { startGateway } from '../support/gateway.ts';
import { startGeminiStandIn } from '../upstream/gemini/server.ts';
import { numbersFrom } from './options.ts';

const options = numbersFrom({ minutes: 10, 'notice-seconds': 60 });
const apiKey = 'AIzaOfNobody';
const wordsAnAnswer = 6;
/** Between an answer and the next question, ms. */
const pauseMs = 4000;

const upstream = await startGeminiStandIn({
  apiKey,
  answers: [{ count: wordsAnAnswer }],
  connectionCapMs: options.minutes * 60_000,
  goAwayBeforeMs: options['notice-seconds'] * 1000,
});
process.env['SOAK_KEY'] = apiKey;
const backend = { type: 'gemini-live', url: upstream.origin, apiKeyEnv: 'SOAK_KEY' };
const gateway = await startGateway({
  config: JSON.stringify({
    backends: { gemini: backend },
    agents: { gemini: { backends: ['gemini'] } },
  }),
});
const ear = await Ear.connect(ownWire({ url: `${gateway.wsUrl}/v1/realtime`, agent: 'gemini' }));
const startMs = performance.now();
const heard: number[] = [];
const answerMs: number[] = [];
let crossedAtMs: number | null = null;
let turns = 0;
for (let after = 0, from = 0; after < 2; turns += 1) {
  const { speechEndMs } = ear.say(fixture('table').samples);
  const done = await ear.waitFor('response.done', { from, timeoutMs: 30_000 });
  const next = ear.events.indexOf(done) + 1;
  const events = ear.events.slice(from, next);
  const audio = events.flatMap(({ event }) => audioOf(event)?.bytes ?? []);
  heard.push(...wordsIn(Buffer.concat(audio)).map(({ number }) => number));
  const first = events.find(({ event }) => audioOf(event) !== null);
  if (first !== undefined) answerMs.push(Math.round(first.atMs - speechEndMs));
  from = next;
  const crossed = upstream.sessions.length > 1;
  if (crossed) {
    after += 1;
    crossedAtMs ??= Math.round(performance.now() - startMs);
  }
  await ear.untilQuiet(500);
  await ear.pause(pauseMs);
}
const errors = ear.types.filter((type) => type === 'error').length;
const counted = Array.from({ length: turns * wordsAnAnswer }, (_, i) => i + 1);
const known = upstream.sessions.at(-1)!.history.filter(({ role }) => role === 'user').length;
await ear.close();
await gateway.close();
await upstream.close();
const sorted = answerMs.toSorted((a, b) => a - b);
const result = {
  turns,
  connections: upstream.sessions.length,
  seenOnSecondAfterMs: crossedAtMs,
  lost: counted.filter((number) => !heard.includes(number)).length,
  repeated: heard.length - new Set(heard).size,
  inOrder: heard.join(' ') === counted.join(' '),
  turnsKnown: known,
  errors,
  answerMs: { median: sorted[Math.floor(sorted.length / 2)], most: sorted.at(-1) },
  eventsRefused: ear.eventsRefused,
};
process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
process.exitCode = result.inOrder && known === turns && errors === 0 ? 0 : 1;
