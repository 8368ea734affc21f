import { durationMs, plainLine } from '../../support/call-harness.ts';
import { Downlink } from '../../../src/call/downlink.ts';
import { LineTrack } from '../../../src/call/line-track.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import { pcm24k, type AudioFormat } from '../../../src/audio/format.ts';
import { PlayoutClock } from '../../../src/call/playout.ts';
import type { Line, LogEvent } from '../../../src/ports/events.ts';

type Given =
  | {
      readonly what: 'audio';
      readonly lineId: string;
      readonly ms: number;
      readonly bytes: Uint8Array;
      readonly atMs: number;
    }
  | { readonly what: 'text'; readonly delta: string; readonly atMs: number }
  | { readonly what: 'ended' | 'heardOut'; readonly lineId: string; readonly atMs: number };

export interface DownlinkRigOptions {
  readonly leadMs?: number;
  readonly roundTripMs?: number;
  readonly format?: AudioFormat;
}

export interface DownlinkRig {
  readonly clock: ManualClock;
  readonly playout: PlayoutClock;
  readonly downlink: Downlink;
  readonly given: readonly Given[];
  readonly logged: readonly (LogEvent & { readonly atMs: number })[];
  /** How many things had been given at each log entry, a count. */
  readonly loggedAfter: readonly number[];
  readonly delaysMs: readonly number[];
  track(lineId: string, line?: Partial<Line>): LineTrack;
  /** All audio given so far, ms. */
  audioMs(): number;
  bytesOf(lineId: string): Uint8Array;
  /** Call time, ms. */
  nowMs(): number;
}

/** A downlink on a manual clock that began at 1,000, and all that it gave, logged and was late. */
export function setUp(options: DownlinkRigOptions = {}): DownlinkRig {
  const { leadMs = 200, roundTripMs = 0, format = pcm24k } = options;
  const clock = new ManualClock(1000);
  const playout = new PlayoutClock(format.rateHz);
  const given: Given[] = [];
  const delaysMs: number[] = [];
  const logged: (LogEvent & { atMs: number })[] = [];
  const loggedAfter: number[] = [];
  const nowMs = (): number => clock.nowMs() - 1000;
  const downlink = new Downlink({
    clock,
    originMs: 1000,
    leadMs,
    playout,
    roundTripMs: () => roundTripMs,
    onDelay: (delayMs) => delaysMs.push(delayMs),
    onGiven: () => undefined,
    sink: {
      audio: ({ line }, bytes) =>
        given.push({
          what: 'audio',
          lineId: line.lineId,
          ms: durationMs(bytes, format),
          bytes,
          atMs: nowMs(),
        }),
      text: (_track, delta) => given.push({ what: 'text', delta, atMs: nowMs() }),
      ended: (track) => {
        track.closed = true;
        given.push({ what: 'ended', lineId: track.line.lineId, atMs: nowMs() });
      },
      heardOut: (tracks) => {
        const lineId = tracks.at(-1)?.line.lineId ?? 'none';
        given.push({ what: 'heardOut', lineId, atMs: nowMs() });
      },
      log: (event) => {
        logged.push({ ...event, atMs: nowMs() });
        loggedAfter.push(given.length);
      },
    },
  });
  const track = (lineId: string, line: Partial<Line> = {}): LineTrack =>
    new LineTrack(plainLine({ lineId, itemId: `item of ${lineId}`, ...line }), format, playout, 0);
  const audioMs = (): number =>
    given.reduce((sum, each) => sum + (each.what === 'audio' ? each.ms : 0), 0);
  const bytesOf = (lineId: string): Uint8Array =>
    Buffer.concat(
      given.flatMap((each) =>
        each.what === 'audio' && each.lineId === lineId ? [each.bytes] : [],
      ),
    );
  return {
    clock,
    playout,
    given,
    logged,
    loggedAfter,
    delaysMs,
    downlink,
    track,
    audioMs,
    bytesOf,
    nowMs,
  };
}
