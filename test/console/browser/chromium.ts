import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import puppeteer, { type Browser } from 'puppeteer-core';
import { writeWav } from '../../../src/audio/wav.ts';
import { speechRateHz } from '../../ear/speech.ts';

/** Debian's browser, or the one that `CHROMIUM` names. */
const chromium = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** Why no browser can be driven here; `null` when one can. */
export const noChromium: string | null = existsSync(chromium) ? null : `no ${chromium}`;

/** How long the browser may take to answer, ms: it may have to share its cores with much else. */
const answerMs = 900_000;

export interface TalkingBrowser {
  readonly browser: Browser;
  close(): Promise<void>;
}

/**
 * A headless browser whose microphone says `speech` once, from when it is first asked for.
 *
 * @param over and over: it begins again when it is at its end
 */
export async function openBrowser(
  speech: Float32Array,
  { over = false }: { readonly over?: boolean } = {},
): Promise<TalkingBrowser> {
  const folder = mkdtempSync(join(tmpdir(), 'parley-console-'));
  const file = join(folder, 'microphone.wav');
  writeFileSync(file, writeWav({ rateHz: speechRateHz, channels: [speech] }));
  const browser = await puppeteer.launch({
    executablePath: chromium,
    headless: true,
    protocolTimeout: answerMs,
    args: [
      '--no-sandbox',
      '--use-fake-ui-for-media-stream',
      '--use-fake-device-for-media-stream',
      `--use-file-for-fake-audio-capture=${file}${over ? '' : '%noloop'}`,
      '--autoplay-policy=no-user-gesture-required',
    ],
  });
  return {
    browser,
    close: async () => {
      await browser.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
