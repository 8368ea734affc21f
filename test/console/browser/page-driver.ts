import type { Browser, Page } from 'puppeteer-core';

/**
 * Longest wait for anything that is awaited in a page, ms: none is meant to be seen, and a browser
 * that shares its cores with much else takes its time.
 */
export const waitMs = 120_000;

/** What a page did that it should not have: errors, refused loads, broken policies. */
export interface DrivenPage {
  readonly page: Page;
  readonly problems: readonly string[];
}

/** A page of the console, wide, with its recorder on. */
export async function openConsole(browser: Browser, url: string): Promise<DrivenPage> {
  const page = await browser.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  page.setDefaultTimeout(waitMs);
  await page.setViewport({ width: 1280, height: 900 });
  await page.goto(`${url}/?tap`);
  await page.waitForSelector('#begin:not([disabled])');
  return { page, problems };
}

/** Starts talking with an agent. @returns the call's id */
export async function begin(page: Page, agent: string): Promise<string> {
  await page.select('#agent', agent);
  await page.click('#headphones');
  await page.click('#begin');
  return await callIn(page);
}

/** Id of the call that runs in a page, once it does. */
export async function callIn(page: Page): Promise<string> {
  await page.waitForSelector('[data-phase=running]', { timeout: waitMs });
  return (await page.evaluate(
    `document.querySelector('[data-phase=running]').getAttribute('data-call')`,
  )) as string;
}

/** What the page recorded of a side since it was opened, at the wire's rate. */
export async function recorded(page: Page, side: 'captured' | 'played'): Promise<Float32Array> {
  // As text: a page gives back JSON, in which a minute of samples takes its time.
  const text = await page.evaluate((which) => {
    const tap = (globalThis as unknown as { parleyTap: Record<string, Float32Array[]> }).parleyTap;
    const whole = tap[which]!.flatMap((chunk) => [...chunk]);
    const bytes = new Uint8Array(Float32Array.from(whole).buffer);
    let binary = '';
    for (const byte of bytes) binary += String.fromCharCode(byte);
    return btoa(binary);
  }, side);
  const bytes = Uint8Array.from(Buffer.from(text, 'base64'));
  return new Float32Array(bytes.buffer);
}

/** Text of everything that a selector finds. */
export async function texts(page: Page, selector: string): Promise<readonly string[]> {
  const all = `[...document.querySelectorAll(${JSON.stringify(selector)})]`;
  return (await page.evaluate(`${all}.map((element) => element.textContent)`)) as string[];
}

/** Milliseconds of every figure that a selector finds. */
export async function numbers(page: Page, selector: string): Promise<readonly number[]> {
  const all = `[...document.querySelectorAll(${JSON.stringify(selector)})]`;
  return (await page.evaluate(`${all}.map((cell) => Number(cell.dataset.ms))`)) as number[];
}

/** Waits until something is true in the page; said in its own language, which is not Node's. */
export async function until(page: Page, condition: string): Promise<void> {
  await page.waitForFunction(condition, { timeout: waitMs });
}

/** Asks over and over until there is something. @throws Error when there never is */
export async function awaited<T>(what: string, ask: () => Promise<T | null>): Promise<T> {
  const endMs = performance.now() + waitMs;
  while (performance.now() < endMs) {
    const answer = await ask();
    if (answer !== null) return answer;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`waited in vain: ${what}`);
}
