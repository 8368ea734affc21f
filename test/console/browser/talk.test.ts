import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { replayFolder } from '../../../src/cli/replay.ts';
import type { CallRecord } from '../../../src/ports/store.ts';
import { judge, wasHeard } from '../../ear/judge.ts';
import { fixture, fixturePath, speechRateHz } from '../../ear/speech.ts';
import { readFlac } from '../../support/flac-reader.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { noChromium, openBrowser, type TalkingBrowser } from './chromium.ts';
import {
  begin,
  callIn,
  numbers,
  openConsole,
  recorded,
  texts,
  until,
  type DrivenPage,
} from './page-driver.ts';
import { playRecording, saved } from './recording-driver.ts';

if (noChromium !== null)
  process.stderr.write(`the console is not driven: ${noChromium}
`);

/** `CONSOLE_SHOTS=docs/images` keeps the pictures. */
const shots = process.env['CONSOLE_SHOTS'];
const clip = fixture('table').samples;
const answer = 'The museum opens at nine in the morning and closes at half past five.';

const script = {
  turns: [
    { callerText: 'I would like a table, please.', text: answer, audio: fixturePath('museum') },
  ],
};
const rehearsal = { type: 'rehearsal', firstAudioMs: { p50: 400, p95: 600 }, script };
const folder = mkdtempSync(join(tmpdir(), 'parley-console-kept-'));

const config = JSON.stringify({
  server: { faultInjection: true },
  backends: { guide: rehearsal, spare: rehearsal },
  agents: { guide: { backends: ['guide', 'spare'], recording: { consent: 'operator' } } },
  recordings: { dir: join(folder, 'recordings'), minFreeMiB: 0 },
});

