import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readWav } from '../../src/audio/wav.ts';
import { runTalk } from '../../src/cli/talk.ts';
import { firstAudible, lastAudible } from '../ear/audible.ts';
import { judge, wasHeard } from '../ear/judge.ts';
import { fixture, fixturePath, speechRateHz } from '../ear/speech.ts';
import type { TestGateway } from '../support/gateway.ts';
import { answers, openStage, stageKey, throwAwayCertificate } from './stage.ts';
import { together } from './together.ts';

describe('talk, to the running gateway over TLS', () => {
  let stage: TestGateway;
  let folder: string;
  let talks: ReturnType<typeof startTalks>;

  beforeAll(async () => {
    stage = await openStage(await throwAwayCertificate());
    folder = mkdtempSync(join(tmpdir(), 'parley-talk-'));
    talks = startTalks(stage.url, folder);
  });
  afterAll(async () => {
    await stage.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('hears the parrot, measures it and names its backend', async () => {
    const result = await talks.parrot();
    expect(result).toMatchObject({ agent: 'parrot', backend: 'parrot', tools: [], handovers: [] });
    expect(result.callId).toMatch(/^call_/);
    const { channels, rateHz } = readWav(readFileSync(result.out!));
    const [said, heard] = [channels[0]!, channels[1]!];
    const clip = fixture('table').samples;
    expect(wasHeard(judge(said, clip, rateHz))).toBe(true);
    const judgement = judge(heard, clip, rateHz);
    expect(wasHeard(judgement), JSON.stringify(judgement)).toBe(true);

    expect(result.turns).toHaveLength(1);
    const turn = result.turns[0]!;
    expect(turn).toMatchObject({ interrupted: false, heardText: null, userText: null });
    expect(Math.abs(turn.userEndMs! - lastAudible(said, rateHz)! / 24)).toBeLessThan(20);
    // The parrot answers 640 ms after the speech; its answer begins with what it kept from before.
    expect(turn.firstAudioMs! - turn.userEndMs!).toBeGreaterThan(550);
    // The recording is of a player that holds back 100 ms.
    const firstHeardMs = firstAudible(heard, speechRateHz)! / 24;
    expect(Math.abs(turn.firstAudioMs! + 100 - firstHeardMs)).toBeLessThan(40);
  });

  it('tells what an agent with transcripts said', async () => {
    const { turns, backend } = await talks.speaker();
    expect(backend).toBe('speaking');
    expect(turns).toMatchObject([{ interrupted: false, heardText: answers.long }]);
  });

  it.each([
    ['an agent that does not exist', 'nobody', stageKey, /HTTP 404[^]*nobody/],
    ['a wrong key', 'parrot', 'wrong', /HTTP 401/],
  ])('shows why it was refused: %s', async (_, agent, key, message) => {
    const file = fixturePath('uh-huh');
    await expect(runTalk({ file, agent, key, url: stage.url, insecure: true })).rejects.toThrow(
      message,
    );
  });

  it('does not trust a certificate that nobody signed, unless it is told to', async () => {
    const file = fixturePath('uh-huh');
    await expect(runTalk({ file, key: stageKey, url: stage.url })).rejects.toThrow(/--insecure/);
  });
});

function startTalks(url: string, folder: string) {
  const common = { url, key: stageKey, insecure: true };
  return together({
    parrot: () =>
      runTalk({
        ...common,
        file: fixturePath('table'),
        agent: 'parrot',
        out: join(folder, 'parrot.wav'),
      }),
    speaker: () => runTalk({ ...common, file: fixturePath('thanks'), agent: 'speaker' }),
  });
}
