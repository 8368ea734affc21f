import { defaultTurnOptions, type TurnOptions } from '../../../src/turn/options.ts';
import { initialTurnState, type TurnState } from '../../../src/turn/state.ts';
import { awayAtMs } from '../../../src/turn/presence.ts';
import { step } from '../../../src/turn/machine.ts';
import type { ServerVad } from '../../../src/ports/settings.ts';
import type { TurnAuthority } from '../../../src/ports/backend.ts';
import type {
  EchoPathReport,
  TurnEffect,
  TurnEvent,
  TurnInput,
  Verdict,
} from '../../../src/turn/vocabulary.ts';

type Reason = (TurnEvent & { type: 'interruption' })['by'];

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
  more: Partial<TurnOptions> = {},
): TurnOptions {
  return {
    authority,
    detection: changes === null ? null : { ...detection, ...changes },
    ...defaultTurnOptions,
    ...more,
  };
}

/** Options of a gateway that hears words too. */
export function hearing(
  changes: Partial<ServerVad> = {},
  more: Partial<TurnOptions> = {},
): TurnOptions {
  const senses = { partials: true, endOfTurn: false };
  return turnOptions('gateway', changes, { senses, ...more });
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

  /** Speech for a count of frames of which more is known. */
  hearWith(
    more: {
      readonly echo: number | null;
      readonly echoPath?: EchoPathReport;
      readonly probability?: number;
    },
    frames: number,
  ): TurnEffect[] {
    return Array.from({ length: frames }).flatMap(() => {
      this.nowMs += frameMs;
      this.audioMs += frameMs;
      const { audioMs } = this;
      return this.take({ type: 'vad', probability: 0.9, audioMs, frameMs, ...more });
    });
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

  /** Call time of the next wait, not counting the one for a caller who is away [T61]. */
  get waitsUntilMs(): number | null {
    return this.wakeAtMs === awayAtMs(this.state, this.options) ? null : this.wakeAtMs;
  }

  /** Lets a long time pass; that the caller is away by then is not told [T61]. */
  outlast(byMs: number): TurnEffect[] {
    return this.wait(byMs).filter(
      (effect) => effect.type !== 'event' || effect.event.type !== 'away',
    );
  }

  /** A transcript so far. */
  partial(text: string, whose?: 'agent' | 'caller'): TurnEffect[] {
    const known =
      whose === undefined ? {} : { echo: whose === 'agent', foreign: whose === 'caller' };
    return this.take({ type: 'partial', text, ...known });
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

export function dismissed(
  audioStartMs: number,
  audioEndMs: number,
  verdict: Verdict = 'backchannel',
  text = '',
): TurnEffect {
  const event = { type: 'speechDismissed', verdict, audioStartMs, audioEndMs, text } as const;
  return { type: 'event', event };
}

/** What was judged to be an interruption, by what, and how long that took. */
export function interruption(by: Reason, judgedMs: number): TurnEffect {
  return { type: 'event', event: { type: 'interruption', by, judgedMs } };
}

export function away(gone: boolean): TurnEffect {
  return { type: 'event', event: { type: 'away', away: gone } };
}

export const duck: TurnEffect = { type: 'duck', gainDb: -18 };
export const hold: TurnEffect = { type: 'hold' };
export const resume: TurnEffect = { type: 'resume' };

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
