import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixturePath } from '../../ear/speech.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { noFirefox, openFirefox } from './firefox.ts';
import { begin, callIn, numbers, openConsole, recorded, texts, until } from './page-driver.ts';
import { playRecording } from './recording-driver.ts';

if (noFirefox !== null)
  process.stderr.write(`the console is not driven in Firefox: ${noFirefox}
`);

/** Longest test, ms: what is awaited decides how long one takes. */
const testMs = 400_000;
/** `CONSOLE_SHOTS=docs/images` keeps pictures. */
const shots = process.env['CONSOLE_SHOTS'];
const answer = 'The museum opens at nine in the morning and closes at half past five.';
const folder = mkdtempSync(join(tmpdir(), 'parley-firefox-kept-'));

const turn = { callerText: 'I would like a table, please.', text: answer };
const guide = {
  type: 'rehearsal',
  script: { turns: [{ ...turn, audio: fixturePath('museum') }] },
};
const config = JSON.stringify({
  backends: { guide },
  agents: { guide: { backends: ['guide'], recording: { consent: 'operator' } } },
  recordings: { dir: join(folder, 'recordings'), minFreeMiB: 0 },
});

describe.skipIf(noFirefox !== null)('the console in Firefox', { timeout: testMs }, () => {
  let gateway: TestGateway;
  let firefox: Awaited<ReturnType<typeof openFirefox>>;
  let browser: Browser;

  beforeAll(async () => {
    gateway = await startGateway({ config });
    firefox = await openFirefox();
    ({ browser } = firefox);
  }, testMs);
  afterAll(async () => {
    await firefox.close();
    await gateway.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('says a file, shows captions and a waterfall that adds up, and plays the recording', async () => {
    const { page, problems } = await openConsole(browser, gateway.url);
    await page.select('#agent', 'guide');
    await (await page.$('input#file'))!.uploadFile(fixturePath('table'));
    const callId = await callIn(page);
    await page.waitForSelector('.waterfall');
    await shoot(page, 'talk');
    await until(
      page,
      `document.querySelector('.captions .agent .heard')?.textContent === '${answer}'`,
    );
    expect(await texts(page, '.captions .caller .heard')).toEqual([turn.callerText]);
    const parts = await numbers(page, '.waterfall tbody .number');
    const [silence = NaN] = await numbers(page, '.waterfall tfoot .number');
    expect(parts.reduce((sum, part) => sum + part, 0)).toBeCloseTo(silence, 2);
    await hangUp(page);
    await page.click('.status a');
    await page.waitForSelector('#call-title');
    expect(await texts(page, '.captions .agent .heard')).toEqual([answer]);
    expect(await playRecording(page, gateway.url, callId)).toBeGreaterThan(5);
    await shoot(page, 'call');
    expect(problems).toEqual([]);
    await page.close();
  });

  it('takes the microphone, mutes, and hangs up; calls, board and health are there', async () => {
    const { page, problems } = await openConsole(browser, gateway.url);
    await begin(page, 'guide');
    await until(page, `parleyTap.captured.length > 50`);
    // Firefox's own microphone for tests hums.
    const loudest = (await recorded(page, 'captured')).reduce((most, it) => Math.max(most, it), 0);
    expect(loudest).toBeGreaterThan(0.01);
    await page.click('#mute');
    await page.waitForSelector('#mute[aria-pressed=true]');
    await hangUp(page);
    for (const [name, sign] of [
      ['calls', '.list tbody tr'],
      ['board', '.uplot canvas'],
      ['health', '.tile dd'],
    ] as const) {
      await page.goto(`${gateway.url}/#/${name}`);
      await page.waitForSelector(sign);
      await shoot(page, name);
    }
    expect(problems).toEqual([]);
    await page.close();
  });
});

async function hangUp(page: Page): Promise<void> {
  await page.click('#hang-up');
  await page.waitForSelector('[data-phase=over]');
}

async function shoot(page: Page, name: string): Promise<void> {
  if (shots === undefined) return;
  mkdirSync(shots, { recursive: true });
  await page.screenshot({ path: join(shots, `console-firefox-${name}.png`) });
}
