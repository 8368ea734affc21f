import { decodePcm16 } from '../../src/audio/pcm16.ts';
import { AudibleOnset } from '../../src/audio/level.ts';
import type { TurnStages } from '../../src/ports/stages.ts';
import type { Ear, Received } from '../../test/ear/ear.ts';
import { audioOf } from '../../test/ear/wire.ts';

/** One answered turn. Times are ms from the end of the caller's wave, where nothing else is said. */
export interface SpokenTurn {
  readonly agent: string;
  /** Which call and which turn of it, counted from 0. */
  readonly call: number;
  readonly turn: number;
  /** Since the run began. */
  readonly atMs: number;
  readonly firstPacketMs: number;
  /** First audible sample, for a player that holds nothing back. */
  readonly firstAudioMs: number;
  /** First audible sample in the ear's own recording, behind its player. */
  readonly firstHeardMs: number;
  /** What the gateway's stage clock says; `null` where it says nothing. */
  readonly stages: TurnStages | null;
}

export interface HeardTurn extends Omit<SpokenTurn, 'agent' | 'call' | 'turn' | 'atMs' | 'stages'> {
  /** The caller's turn as the server named it. */
  readonly itemId: string | null;
}

const rateHz = 24_000;
/** An answer is waited for so long after the caller's wave, ms. */
const answerWaitMs = 20_000;
/** After an answer nothing is said for so long, ms, and a little more or less. */
const quietMs = 300;

/**
 * Says something and hears the answer out.
 * @param pauseMs silence after it, so that turns do not fall into step with frames
 * @throws Error when no answer is heard, or one before the caller had finished
 */
export async function sayAndHear(
  ear: Ear,
  clip: Float32Array,
  pauseMs: number,
): Promise<HeardTurn> {
  const from = ear.events.length;
  const { speechEndMs, left } = ear.say(clip);
  await left;
  await ear.waitFor('response.output_audio.delta', { from, timeoutMs: answerWaitMs });
  await ear.waitFor('response.done', { from, timeoutMs: answerWaitMs });
  await ear.untilQuiet(quietMs);
  await ear.pause(pauseMs);
  const events = ear.events.slice(from);
  const committed = events.filter(({ event }) => event.type === 'input_audio_buffer.committed');
  if (committed.length > 1) throw new Error('the caller was cut in on');
  const arrived = arrivalOf(events);
  const heardAtMs = ear.firstAudioMs(speechEndMs);
  if (arrived === null || heardAtMs === null) throw new Error('no audible answer');
  if (arrived.packetAtMs < speechEndMs) throw new Error('an answer before the caller had finished');
  const itemId = committed[0]?.event['item_id'];
  return {
    firstPacketMs: arrived.packetAtMs - speechEndMs,
    firstAudioMs: arrived.audibleAtMs - speechEndMs,
    firstHeardMs: heardAtMs - speechEndMs,
    itemId: typeof itemId === 'string' ? itemId : null,
  };
}

/** When the first packet came, and when its first audible sample could be played at the earliest. */
export function arrivalOf(
  events: readonly Received[],
): { readonly packetAtMs: number; readonly audibleAtMs: number } | null {
  const onset = new AudibleOnset(rateHz);
  let packetAtMs: number | null = null;
  let samples = 0;
  let playedToMs = 0;
  for (const { atMs, event } of events) {
    const audio = audioOf(event);
    if (audio === null) continue;
    packetAtMs ??= atMs;
    const playedFromMs = Math.max(atMs, playedToMs);
    const onsetSample = onset.push(audio.bytes);
    if (onsetSample !== null) {
      // A window may have begun in the packet before.
      const intoMs = (Math.max(0, onsetSample - samples) * 1000) / rateHz;
      return { packetAtMs, audibleAtMs: playedFromMs + intoMs };
    }
    const { length } = decodePcm16(audio.bytes);
    samples += length;
    playedToMs = playedFromMs + (length * 1000) / rateHz;
  }
  return null;
}
