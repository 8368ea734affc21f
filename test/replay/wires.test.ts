import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { recordedSaying, replay, type Golden } from './play.ts';
import { readRecording } from './recording.ts';
import { scenarioKey, scenarios } from './scenarios.ts';

const folder = fileURLToPath(new URL('../fixtures/wires/', import.meta.url));

describe.each(scenarios)('the recorded wire $name', (scenario) => {
  const path = `${folder}${scenario.name}.jsonl`;
  const entries = readRecording(path);
  const golden = JSON.parse(
    readFileSync(`${folder}${scenario.name}.golden.json`, 'utf8'),
  ) as Golden;

  it('is understood as it was, message by message, and so is the call', async () => {
    const again = await replay(scenario, entries);
    expect(again.decoded).toEqual(golden.decoded);
    expect(again.events).toEqual(golden.events);
  });

  it('is answered as it was', async () => {
    const { said } = await replay(scenario, entries);
    expect(said).toEqual(recordedSaying(entries));
  });

  it('has turns of both sides, a tool and a barge-in, and no key', () => {
    const types = golden.events.map((event) => (event as { type: string }).type);
    for (const type of scenario.tells ?? ['caller.speech', 'line.audio', 'tool.called']) {
      expect(types).toContain(type);
    }
    const outcomes = golden.events.flatMap((event) => {
      const { outcome } = event as { outcome?: { status: string } };
      return outcome === undefined ? [] : [outcome.status];
    });
    expect(outcomes).toContain('completed');
    // Without turns, what was cut is for the call to find.
    if (scenario.tells === undefined) expect(outcomes).toContain('cancelled');
    expect(readFileSync(path, 'utf8')).not.toContain(scenarioKey);
  });
});
