/**
 * Edits the configuration of a running gateway under calls and shows what its callers notice:
 *
 *     npx node test/soak/reload.ts [--calls 50] [--seconds 20] [--rounds 2] [--edit-ms 500] [--agents 200] [--program PATH]
 *
 * The gateway is a process of its own that watches its file. Each round has three stretches of
 * `--seconds`: before (nothing is edited), during (an edit every `--edit-ms`; every third one is broken,
 * every second one changes a backend) and after. `--agents` says how many agents the file has besides
 * (200 are some 40 KiB). Prints the frame delay and the event loop's delay of each kind of stretch,
 * added up over the rounds, and the p99 of each against that of before; about 2 ½ minutes. A ratio says
 * something on a quiet machine only: the load is printed beside it. Exit code 1 when a call was lost or
 * an edit did not come through. `--program` is the `bin/parley.mjs` of another checkout, to compare.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { SoakCaller, toneFrame } from './caller.ts';
import { bucketsOf, totalOf, type Buckets } from './histogram.ts';
import { numbersFrom, textFrom } from './options.ts';

const defaults = { calls: 50, seconds: 20, rounds: 2, 'edit-ms': 500, agents: 200 };
const given = numbersFrom(defaults, ['program']);
const program =
  textFrom('program') ?? fileURLToPath(new URL('../../bin/parley.mjs', import.meta.url));
const metrics = {
  'frame delay': 'parley_frame_delay_seconds',
  'event loop delay': 'parley_event_loop_delay_seconds',
} as const;

/** Stretches of one kind, added up. */
class Stretch {
  readonly #counts = new Map<string, Map<number, number>>();

  async over(url: string, work: () => Promise<unknown>): Promise<void> {
    const before = await metricsPage(url);
    await work();
    const after = await metricsPage(url);
    for (const name of Object.values(metrics)) {
      const sum = this.#counts.get(name) ?? new Map<number, number>();
      this.#counts.set(name, sum);
      const first = bucketsOf(before, name);
      for (const [edge, count] of bucketsOf(after, name)) {
        sum.set(edge, (sum.get(edge) ?? 0) + count - (first.get(edge) ?? 0));
      }
    }
  }

  /** What a share of them did not exceed, ms. */
  quantileMs(name: string, share: number): number {
    const all = this.#all(name);
    return quantile(all, (all.at(-1)?.[1] ?? 0) * share) * 1_000;
  }

  text(name: string): string {
    const figures = [0.5, 0.9, 0.99, 0.999].map((share) => {
      return `p${share * 100} ${this.quantileMs(name, share).toFixed(2)} ms`;
    });
    return `n ${this.#all(name).at(-1)?.[1] ?? 0}, ${figures.join(', ')}`;
  }

  #all(name: string): readonly (readonly [number, number])[] {
    const counts: Buckets = this.#counts.get(name) ?? new Map();
    return [...counts].toSorted(([one], [other]) => one - other);
  }
}

