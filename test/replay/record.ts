import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { WireFolder } from '../../adapters/shared/wire-folder.ts';
import type { WireEntry } from '../../adapters/shared/wire-record.ts';
import { silentLogger } from '../../src/ports/log.ts';
import { ManualClock } from '../../src/time/manual-clock.ts';
import { play, replay } from './play.ts';
import { readRecording } from './recording.ts';
import { scenarios, type Scenario } from './scenarios.ts';

// Records every scenario against its stand-in and writes recording and golden file anew:
// npx node test/replay/record.ts, or those that are named behind it

const folder = fileURLToPath(new URL('../fixtures/wires/', import.meta.url));
/** Sound is cut to this much base64, characters: 60 samples of PCM16 say as much as a second. */
const soundCharacters = 160;
/** Of the caller's frames one in so many stays, to show how they are written. */
const keptOfCaller = 100;
let callerFrames = 0;

const named = argv.slice(2);
for (const scenario of scenarios) {
  if (named.length > 0 && !named.includes(scenario.name)) continue;
  const path = join(folder, `${scenario.name}.jsonl`);
  const lines = await recorded(scenario);
  await writeFile(path, lines.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
  const { decoded, events } = await replay(scenario, readRecording(path));
  const golden = { decoded, events };
  await writeFile(
    join(folder, `${scenario.name}.golden.json`),
    `${JSON.stringify(golden, null, 2)}\n`,
  );
}

/** One call against the stand-in, without most of its sound. */
async function recorded(scenario: Scenario): Promise<readonly WireEntry[]> {
  const clock = new ManualClock();
  const temporary = await mkdtemp(join(tmpdir(), 'wires-'));
  const wires = await WireFolder.at({ folder: temporary, clock, log: silentLogger });
  const server = await scenario.start(clock);
  try {
    await play(scenario, server.origin, clock, wires.recorder(scenario.name, scenario.type));
    await wires.close();
    const [name] = await readdir(temporary);
    const text = await readFile(join(temporary, name ?? ''), 'utf8');
    const entries = text.split('\n').filter((line) => line !== '');
    return entries.map((line) => trimmed(JSON.parse(line) as WireEntry)).filter(isKept);
  } finally {
    await server.close();
    await rm(temporary, { recursive: true });
  }
}

function trimmed(entry: WireEntry): WireEntry {
  if (!('data' in entry)) return entry;
  const data = entry.data.replace(
    /"([A-Za-z0-9+/]{160,}={0,2})"/g,
    (_match, sound: string) => `"${sound.slice(0, soundCharacters)}"`,
  );
  return { ...entry, data };
}

function isKept(entry: WireEntry): boolean {
  if (!('data' in entry) || entry.direction === 'down') return true;
  if (!/input_audio(_buffer)?\.append|"audio\/pcm/.test(entry.data)) return true;
  callerFrames += 1;
  return callerFrames % keptOfCaller === 1;
}
