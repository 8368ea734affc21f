import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'puppeteer-core';
import { expect } from 'vitest';
import { awaited, until } from './page-driver.ts';

/**
 * Loads the recording, hears a moment of it, and goes elsewhere in it by the picture.
 * @returns its length as the player has it, s
 */
export async function playRecording(page: Page, url: string, callId: string): Promise<number> {
  const path = `${url}/api/calls/${callId}/recording/audio`;
  await awaited('the recording', async () => {
    const { ok } = await fetch(path, { method: 'HEAD' });
    return ok || null;
  });
  await page.click('#load');
  await page.waitForSelector('audio');
  await until(page, `document.querySelector('audio').readyState >= 1`);
  const lengthS = (await page.evaluate(`document.querySelector('audio').duration`)) as number;
  await page.evaluate(`document.querySelector('audio').play()`);
  await until(page, `document.querySelector('audio').currentTime > 0.2`);
  const box = (await (await page.$('.timeline canvas'))!.boundingBox())!;
  // The picture reaches farther than the call: its middle may lie behind the end.
  await page.mouse.click(box.x + box.width / 4, box.y + 60);
  const at = (await page.evaluate(`document.querySelector('audio').currentTime`)) as number;
  expect(at).toBeGreaterThan(1.5);
  // Where all was slow it may have come to its end before.
  await page.evaluate(`document.querySelector('audio').play()`);
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
  await awaited(path, () => Promise.resolve(existsSync(path) || null));
  await session.detach();
  return path;
}
