import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import puppeteer, { type Browser } from 'puppeteer-core';
import { awaited } from './page-driver.ts';

/** Driven only where it is asked for by name: on a busy machine it takes a core for minutes. */
const firefox = process.env['FIREFOX'] ?? '';
/** Firefox opens no sound where there is no loudspeaker; PulseAudio gives it one that nobody hears. */
const pulseaudio = '/usr/bin/pulseaudio';

const missing = [firefox, pulseaudio].filter((path) => !existsSync(path));
/** Why no browser is driven here; `null` when one is. */
export const noFirefox: string | null =
  firefox === ''
    ? 'FIREFOX names none'
    : missing.length === 0
      ? null
      : `no ${missing.join(', no ')}`;

/** A headless Firefox whose microphone hums one tone, with a loudspeaker of its own. */
export async function openFirefox(): Promise<{
  readonly browser: Browser;
  close(): Promise<void>;
}> {
  const folder = mkdtempSync(join(tmpdir(), 'parley-firefox-'));
  const loudspeaker = await openLoudspeaker(folder);
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: firefox,
    headless: true,
    // It may have to share its cores with much else.
    timeout: 300_000,
    protocolTimeout: 900_000,
    env: { ...process.env, PULSE_SERVER: `unix:${loudspeaker.socket}` },
    extraPrefsFirefox: {
      'media.navigator.streams.fake': true,
      'media.navigator.permission.disabled': true,
      // A file that is given by a program is no gesture of anybody's.
      'media.autoplay.default': 0,
    },
  });
  return {
    browser,
    close: async () => {
      await browser.close();
      loudspeaker.server.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function openLoudspeaker(
  folder: string,
): Promise<{ readonly server: ChildProcess; readonly socket: string }> {
  const socket = join(folder, 'loudspeaker');
  const script = join(folder, 'null.pa');
  writeFileSync(
    script,
    `load-module module-native-protocol-unix auth-anonymous=1 socket=${socket}\nload-module module-null-sink\n`,
  );
  const stay = ['--exit-idle-time=-1', '--disallow-exit', '--use-pid-file=no'];
  const server = spawn(pulseaudio, ['-n', '-F', script, ...stay], {
    env: { ...process.env, HOME: folder, XDG_RUNTIME_DIR: folder },
    stdio: 'ignore',
  });
  await awaited('the loudspeaker', () => Promise.resolve(existsSync(socket) || null));
  return { server, socket };
}
