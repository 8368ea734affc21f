import { beforeAll, describe, expect, it } from 'vitest';
import { EnergyDetector } from '../../support/energy-detector.ts';
import { pcm16k, pcm24k, pcma8k, pcmu8k } from '../../../src/audio/format.ts';
import { noEcho } from '../../support/no-echo.ts';
import { prepareResampler } from '../../../src/audio/resampler.ts';
import { squareOf } from '../../support/format-sounds.ts';
import { settle, silence, speech } from '../../support/call-harness.ts';
import { Uplink } from '../../../src/call/uplink.ts';
import type { BackendCommand } from '../../../src/ports/backend.ts';
import type { Chunk } from '../../../src/audio/chunk.ts';
import type { DetectorPort } from '../../../src/ports/detector.ts';

beforeAll(prepareResampler);

function setUp(detector: DetectorPort | null = new EnergyDetector()) {
  const waiting: BackendCommand[] = [];
  const chunks: Chunk[] = [];
  const scores: { probability: number; audioMs: number; frameMs: number }[] = [];
  const failures: string[] = [];
  const uplink = new Uplink({
    format: pcm24k,
    detector,
    echo: noEcho(),
    endOfTurn: null,
    onEndOfTurn: () => undefined,
    onScore: (probability, audioMs, frameMs) => scores.push({ probability, audioMs, frameMs }),
    onDetectorFailed: ({ message }) => failures.push(message),
    onChunk: (chunk) => waiting.push({ type: 'audio', chunk }),
  });
  /** Sends what waits to the backend, as it would get it. */
  const send = (): void => {
    for (const command of waiting.splice(0)) {
      const sent = uplink.forBackend(command);
      if (sent?.type === 'audio') chunks.push(sent.chunk);
    }
  };
  return { uplink, waiting, chunks, send, scores, failures };
}

describe('uplink', () => {
  it('passes the very same bytes to a backend of the same format', () => {
    const { uplink, chunks, send } = setUp();
    uplink.connect(pcm24k);
    const bytes = speech(20);
    uplink.push(bytes, 20);
    send();
    expect(chunks[0]?.bytes).toBe(bytes);
    expect(chunks[0]).toMatchObject({ startSample: 0, samples: 480, atMs: 0 });
    expect(uplink.endSample).toBe(480);
    expect(uplink.endMs).toBe(20);
  });

  it('begins anew in another format, for the backend and the detector, until there is audio', () => {
    const { uplink, chunks, send, scores } = setUp();
    uplink.connect(pcm24k);
    uplink.listen(true);
    uplink.setFormat(pcmu8k);
    expect(uplink.format).toEqual(pcmu8k);
    const bytes = squareOf(pcmu8k, 100);
    uplink.push(bytes, 100);
    send();
    expect(uplink.endMs).toBe(100);
    expect(uplink.slice(0, 800)).toEqual(bytes);
    expect(uplink.sampleAt(50)).toBe(400);
    expect(chunks[0]).toMatchObject({ ...pcm24k, startSample: 0 });
    // Frames of 32 ms at 16 kHz; the change of rate holds back a few ms.
    expect(scores.map(({ audioMs }) => audioMs)).toEqual([32, 64, 96].slice(0, scores.length));
    expect(scores.length).toBeGreaterThanOrEqual(2);
    expect(scores.every(({ probability }) => probability > 0.95)).toBe(true);
    uplink.setFormat(pcmu8k);
    expect(() => uplink.setFormat(pcma8k)).toThrow(TypeError);
    expect(() => uplink.setFormat({ ...pcm24k })).toThrow(TypeError);
    uplink.close();
  });

  it('scales positions for a backend of another rate, without gaps', () => {
    const { uplink, chunks, send } = setUp();
    uplink.connect(pcm16k);
    for (let chunk = 1; chunk <= 10; chunk += 1) uplink.push(speech(30), chunk * 30);
    send();
    expect(uplink.backendRateHz).toBe(16_000);
    const commit = { type: 'commit', itemId: 'a', fromSample: 2400, toSample: 7200 } as const;
    expect(uplink.forBackend(commit)).toEqual({ ...commit, fromSample: 1600, toSample: 4800 });
    let endSample = 0;
    for (const chunk of chunks) {
      expect(chunk.startSample).toBe(endSample);
      expect(chunk.rateHz).toBe(16_000);
      endSample += chunk.samples;
    }
    expect(endSample).toBeGreaterThan(4700);
    expect(endSample).toBeLessThanOrEqual(4800);
  });

  it('gives each backend its own positions, from the first chunk that it gets', () => {
    const { uplink, waiting, chunks, send } = setUp();
    uplink.connect(pcm24k);
    uplink.push(speech(100), 100);
    uplink.push(speech(100), 200);
    waiting.shift();
    uplink.connect(pcm16k);
    send();
    expect(chunks[0]).toMatchObject({ startSample: 1600, rateHz: 16_000 });
  });

  it('scores frames on its own sample clock', () => {
    const { uplink, scores } = setUp();
    uplink.push(silence(500), 500);
    uplink.listen(true);
    uplink.push(speech(100), 600);
    expect(scores.map(({ audioMs }) => audioMs)).toEqual([532, 564, 596]);
    expect(scores[0]?.frameMs).toBe(32);
    expect(scores[1]?.probability).toBeGreaterThan(0.95);
    uplink.listen(true);
    uplink.push(speech(32), 632);
    expect(scores).toHaveLength(4);
    uplink.listen(false);
    uplink.push(speech(1000), 1700);
    expect(scores).toHaveLength(4);
  });

  it('tells of a detector that fails, and can start again', () => {
    const detector = new EnergyDetector();
    const { uplink, scores, failures } = setUp(detector);
    uplink.listen(true);
    detector.fail(new Error('gone'));
    expect(failures).toEqual(['gone']);
    uplink.push(speech(100), 100);
    expect(scores).toEqual([]);
    uplink.listen(true);
    uplink.push(speech(100), 200);
    expect(scores.length).toBeGreaterThan(0);
  });

  it('goes on without a detector that cannot be opened', async () => {
    const detector: DetectorPort = new EnergyDetector();
    detector.open = () => {
      throw new Error('not there');
    };
    const { uplink, failures } = setUp(detector);
    uplink.listen(true);
    uplink.push(speech(100), 100);
    await settle();
    expect(failures).toEqual(['not there']);
  });

  it('keeps the last 15 s', () => {
    const { uplink } = setUp(null);
    for (let second = 1; second <= 17; second += 1) uplink.push(speech(1000), second * 1000);
    expect(uplink.firstKeptSample).toBe(2 * 24_000);
    expect(uplink.slice(0, 24_000)).toBeNull();
    expect(uplink.slice(16 * 24_000, 17 * 24_000)).toEqual(speech(1000));
  });

  it('says when a recent position was spoken', () => {
    const { uplink } = setUp(null);
    uplink.push(speech(100), 1000);
    uplink.push(speech(100), 1500);
    expect(uplink.callTimeOf(200)).toBe(1500);
    expect(uplink.callTimeOf(150)).toBe(1450);
    expect(uplink.sampleAt(-5)).toBe(0);
    expect(uplink.sampleAt(9999)).toBe(4800);
  });

  it('gives nothing away after the close', () => {
    const { uplink, chunks, send, scores } = setUp();
    uplink.connect(pcm16k);
    uplink.listen(true);
    uplink.close();
    uplink.push(speech(100), 100);
    send();
    expect(chunks).toEqual([]);
    expect(scores).toEqual([]);
  });
});