describe.skipIf(noChromium !== null)('the console in Chromium', () => {
  let gateway: TestGateway;
  let talking: TalkingBrowser;

  beforeAll(async () => {
    gateway = await startGateway({ config });
    // The clip after a second and a half, then silence for as long as anybody listens.
    const speech = new Float32Array(60 * speechRateHz);
    speech.set(clip, 1.5 * speechRateHz);
    talking = await openBrowser(speech);
  });
  afterAll(async () => {
    await talking.close();
    await gateway.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('says what the microphone hears and plays the answer', async () => {
    const driven = await openConsole(talking.browser, gateway.url);
    const callId = await begin(driven.page, 'parrot');
    await closedLines(gateway, callId, 1);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const said = judge(await recorded(driven.page, 'captured'), clip, speechRateHz);
    expect(wasHeard(said), JSON.stringify(said)).toBe(true);
    // The parrot answers in real time: on a busy machine its frames are late and the player has
    // nothing to play between them. What was played must be all of it, in order.
    const played = withoutGaps(await recorded(driven.page, 'played'));
    const heard = judge(played, withoutGaps(clip), speechRateHz);
    expect(wasHeard(heard), JSON.stringify(heard)).toBe(true);
    await finish(driven);
    await driven.page.close();
  }, 60_000);

  it('shows captions, marks, a gapless answer and a waterfall that adds up; the call opens afterwards', async () => {
    const driven = await openConsole(talking.browser, gateway.url);
    const { page } = driven;
    const callId = await begin(page, 'guide');
    await page.waitForSelector('.waterfall', { timeout: 20_000 });
    await shoot(page, 'talk');
    await closedLines(gateway, callId, 1);
    await until(
      page,
      `document.querySelector('.captions .agent .heard')?.textContent === '${answer}'`,
    );
    const played = judge(await recorded(page, 'played'), fixture('museum').samples, speechRateHz);
    expect(wasHeard(played), JSON.stringify(played)).toBe(true);
    expect(played.gapMs).toBeLessThan(20);
    const record = await callOf(gateway, callId);
    expect(
      await texts(page, '.captions .caller .heard'),
      JSON.stringify(record.events.filter(({ type }) => /^(speech|turn|spec)/.test(type))),
    ).toEqual(['I would like a table, please.']);
    const parts = await numbers(page, '.waterfall tbody .number');
    const [silence = NaN] = await numbers(page, '.waterfall tfoot .number');
    expect(parts.reduce((sum, part) => sum + part, 0)).toBeCloseTo(silence, 2);
    expect(await texts(page, '.legend li')).toEqual(
      expect.arrayContaining(['speech', 'turn committed']),
    );
    expect(record.turns[0]?.stages?.heardBy).toBe('acknowledgement');
    expect(record.turns[0]?.stages?.silenceMs).toBeCloseTo(silence, 2);
    await finish(driven);

    await page.click('.status a');
    await page.waitForSelector('#call-title');
    expect(await texts(page, '.captions .agent .heard')).toEqual([answer]);
    expect((await texts(page, 'tr.entry')).length).toBeGreaterThan(20);
    await page.select('#kind', 'turn.committed');
    await until(page, `document.querySelectorAll('tr.entry').length === 1`);
    const lengthS = await playRecording(page, gateway.url, callId);
    await shoot(page, 'call');

    const kept = await saved(page, '#flac', { folder, name: `${callId}.flac` });
    const { rateHz, channels, totalSamples } = await readFlac(new Uint8Array(readFileSync(kept)));
    expect(totalSamples / rateHz).toBeCloseTo(lengthS, 1);
    const recording = judge(asFloat(channels[1]!), fixture('museum').samples, rateHz);
    expect(wasHeard(recording), JSON.stringify(recording)).toBe(true);
    const packed = await saved(page, '#test-case', { folder, name: `${callId}.tar.gz` });
    expect(spawnSync('tar', ['xzf', packed, '-C', folder]).status).toBe(0);
    const again = await replayFolder(join(folder, callId), 150);
    expect(again.recordedEntries).toBeGreaterThan(20);
    expect(again.differences.filter(({ kind }) => kind !== 'changed')).toEqual([]);
    expect(driven.problems).toEqual([]);
    await page.close();
  }, 60_000);

  it('interrupts, mutes and hangs up', async () => {
    const driven = await openConsole(talking.browser, gateway.url);
    const { page } = driven;
    const callId = await begin(page, 'guide');
    await page.waitForSelector('.waterfall', { timeout: 20_000 });
    await page.click('#mute');
    await page.waitForSelector('#mute[aria-pressed=true]');
    await page.click('#interrupt');
    await page.waitForSelector('.captions .agent .unheard', { timeout: 5_000 });
    await page.waitForSelector('.legend .mark-yield');
    await shoot(page, 'cut');
    const solid = (await texts(page, '.captions .agent .heard'))[0]!;
    expect(answer.startsWith(solid)).toBe(true);
    expect(solid.length).toBeLessThan(answer.length);
    await finish(driven);
    const { events } = await callOf(gateway, callId);
    const cut = events.find((entry) => entry.type === 'agent.cut');
    expect(cut).toMatchObject({ by: 'client', extent: { heardBy: 'acknowledgement' } });
    expect(events.at(-1)?.type).toBe('call.closed');
  }, 60_000);

  it('says a file without a microphone; operators switch and break; its keyboard reaches everything', async () => {
    const driven = await openConsole(talking.browser, gateway.url);
    const { page } = driven;
    await page.select('#agent', 'guide');
    await (await page.$('input#file'))!.uploadFile(fixturePath('thanks'));
    await page.waitForSelector('#switch', { timeout: 10_000 });
    expect(await texts(page, '#switch-to option')).toEqual(['spare']);
    await page.click('#switch');
    await until(page, `document.querySelector('.status').textContent.includes('(spare)')`);
    await page.waitForSelector('.waterfall', { timeout: 20_000 });
    await page.click('#break');
    await until(page, `document.querySelector('.status').textContent.includes('(guide)')`);
    await page.waitForSelector('.legend .mark-fault');
    await shoot(page, 'handover');
    const reached = new Set<string>();
    for (let presses = 0; presses < 25; presses += 1) {
      await page.keyboard.press('Tab');
      reached.add((await page.evaluate('document.activeElement.id')) as string);
    }
    const controls = ['mute', 'interrupt', 'hang-up', 'file', 'switch-to', 'switch', 'break'];
    expect([...reached]).toEqual(expect.arrayContaining(controls));
    const callId = await callIn(page);
    await page.focus('#hang-up');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-phase=over]');
    expect((await callOf(gateway, callId)).handovers).toMatchObject([
      { from: 'guide', to: 'spare', cause: 'operator' },
      { from: 'spare', to: 'guide', cause: 'backend_closed' },
    ]);
    await page.click('.status a');
    await page.waitForSelector('#handovers-title');
    expect(await texts(page, '.legend li')).toEqual(expect.arrayContaining(['handover', 'fault']));
    expect(driven.problems).toEqual([]);
    await page.close();
  }, 60_000);

  it('lists calls, searches them and shows board and health', async () => {
    const { page, problems } = await openConsole(talking.browser, gateway.url);
    await page.goto(`${gateway.url}/#/calls`);
    await page.waitForSelector('.list tbody tr');
    await shoot(page, 'calls');
    await page.type('input[type=search]', 'museum half');
    await until(
      page,
      `[...document.querySelectorAll('.list tbody tr')].every((row) => row.textContent.includes('guide'))`,
    );
    await page.goto(`${gateway.url}/#/board`);
    await page.waitForSelector('.uplot canvas');
    await shoot(page, 'board');
    await page.goto(`${gateway.url}/#/health`);
    await page.waitForSelector('.tile dd');
    expect(await texts(page, '.state-ready')).toHaveLength(5);
    await shoot(page, 'health');
    expect(problems).toEqual([]);
    await page.close();
  }, 60_000);
});

function asFloat(samples: Int16Array): Float32Array {
  return Float32Array.from(samples, (sample) => sample / 32_768);
}

/** Without the places in which nothing was there to be played: digital silence from 5 ms on. */
function withoutGaps(samples: Float32Array): Float32Array {
  const kept: number[] = [];
  let silent = 0;
  for (const sample of samples) {
    silent = sample === 0 ? silent + 1 : 0;
    kept.push(sample);
    if (silent === 120) kept.length -= 120;
    else if (silent > 120) kept.length -= 1;
  }
  return Float32Array.from(kept);
}

/** Hangs up and sees to it that nothing went wrong meanwhile. */
async function finish({ page, problems }: DrivenPage): Promise<void> {
  await page.click('#hang-up');
  await page.waitForSelector('[data-phase=over]');
  expect(problems).toEqual([]);
}

async function callOf(gateway: TestGateway, callId: string): Promise<CallRecord> {
  const response = await fetch(`${gateway.url}/api/calls/${callId}`);
  return (await response.json()) as CallRecord;
}

/** Waits until so many lines of a call have been heard to their end. */
async function closedLines(gateway: TestGateway, callId: string, count: number): Promise<void> {
  for (let waitedMs = 0; waitedMs < 30_000; waitedMs += 200) {
    const { events } = await callOf(gateway, callId);
    if (events.filter(({ type }) => type === 'line.closed').length >= count) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error('no answer was given to its end');
}

/** Pictures in both schemes, wide and as on a phone. */
async function shoot(page: Page, name: string): Promise<void> {
  if (shots === undefined) return;
  mkdirSync(shots, { recursive: true });
  for (const scheme of ['light', 'dark'] as const) {
    for (const [size, width, height] of [
      ['wide', 1280, 900],
      ['phone', 390, 844],
    ] as const) {
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
      await page.setViewport({ width, height });
      await new Promise((resolve) => setTimeout(resolve, 250));
      await page.screenshot({ path: join(shots, `console-${name}-${scheme}-${size}.png`) });
    }
  }
  await page.emulateMediaFeatures([]);
  await page.setViewport({ width: 1280, height: 900 });
}
