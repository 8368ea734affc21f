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
  awaited,
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

/** Longest test, ms: what is awaited decides how long one takes. */
const testMs = 300_000;
/** Audio comes in frames of 20 ms. */
const frameMs = 20;
/** Silence of the microphone before its clip, s: a call is to be open by then. */
const leadS = 3;

/** `CONSOLE_SHOTS=docs/images` keeps the pictures. */
const shots = process.env['CONSOLE_SHOTS'];
const clip = fixture('table').samples;
const answer = 'The museum opens at nine in the morning and closes at half past five.';

const script = {
  turns: [
    { callerText: 'I would like a table, please.', text: answer, audio: fixturePath('museum') },
  ],
};
// Audio is there long before it is played: what has no gap here has none because of the page.
const ahead = { realTimeFactor: 100, firstAudioMs: { p50: 400, p95: 600 } };
const rehearsal = { type: 'rehearsal', ...ahead, script };
/** Somebody who goes on long enough to be interrupted, however slow the page is. */
const story = `${answer} ${'It has three floors, a garden, and a library with a view of the river. '.repeat(5)}`;
const teller = { ...rehearsal, script: { turns: [{ text: story.trim() }] } };
const folder = mkdtempSync(join(tmpdir(), 'parley-console-kept-'));

const config = JSON.stringify({
  server: { faultInjection: true },
  backends: { guide: rehearsal, spare: rehearsal, teller },
  agents: {
    guide: {
      backends: ['guide', 'spare'],
      playoutLeadMs: 2_000,
      recording: { consent: 'operator' },
    },
    teller: { backends: ['teller'] },
  },
  recordings: { dir: join(folder, 'recordings'), minFreeMiB: 0 },
});

