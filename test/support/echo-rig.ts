import { EchoGuard } from '../../src/echo/echo-guard.ts';
import { encodeSamples } from '../../src/audio/samples.ts';
import type { AudioFormat } from '../../src/audio/format.ts';

const frameMs = 32;

export interface EchoRun {
  readonly guard: EchoGuard;
  /** The guard's likelihood of echo for each whole frame of 32 ms. */
  readonly echo: Float32Array;
  /** When the delay was first known, call time; `null` = never. */
  readonly knownAtMs: number | null;
}

export interface EchoRunOptions {
  /** 16 kHz. */
  readonly agent: Float32Array;
  /** 16 kHz. */
  readonly microphone: Float32Array;
  /** How far sending is ahead of playing, ms. Default 200. */
  readonly leadMs?: number;
  /** Default 16 kHz PCM; the agent's audio is only encoded for it, so the rate must be 16 kHz. */
  readonly downlink?: AudioFormat;
  /** How late an uplink chunk is, ms, by its number. Default none. */
  readonly lateMs?: (chunk: number) => number;
  readonly guard?: EchoGuard;
}

/** Feeds a guard as a call does: 20 ms at a time, silence is not sent, times on one clock. */
export function runGuard({
  agent,
  microphone,
  leadMs = 200,
  downlink = { codec: 'pcm16', rateHz: 16_000 },
  lateMs = () => 0,
  guard = new EchoGuard({ uplinkRateHz: 16_000, downlink }),
}: EchoRunOptions): EchoRun {
  const echo = new Float32Array(Math.floor(microphone.length / 512));
  let knownAtMs: number | null = null;
  let arrivedMs = 0;
  for (let ms = -leadMs, frame = 0; ms * 16 < microphone.length; ms += 20) {
    const sent = agent.subarray((ms + leadMs) * 16, (ms + leadMs + 20) * 16);
    if (sent.some((sample) => sample !== 0)) {
      guard.sent(encodeSamples(sent, downlink.codec), ms + leadMs);
    }
    if (ms < 0) continue;
    arrivedMs = Math.max(arrivedMs + 20, ms + 20 + lateMs(ms / 20));
    guard.heard(microphone.subarray(ms * 16, (ms + 20) * 16), ms, arrivedMs - 20);
    if (guard.delayMs !== null) knownAtMs ??= ms;
    for (; (frame + 1) * frameMs <= ms + 20 && frame < echo.length; frame += 1) {
      echo[frame] = guard.score((frame + 1) * frameMs, frameMs).echo;
    }
  }
  return { guard, echo, knownAtMs };
}

/** Frames between two moments whose loudness in `of` lies above a level. */
export function loudFrames(
  of: Float32Array,
  { fromMs, toMs, aboveRms }: { fromMs: number; toMs: number; aboveRms: number },
): number[] {
  const frames: number[] = [];
  for (let frame = Math.ceil(fromMs / frameMs); (frame + 1) * frameMs <= toMs; frame += 1) {
    const part = of.subarray(frame * 512, (frame + 1) * 512);
    const power = part.reduce((sum, sample) => sum + sample * sample, 0) / 512;
    if (Math.sqrt(power) > aboveRms) frames.push(frame);
  }
  return frames;
}

/** Share of the frames that the guard gives to the caller. */
export function callersShare(run: EchoRun, frames: readonly number[]): number {
  return frames.filter((frame) => run.echo[frame]! < 0.5).length / frames.length;
}
