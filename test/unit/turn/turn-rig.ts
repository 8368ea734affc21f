import { defaultTurnTimes } from '../../../src/turn/vocabulary.ts';
import { initialTurnState, step } from '../../../src/turn/machine.ts';
import type { ServerVad } from '../../../src/ports/settings.ts';
import type { TurnAuthority } from '../../../src/ports/backend.ts';
import type {
  TurnEffect,
  TurnInput,
  TurnOptions,
  TurnState,
} from '../../../src/turn/vocabulary.ts';

/** Length of a detector frame in these tests, ms. */
export const frameMs = 32;

/** Detection as the tests' literal times expect it: 320 ms of silence end a turn. */
const detection: ServerVad = {
  kind: 'server_vad',
  threshold: 0.5,
  prefixPaddingMs: 64,
  silenceDurationMs: 320,
  createResponse: true,
  interruptResponse: true,
  idleTimeoutMs: null,
};

/** Options of an authority, with some of the detection changed. */
export function turnOptions(
  authority: TurnAuthority,
  changes: Partial<ServerVad> | null = {},
): TurnOptions {
  return {
    authority,
    detection: changes === null ? null : { ...detection, ...changes },
    ...defaultTurnTimes,
  };
}

/** The turn machine with its clocks: every detector frame takes its 32 ms on both of them. */
export class TurnRig {
  options: TurnOptions;
  state: TurnState = initialTurnState;
  /** Call time, ms. */
  nowMs = 0;
  /** Uplink position of the latest frame, ms. */
  audioMs = 0;
  wakeAtMs: number | null = null;

  constructor(options: TurnOptions) {
    this.options = options;
  }

  /** Takes inputs at the present time; returns their effects in order. */
  take(...inputs: readonly TurnInput[]): TurnEffect[] {
    return inputs.flatMap((input) => {
      const { state, effects, wakeAtMs } = step(this.state, input, this.nowMs, this.options);
      this.state = state;
      this.wakeAtMs = wakeAtMs;
      return effects;
    });
  }

  /** Takes one detector frame for each probability. */
  hear(...probabilities: readonly number[]): TurnEffect[] {
    return probabilities.flatMap((probability) => {
      this.nowMs += frameMs;
      this.audioMs += frameMs;
      return this.take({ type: 'vad', probability, audioMs: this.audioMs, frameMs });
    });
  }

  /** Speech for a count of frames. */
  speech(frames: number): TurnEffect[] {
    return this.hear(...Array<number>(frames).fill(0.9));
  }

  /** Silence for a count of frames. */
  silence(frames: number): TurnEffect[] {
    return this.hear(...Array<number>(frames).fill(0.01));
  }

  /** Lets call time pass without input, then ticks. */
  wait(byMs: number): TurnEffect[] {
    this.nowMs += byMs;
    return this.take({ type: 'tick' });
  }

  /** The agent thinks about the line of this id. */
  think(lineId = 'line_1'): TurnEffect[] {
    return this.take({ type: 'line.opened', lineId });
  }

  /** The agent is heard. */
  talk(lineId = 'line_1'): TurnEffect[] {
    return this.take({ type: 'line.opened', lineId }, { type: 'line.audio', lineId });
  }

  /** The agent's line is over and heard to its end. */
  endLine(lineId = 'line_1'): TurnEffect[] {
    return this.take(
      { type: 'line.closed', lineId },
      { type: 'playback', lineId, playedMs: 400, bufferedMs: 0 },
    );
  }
}

export function started(audioStartMs: number): TurnEffect {
  return { type: 'event', event: { type: 'speechStarted', audioStartMs } };
}

export function stopped(audioEndMs: number): TurnEffect {
  return { type: 'event', event: { type: 'speechStopped', audioEndMs } };
}

export function dismissed(audioStartMs: number, audioEndMs: number): TurnEffect {
  const verdict = 'backchannel';
  return { type: 'event', event: { type: 'speechDismissed', verdict, audioStartMs, audioEndMs } };
}

/** The turn [fromAudioMs, toAudioMs), whose last speech ended at `speechEndAudioMs`. */
export function committed(
  cause: (TurnEffect & { type: 'commitTurn' })['cause'],
  fromAudioMs: number | null,
  toAudioMs: number | null,
  speechEndAudioMs: number | null,
): TurnEffect {
  return { type: 'commitTurn', cause, fromAudioMs, toAudioMs, speechEndAudioMs };
}

export const answer: TurnEffect = { type: 'startResponse', cause: 'turn' };

/** Cancel, flush, truncate. */
export const wholeCut: readonly TurnEffect[] = [
  { type: 'cancelGeneration' },
  { type: 'flushPlayback' },
  { type: 'truncate' },
];