describe.skipIf(noChromium !== null)('the console in Chromium', { timeout: testMs }, () => {
  let gateway: TestGateway;
  let talking: TalkingBrowser;

  beforeAll(async () => {
    gateway = await startGateway({ config });
    // The clip once a call has had time to open, then silence for as long as anybody listens.
    const speech = new Float32Array(120 * speechRateHz);
    speech.set(clip, leadS * speechRateHz);
    talking = await openBrowser(speech);
  });
  afterAll(async () => {
    await talking.close();
    await gateway.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('says what the microphone hears and plays the answer', async () => {
    const driven = await talk(talking, gateway, 'parrot');
    const { page, callId } = driven;
    await closedLines(gateway, callId, 1);
    await until(page, `parleyTap.played.at(-1).every((sample) => sample === 0)`);
    // The parrot answers in real time: on a busy machine its frames are late and the player has
    // nothing to play between them. What was played must be all of it, in order.
    const played = withoutGaps(await recorded(page, 'played'));
    const heard = judge(played, withoutGaps(clip), speechRateHz);
    expect(wasHeard(heard), JSON.stringify(heard)).toBe(true);
    await finish(driven);
    await page.close();
  });

  it('shows captions, marks, a gapless answer and a waterfall that adds up; the call opens afterwards', async () => {
    const driven = await talk(talking, gateway, 'guide');
    const { page, callId } = driven;
    await page.waitForSelector('.waterfall');
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
    expect(totalSamples / rateHz).toBeCloseTo(lengthS, 2);
    // As long as the call: nothing that came in a burst stands behind its time.
    const { durationMs } = await finished(gateway, callId);
    expect(Math.abs((totalSamples / rateHz) * 1000 - durationMs!)).toBeLessThan(frameMs);
    const recording = judge(asFloat(channels[1]!), fixture('museum').samples, rateHz);
    expect(wasHeard(recording), JSON.stringify(recording)).toBe(true);
    const packed = await saved(page, '#test-case', { folder, name: `${callId}.tar.gz` });
    expect(spawnSync('tar', ['xzf', packed, '-C', folder]).status).toBe(0);
    const again = await replayFolder(join(folder, callId), 150);
    expect(again.recordedEntries).toBeGreaterThan(20);
    expect(again.differences.filter(({ kind }) => kind !== 'changed')).toEqual([]);
    expect(driven.problems).toEqual([]);
    await page.close();
  });

  it('interrupts, mutes and hangs up', async () => {
    const driven = await openConsole(talking.browser, gateway.url);
    const { page } = driven;
    const callId = await begin(page, 'teller');
    await page.waitForSelector('.waterfall');
    await page.click('#mute');
    await page.waitForSelector('#mute[aria-pressed=true]');
    await page.click('#interrupt');
    await page.waitForSelector('.captions .agent .unheard');
    await page.waitForSelector('.legend .mark-yield');
    await shoot(page, 'cut');
    const solid = (await texts(page, '.captions .agent .heard'))[0]!;
    expect(story.startsWith(solid)).toBe(true);
    expect(solid.length).toBeLessThan(story.trim().length);
    await finish(driven);
    const { events } = await finished(gateway, callId);
    const cut = events.find((entry) => entry.type === 'agent.cut');
    expect(cut).toMatchObject({ by: 'client', extent: { heardBy: 'acknowledgement' } });
    expect(events.at(-1)?.type).toBe('call.closed');
  });

  it('says a file without a microphone; operators switch and break; its keyboard reaches everything', async () => {
    const driven = await openConsole(talking.browser, gateway.url);
    const { page } = driven;
    await page.select('#agent', 'guide');
    await (await page.$('input#file'))!.uploadFile(fixturePath('thanks'));
    await page.waitForSelector('#switch');
    expect(await texts(page, '#switch-to option')).toEqual(['spare']);
    await page.click('#switch');
    await until(page, `document.querySelector('.status').textContent.includes('(spare)')`);
    await page.waitForSelector('.waterfall');
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
    expect((await finished(gateway, callId)).handovers).toMatchObject([
      { from: 'guide', to: 'spare', cause: 'operator' },
      { from: 'spare', to: 'guide', cause: 'backend_closed' },
    ]);
    await page.click('.status a');
    await page.waitForSelector('#handovers-title');
    expect(await texts(page, '.legend li')).toEqual(expect.arrayContaining(['handover', 'fault']));
    expect(driven.problems).toEqual([]);
    await page.close();
  });

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
    await until(page, `document.querySelectorAll('.state-ready').length === 6`);
    await shoot(page, 'health');
    expect(problems).toEqual([]);
    await page.close();
  });
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

/**
 * Begins a call and hears the microphone's clip out. A browser that is starved loses sound before any page has
 * it, or opens the call when the clip has begun: then it is another call.
 *
 * @throws Error when the clip is not whole in three calls
 */
async function talk(
  { browser }: TalkingBrowser,
  { url }: TestGateway,
  agent: string,
): Promise<DrivenPage & { readonly callId: string }> {
  for (let calls = 1; ; calls += 1) {
    const driven = await openConsole(browser, url);
    const { page } = driven;
    const callId = await begin(page, agent);
    const chunks = (leadS * 1000) / frameMs + clip.length / ((speechRateHz * frameMs) / 1000);
    await until(page, `parleyTap.captured.length >= ${Math.ceil(chunks)}`);
    const said = judge(await recorded(page, 'captured'), clip, speechRateHz);
    if (wasHeard(said)) return { ...driven, callId };
    if (calls === 3) throw new Error(`the microphone is not heard: ${JSON.stringify(said)}`);
    await finish(driven);
    await page.close();
  }
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
  await awaited('answers that were given to their end', async () => {
    const { events } = await callOf(gateway, callId);
    return events.filter(({ type }) => type === 'line.closed').length >= count || null;
  });
}

/** The call once it is over for the gateway too. */
async function finished(gateway: TestGateway, callId: string): Promise<CallRecord> {
  return await awaited('the end of the call', async () => {
    const record = await callOf(gateway, callId);
    return record.durationMs === null ? null : record;
  });
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
