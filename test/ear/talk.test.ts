import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readWav, writeWav } from '../../src/audio/wav.ts';
import { runTalk } from '../../src/cli/talk.ts';
import { TalkError } from '../../src/cli/talk-error.ts';
import { firstAudible, lastAudible } from './audible.ts';
import { startEchoServer, type EchoServer } from './echo-server.ts';
import { judge, wasHeard } from './judge.ts';
import { fixture, fixturePath, speechRateHz } from './speech.ts';

const thanks = fixture('thanks').samples;

describe.concurrent('talk, to a server that says back what it hears', () => {
  let folder: string;
  let echo: EchoServer;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-talk-'));
    echo = await startEchoServer({ yields: true });
  });
  afterAll(async () => {
    await echo.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('plays a file, hears the answer and measures it', async () => {
    const out = join(folder, 'thanks.wav');
    const result = await runTalk({
      file: fixturePath('thanks'),
      url: echo.url,
      agent: 'echo',
      out,
    });
    expect(result).toMatchObject({
      callId: 'call_echo',
      agent: 'echo',
      backend: null,
      tools: [],
      handovers: [],
      out,
    });
    expect(result.turns).toHaveLength(1);
    const turn = result.turns[0]!;
    expect(turn).toMatchObject({ interrupted: false, userText: null, heardText: null });

    const { rateHz, channels } = readWav(readFileSync(out));
    const [said, heard] = [channels[0]!, channels[1]!];
    expect(rateHz).toBe(24_000);
    expect(wasHeard(judge(said, thanks, rateHz))).toBe(true);
    expect(wasHeard(judge(heard, thanks, rateHz))).toBe(true);
    // The wave says when the caller stopped, and the recording when the answer was heard.
    expect(turn.userEndMs).toBeCloseTo(lastAudible(said, rateHz)! / 24, -1);
    // The player holds back 100 ms, which is not the server's doing.
    expect(turn.firstAudioMs! + 100).toBeCloseTo(firstAudible(heard, rateHz)! / 24, -2);
    expect(turn.firstPacketMs! - turn.userEndMs!).toBeGreaterThan(500);
    expect(turn.firstPacketMs).toBeLessThan(turn.firstAudioMs!);
    const lastHeardMs = lastAudible(heard, rateHz)! / 24;
    expect(result.durationMs - lastHeardMs).toBeGreaterThan(1400);
    expect(result.durationMs - lastHeardMs).toBeLessThan(2600);
  });

  it('takes a file of another rate with two channels, and finds both turns in it', async () => {
    const file = join(folder, 'two.wav');
    const slow = thanks.filter((_, i) => i % 3 === 0);
    const pause = new Float32Array(8000 * 4);
    const channel = Float32Array.from([...slow, ...pause, ...slow]);
    writeFileSync(file, writeWav({ rateHz: 8000, channels: [channel, channel] }));
    const { turns } = await runTalk({ file, url: echo.url });
    expect(turns).toHaveLength(2);
    expect(turns[1]!.userEndMs! - turns[0]!.userEndMs!).toBeCloseTo(5439, -2);
    for (const turn of turns) {
      expect(turn.firstAudioMs! - turn.userEndMs!).toBeGreaterThan(500);
      expect(turn.firstAudioMs! - turn.userEndMs!).toBeLessThan(1500);
    }
  });

  it('marks an answer that the caller talked over, and stops hearing it', async () => {
    const file = join(folder, 'over.wav');
    const out = join(folder, 'over-stereo.wav');
    const pause = new Float32Array(24_000 * 1.2);
    const channel = Float32Array.from([...thanks, ...pause, ...fixture('wait').samples]);
    writeFileSync(file, writeWav({ rateHz: speechRateHz, channels: [channel] }));
    const { turns } = await runTalk({ file, url: echo.url, out });
    expect(turns.map(({ interrupted }) => interrupted)).toEqual([true, false]);
    const heard = readWav(readFileSync(out)).channels[1]!;
    expect(judge(heard, fixture('wait').samples, speechRateHz).correlation).toBeGreaterThan(0.95);
    expect(judge(heard, thanks, speechRateHz).lostMs).toBeGreaterThan(100);
  });
});

describe('talk, when it cannot', () => {
  let refusing: Server;
  let url: string;

  beforeAll(async () => {
    refusing = createServer();
    refusing.on('upgrade', (_request, socket) => {
      const body = '{"error":{"message":"no agent called nobody","code":"agent_not_found"}}';
      socket.end(
        `HTTP/1.1 404 Not Found\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
      );
    });
    refusing.listen(0, '127.0.0.1');
    await once(refusing, 'listening');
    url = `ws://127.0.0.1:${(refusing.address() as AddressInfo).port}`;
  });
  afterAll(() => void refusing.close());

  const file = fixturePath('uh-huh');

  it.each([
    ['there is no file', { file: '/no/such.wav' }, /no file \/no\/such\.wav/],
    ['it is no WAV file', { file: new URL(import.meta.url).pathname }, /RIFF/],
    [
      'nothing listens',
      { file, url: 'ws://127.0.0.1:9' },
      /cannot reach 127\.0\.0\.1:9: .*REFUSED/,
    ],
    ['the URL is none', { file, url: 'here' }, /"here" is not a URL/],
    ['the scheme is not one of a server', { file, url: 'ftp://here' }, /scheme must be ws/],
  ])('says that %s', async (_, options, message) => {
    await expect(runTalk(options)).rejects.toThrow(TalkError);
    await expect(runTalk(options)).rejects.toThrow(message);
  });

  it('shows the status and the body of a refusal', async () => {
    await expect(runTalk({ file, url, agent: 'nobody' })).rejects.toThrow(
      /HTTP 404 Not Found\n.*no agent called nobody/,
    );
  });
});
