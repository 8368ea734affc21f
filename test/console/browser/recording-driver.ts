import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'puppeteer-core';
import { expect } from 'vitest';
import { until } from './page-driver.ts';

/**
 * Loads the recording, hears a moment of it, and goes elsewhere in it by the picture.
 * @returns its length as the player has it, s
 */
export async function playRecording(page: Page, url: string, callId: string): Promise<number> {
  const path = `${url}/api/calls/${callId}/recording/audio`;
  for (let tries = 0; tries < 100 && !(await fetch(path, { method: 'HEAD' })).ok; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await page.click('#load');
  await page.waitForSelector('audio');
  await until(page, `document.querySelector('audio').readyState >= 1`);
  const lengthS = (await page.evaluate(`document.querySelector('audio').duration`)) as number;
  await page.evaluate(`document.querySelector('audio').play()`);
  await until(page, `document.querySelector('audio').currentTime > 0.2`);
  const box = (await (await page.$('.timeline canvas'))!.boundingBox())!;
  await page.mouse.click(box.x + box.width / 2, box.y + 60);
  const at = (await page.evaluate(`document.querySelector('audio').currentTime`)) as number;
  expect(at).toBeGreaterThan(1.5);
  await until(page, `document.querySelector('audio').currentTime > ${at + 0.2}`);
  await page.evaluate(`document.querySelector('audio').pause()`);
  return lengthS;
}

/** Lets the page save a file by one of its buttons. @returns where it lies */
export async function saved(
  page: Page,
  button: string,
  { folder, name }: { readonly folder: string; readonly name: string },
): Promise<string> {
  const session = await page.createCDPSession();
  const behavior = { behavior: 'allow', downloadPath: folder } as const;
  await session.send('Browser.setDownloadBehavior', behavior);
  await page.click(button);
  const path = join(folder, name);
  for (let tries = 0; tries < 100 && !existsSync(path); tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await session.detach();
  return path;
}
