import type { TurnEffect, TurnInput, TurnOptions, TurnState } from './vocabulary.ts';

type Outcome = readonly [TurnState, readonly TurnEffect[]];
type AgentInput = TurnInput & {
  type: 'line.opened' | 'line.audio' | 'line.closed' | 'playback';
};

/** Follows the agent from question to last played sample. */
export function fromAgent(
  state: TurnState,
  input: AgentInput,
  nowMs: number,
  options: TurnOptions,
): Outcome {
  const { agent } = state;
  switch (input.type) {
    case 'line.opened':
      return [
        {
          ...state,
          agent: { kind: 'thinking', lineId: input.lineId },
          owesAnswer: false,
          idleArmed: false,
        },
        [],
      ];
    case 'line.audio':
      return [{ ...state, agent: { kind: 'speaking', lineId: input.lineId, closed: false } }, []];
    case 'line.closed':
      if (agent.kind === 'idle' || agent.lineId !== input.lineId) return [state, []];
      return agent.kind === 'speaking'
        ? [{ ...state, agent: { ...agent, closed: true } }, []]
        : floorFree(state, nowMs, options);
    case 'playback': {
      // [T15] The end of a line that the caller cut is not the start of a silence.
      const callerSpeaks = state.caller.kind === 'speaking' || state.caller.kind === 'paused';
      const heardOut =
        agent.kind === 'speaking' &&
        agent.closed &&
        agent.lineId === input.lineId &&
        input.bufferedMs <= 0;
      return heardOut
        ? floorFree({ ...state, idleArmed: !callerSpeaks }, nowMs, options)
        : [state, []];
    }
  }
}

/** The agent is silent at the ear: [T12] shows withheld speech, [T14] pays an owed answer. */
function floorFree(state: TurnState, nowMs: number, options: TurnOptions): Outcome {
  const { caller } = state;
  const free: TurnState = { ...state, agent: { kind: 'idle', sinceMs: nowMs } };
  if ((caller.kind === 'speaking' || caller.kind === 'paused') && !caller.shown) {
    const event = { type: 'speechStarted', audioStartMs: caller.audioStartMs } as const;
    return [{ ...free, caller: { ...caller, shown: true } }, [{ type: 'event', event }]];
  }
  if (state.owesAnswer && options.authority === 'gateway') {
    return [{ ...free, owesAnswer: false }, [{ type: 'startResponse', cause: 'turn' }]];
  }
  return [free, []];
}

/** [T15] Call time at which silence becomes a prompt. */
export function idleAtMs(state: TurnState, { authority, detection }: TurnOptions): number | null {
  const timeoutMs = detection?.idleTimeoutMs ?? null;
  const waiting = state.idleArmed && state.agent.kind === 'idle' && state.caller.kind === 'silent';
  return waiting && timeoutMs !== null && authority === 'gateway'
    ? state.agent.sinceMs + timeoutMs
    : null;
}

/** [T15] */
export function idleFired(state: TurnState, nowMs: number, promptAtMs: number): Outcome {
  const audioStartMs = state.floorAudioMs;
  // The detector may lag behind a clear.
  const audioEndMs = Math.max(audioStartMs, state.audioMs);
  return [
    {
      ...state,
      floorAudioMs: audioEndMs,
      idleArmed: false,
      agent: { kind: 'idle', sinceMs: Math.max(nowMs, promptAtMs) },
    },
    [
      { type: 'event', event: { type: 'idle', audioStartMs, audioEndMs } },
      {
        type: 'commitTurn',
        cause: 'idle',
        fromAudioMs: audioEndMs,
        toAudioMs: audioEndMs,
        speechEndAudioMs: null,
      },
      { type: 'startResponse', cause: 'idle' },
    ],
  ];
}