let edits = 0;
const folder = await mkdtemp(join(tmpdir(), 'parley-reload-'));
const file = join(folder, 'parley.yaml');
await write(configText(0));
const child = spawn(process.execPath, [program, 'serve', '--config', file, '--port', '0'], {
  stdio: ['ignore', 'pipe', 'ignore'],
});
const callers: SoakCaller[] = [];
try {
  const url = await listening();
  for (let place = 0; place < given.calls; place += 1) {
    const caller = await SoakCaller.open(`${url.replace('http', 'ws')}/v1/realtime`, toneFrame());
    caller.talk();
    callers.push(caller);
    await sleep(37);
  }
  await sleep(2_000);
  const stretches = { before: new Stretch(), during: new Stretch(), after: new Stretch() };
  const resting = (): Promise<void> => sleep(given.seconds * 1_000);
  for (let round = 0; round < given.rounds; round += 1) {
    await stretches.before.over(url, resting);
    await stretches.during.over(url, editing);
    await stretches.after.over(url, resting);
    // The last edits of this round are none of the next one's.
    await sleep(1_000);
  }
  const load = loadavg()[0] ?? 0;
  await write(configText(edits + 1));
  await sleep(3_000);
  const page = await metricsPage(url);
  const applied = countOf(page, 'applied');
  const refused = countOf(page, 'refused');
  const lost = callers.filter(({ closed }) => closed !== null).length;
  for (const [what, name] of Object.entries(metrics)) {
    for (const [kind, stretch] of Object.entries(stretches)) {
      say(`${what}, ${kind}: ${stretch.text(name)}`);
    }
    const { before, during, after } = stretches;
    const against = (stretch: Stretch): string =>
      (stretch.quantileMs(name, 0.99) / before.quantileMs(name, 0.99)).toFixed(2);
    say(`${what}, p99 against before: during ${against(during)}, after ${against(after)}`);
  }
  say(`load ${load.toFixed(1)} on ${availableParallelism()} cores`);
  const leaving = totalOf(page, 'parley_backends_leaving');
  say(
    `${edits} edits: ${applied} applied, ${refused} refused, the others overtaken; ` +
      `backends made ${totalOf(page, 'parley_backends_made_total')}, ` +
      `closed ${totalOf(page, 'parley_backends_closed_total')}, leaving ${leaving}; ` +
      `calls lost ${lost} of ${given.calls}`,
  );
  process.exitCode = lost === 0 && applied > 0 && refused > 0 ? 0 : 1;
} finally {
  for (const caller of callers) caller.hangUp();
  child.kill('SIGTERM');
  child.kill('SIGTERM');
  await rm(folder, { recursive: true, force: true });
}

/** Between the edges of its bucket in proportion. */
function quantile(all: readonly (readonly [number, number])[], rank: number): number {
  let below: readonly [number, number] = [0, 0];
  for (const bucket of all) {
    if (bucket[1] >= rank) {
      if (bucket[0] === Infinity) return below[0];
      const share = (rank - below[1]) / Math.max(1, bucket[1] - below[1]);
      return below[0] + share * (bucket[0] - below[0]);
    }
    below = bucket;
  }
  return NaN;
}

async function editing(): Promise<void> {
  const endMs = performance.now() + given.seconds * 1_000;
  while (performance.now() < endMs) {
    edits += 1;
    await write(edits % 3 === 0 ? 'agents: { broken: { backends: [nobody] } }' : configText(edits));
    await sleep(given['edit-ms']);
  }
}

/** As editors do it: another file in its place. */
async function write(text: string): Promise<void> {
  await writeFile(`${file}.new`, text);
  await rename(`${file}.new`, file);
}

function configText(edit: number): string {
  const others = Array.from({ length: given.agents }, (_, at) => {
    const instructions = `You are number ${at} after ${edit} edits. Keep your answers short, and kind.`;
    return `  other-${at}: { backends: [stage], instructions: "${instructions}", aliases: [o${at}] }`;
  });
  return [
    'server: { defaultAgent: desk, drainMs: 0 }',
    `backends: { stage: { type: rehearsal, seed: ${edit >> 1} } }`,
    'agents:',
    `  desk: { backends: [stage], instructions: "Edit ${edit}." }`,
    ...others,
    '',
  ].join('\n');
}

async function listening(): Promise<string> {
  let said = '';
  for await (const part of child.stdout) {
    said += String(part);
    const url = /listens on (http:\S+)/.exec(said)?.[1];
    if (url !== undefined) {
      child.stdout.resume();
      return url;
    }
  }
  throw new Error('the gateway ended before it listened');
}

async function metricsPage(url: string): Promise<string> {
  return await (await fetch(`${url}/metrics`)).text();
}

function countOf(page: string, outcome: string): number {
  const pattern = new RegExp(`^parley_config_reloads_total\\{outcome="${outcome}"\\} (\\d+)$`, 'm');
  return Number(pattern.exec(page)?.[1] ?? 0);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
