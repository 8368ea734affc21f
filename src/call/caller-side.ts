import { asCallError, type CallError } from '../ports/errors.ts';
import { defaultManner } from '../ports/agent.ts';
import { EchoLadder } from './echo-ladder.ts';
import { Uplink } from './uplink.ts';
import type { AudioFormat } from '../audio/format.ts';
import type { CallOptions } from './options.ts';
import type { Chunk } from '../audio/chunk.ts';
import type { TurnInput } from '../turn/vocabulary.ts';

export interface CallerSideOptions {
  readonly call: CallOptions;
  /** What the call starts with. */
  readonly format: AudioFormat;
  readonly nowMs: () => number;
  readonly roundTripMs: () => number;
  /** Whether speech over the agent is judged here. */
  readonly judged: () => boolean;
  readonly turn: (input: TurnInput) => void;
  readonly onChunk: (chunk: Chunk) => void;
  readonly onFault: (error: CallError) => void;
}

/** What hears the caller: the uplink, and what keeps the agent's own voice out of detection. */
export interface CallerSide {
  readonly uplink: Uplink;
  readonly echo: EchoLadder;
}

/** Puts the two together: what they hear goes to the turn machine. */
export function createCallerSide(options: CallerSideOptions): CallerSide {
  const { call, format, nowMs, roundTripMs, judged, turn, onChunk, onFault } = options;
  const echo = new EchoLadder({
    rung: { ...defaultManner, ...call.agent.turns.manner }.echo,
    canceller: call.canceller ?? null,
    nowMs,
    roundTripMs,
    callTimeOf: (audioMs) => uplink.callTimeOf(audioMs),
    judged,
  });
  const uplink: Uplink = new Uplink({
    format,
    detector: call.detector,
    onScore: (probability, audioMs, frameMs) => {
      const agents = echo.score(audioMs, frameMs);
      const looked = agents === undefined ? {} : { echo: agents, echoPath: echo.path(audioMs) };
      turn({ type: 'vad', probability, audioMs, frameMs, ...looked });
    },
    echo,
    endOfTurn: call.endOfTurn ?? null,
    onEndOfTurn: (probability, speechEndAudioMs) =>
      turn({ type: 'eot', probability, speechEndAudioMs }),
    onDetectorFailed: (error) => onFault(asCallError(error, 'detector_failed')),
    onChunk,
  });
  return { uplink, echo };
}
