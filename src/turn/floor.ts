import { dismissNoise, judge, settleLingering } from './overlap.ts';
import { quietAt } from './suspicion.ts';
import { andThen, withFloor, type Outcome } from './outcome.ts';
import type { TurnInput } from './vocabulary.ts';
import type { TurnOptions } from './options.ts';
import type { TurnState } from './state.ts';

type AgentInput = TurnInput & {
  type: 'line.opened' | 'line.audio' | 'line.outlook' | 'line.closed' | 'agent.quiet' | 'playback';
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
      return lineOpened(state, input.lineId, nowMs, options);
    case 'line.audio': {
      const floor = agent.kind === 'idle' ? 'full' : agent.floor;
      return [
        {
          ...state,
          agent: {
            kind: 'speaking',
            lineId: input.lineId,
            sinceMs: nowMs,
            floor,
            closed: false,
            endsAtMs: null,
            question: false,
          },
        },
        [],
      ];
    }
    case 'line.outlook': {
      if (agent.kind !== 'speaking' || agent.lineId !== input.lineId) return [state, []];
      const { endsAtMs, question } = input;
      return [{ ...state, agent: { ...agent, endsAtMs, question } }, []];
    }
    case 'agent.quiet':
      return [quietAt(state, input.atMs), []];
    case 'line.closed':
      if (agent.kind === 'idle' || agent.lineId !== input.lineId) return [state, []];
      return agent.kind === 'speaking'
        ? [{ ...state, agent: { ...agent, closed: true } }, []]
        : andThen(dismissNoise(state), (now) => floorFree(now, nowMs, options));
    case 'playback': {
      const heardOut =
        agent.kind === 'speaking' &&
        agent.closed &&
        agent.lineId === input.lineId &&
        input.bufferedMs <= 0;
      if (!heardOut) return [state, []];
      return andThen(dismissNoise(state), (now) => {
        // [T15] The end of a line that the caller cut is not the start of a silence.
        const callerSpeaks = now.caller.kind === 'speaking' || now.caller.kind === 'paused';
        const idleArmed = !callerSpeaks && now.digits === null;
        return floorFree({ ...now, idleArmed }, nowMs, options);
      });
    }
  }
}

function lineOpened(
  state: TurnState,
  lineId: string,
  nowMs: number,
  options: TurnOptions,
): Outcome {
  const { overlap, agent, speechEndAtMs } = state;
  const { minResponseDelayMs } = options;
  const wasHeld = agent.kind !== 'idle' && agent.floor === 'held';
  const opened: TurnState = {
    ...state,
    agent: { kind: 'thinking', lineId, sinceMs: nowMs, floor: 'full', slow: false },
    owesAnswer: false,
    idleArmed: false,
    calmUntilMs: null,
  };
  // [T20] Speech that is being judged keeps this line from the ear as it did the last one.
  if (overlap.kind === 'candidate') {
    // [T24] There is no end to wait for any more: what is said now comes before this answer is heard.
    const place = overlap.place === 'end' ? 'after' : overlap.place;
    const held: TurnState = {
      ...opened,
      agent: withFloor(opened.agent, 'held'),
      overlap: { ...overlap, place },
    };
    return andThen([held, wasHeld ? [] : [{ type: 'hold' }]], (now) => judge(now, nowMs, options));
  }
  // [T63]
  const calmUntilMs = speechEndAtMs === null ? 0 : speechEndAtMs + minResponseDelayMs;
  return minResponseDelayMs > 0 && nowMs < calmUntilMs
    ? [
        { ...opened, calmUntilMs, agent: withFloor(opened.agent, 'held') },
        wasHeld ? [] : [{ type: 'hold' }],
      ]
    : [opened, wasHeld ? [{ type: 'resume' }] : []];
}

/** The agent is silent at the ear: [T12], [T24] show withheld speech, [T14] pays an owed answer. */
function floorFree(state: TurnState, nowMs: number, options: TurnOptions): Outcome {
  const { caller, overlap } = state;
  const free: TurnState = {
    ...state,
    agent: { kind: 'idle', sinceMs: nowMs },
    calmUntilMs: null,
    committedAtMs: null,
  };
  if ((caller.kind === 'speaking' || caller.kind === 'paused') && !caller.shown) {
    const event = { type: 'speechStarted', audioStartMs: caller.audioStartMs } as const;
    const text = overlap.kind === 'candidate' ? overlap.text : '';
    return [
      {
        ...free,
        caller: { ...caller, shown: true },
        overlap: { kind: 'none' },
        owesAnswer: false,
        transcript: text === '' ? free.transcript : { text, sinceMs: nowMs },
      },
      [{ type: 'event', event }],
    ];
  }
  if (state.owesAnswer && options.authority === 'gateway') {
    return [{ ...free, owesAnswer: false }, [{ type: 'startResponse', cause: 'turn' }]];
  }
  return [free, []];
}

/** [T15] Call time at which silence becomes a prompt. */
export function idleAtMs(state: TurnState, { authority, detection }: TurnOptions): number | null {
  const timeoutMs = detection?.kind === 'server_vad' ? detection.idleTimeoutMs : null;
  const waiting = state.idleArmed && state.agent.kind === 'idle' && state.caller.kind === 'silent';
  return waiting && timeoutMs !== null && authority === 'gateway'
    ? state.agent.sinceMs + timeoutMs
    : null;
}

/** [T15] */
export function idleFired(before: TurnState, nowMs: number): Outcome {
  return andThen(settleLingering(before), (state) => {
    const audioStartMs = state.floorAudioMs;
    // The detector may lag behind a clear.
    const audioEndMs = Math.max(audioStartMs, state.audioMs);
    return [
      {
        ...state,
        floorAudioMs: audioEndMs,
        idleArmed: false,
        agent: { kind: 'idle', sinceMs: nowMs },
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
  });
}

/** [T62] Call time at which an answer is slow. */
export function slowAtMs({ agent }: TurnState, { times }: TurnOptions): number | null {
  return agent.kind === 'thinking' && !agent.slow ? agent.sinceMs + times.agentSlowMs : null;
}

/** [T62] */
export function agentSlow(state: TurnState): Outcome {
  const { agent } = state;
  if (agent.kind !== 'thinking') return [state, []];
  const event = { type: 'agentSlow', lineId: agent.lineId } as const;
  return [{ ...state, agent: { ...agent, slow: true } }, [{ type: 'event', event }]];
}
