/**
 * What the bundled model orders, through a running gateway:
 *
 *     python models/barista/policy_evaluate.py --work DIR --write CLIPS   # held-out clips, as WAV
 *     npx parley serve &
 *     npx node bench/barista-orders.ts CLIPS [--agent barista] [--url ws://127.0.0.1:8787] [--at-once 4]
 *
 * Each clip is a call of its own in real time, as `npx parley talk` makes it; the first `place_order`
 * is compared with the clip's label. Prints one JSON object: shares of clips that were ordered right,
 * ordered wrong and not ordered, ms from the caller's last word to the first sound of the answer, and
 * what went wrong.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { runTalk, type TalkResult } from '../src/cli/talk.ts';
import { distribution } from './lib/distribution.ts';

type Order = Readonly<Record<string, string>>;

interface Clip {
  readonly file: string;
  readonly slots: Order;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    agent: { type: 'string', default: 'barista' },
    url: { type: 'string', default: 'ws://127.0.0.1:8787' },
    'at-once': { type: 'string', default: '4' },
  },
});
const [folder] = positionals;
if (folder === undefined) throw new TypeError('a folder with labels.jsonl, please');
const clips = readFileSync(join(folder, 'labels.jsonl'), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Clip);

const waiting = [...clips];
const counts = { right: 0, wrong: 0, none: 0, broken: 0 };
const firstAudioMs: number[] = [];
const mistakes: object[] = [];

await Promise.all(Array.from({ length: Number(values['at-once']) }, () => callOneByOne()));

const share = (count: number): number => Math.round((count / clips.length) * 1000) / 1000;
const summary = {
  clips: clips.length,
  right: share(counts.right),
  wrong: share(counts.wrong),
  none: share(counts.none),
  broken: counts.broken,
  firstAudioMs: distribution(firstAudioMs),
};
console.log(
  JSON.stringify({ folder, atOnce: Number(values['at-once']), summary, mistakes }, null, 2),
);

async function callOneByOne(): Promise<void> {
  for (let clip = waiting.shift(); clip !== undefined; clip = waiting.shift()) {
    const { agent, url } = values;
    try {
      judge(clip, await runTalk({ file: join(folder!, clip.file), agent, url }));
    } catch (error) {
      counts.broken += 1;
      mistakes.push({ ...clip, error: String(error) });
    }
    process.stderr.write('.');
  }
}

function judge(clip: Clip, { turns, tools }: TalkResult): void {
  const call = tools.find(({ name }) => name === 'place_order');
  const ordered = call === undefined ? null : (JSON.parse(call.arguments) as Order);
  const verdict = ordered === null ? 'none' : same(ordered, clip.slots) ? 'right' : 'wrong';
  counts[verdict] += 1;
  if (verdict !== 'right') {
    const heard = turns.map(({ heardText }) => heardText);
    mistakes.push({ ...clip, ordered, heard });
  }
  for (const turn of turns) {
    if (turn.firstAudioMs === null || turn.userEndMs === null) continue;
    firstAudioMs.push(turn.firstAudioMs - turn.userEndMs);
    break;
  }
}

function same(a: Order, b: Order): boolean {
  const text = (order: Order): string => JSON.stringify(Object.entries(order).toSorted());
  return text(a) === text(b);
}
