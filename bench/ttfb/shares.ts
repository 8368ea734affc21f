import type { SpokenTurn } from './spoken-turn.ts';

/** Delays that a stand-in put into one turn's way, ms; `null` where nobody knows. */
export type InjectedDelay = (turn: SpokenTurn) => number | null;

/** Who had the silence of one turn, ms. The first four are the gateway's stage clock's. */
export interface Shares {
  /** End of the caller's speech to the decision that it was a turn. */
  readonly endpointingMs: number;
  /** From there to the first audible sample given to the client: backend, parts and gateway. */
  readonly answerMs: number;
  /** From there to the ear: network and the caller's player. */
  readonly playoutMs: number;
  /** Gateway alone: the answer less what was injected; `null` where that is not known. */
  readonly ownMs: number | null;
  /** What the ear heard of silence beyond what the stage clock says. */
  readonly unaccountedMs: number;
}

/** `null` where there is no stage clock. */
export function sharesOf(turn: SpokenTurn, injected: InjectedDelay): Shares | null {
  const { stages, firstHeardMs } = turn;
  if (stages === null) return null;
  const { partsMs, silenceMs } = stages;
  const endpointingMs = partsMs.decided ?? 0;
  const playoutMs = partsMs.first_heard ?? 0;
  const answerMs = silenceMs - endpointingMs - playoutMs;
  const injectedMs = injected(turn);
  return {
    endpointingMs,
    answerMs,
    playoutMs,
    ownMs: injectedMs === null ? null : answerMs - injectedMs,
    unaccountedMs: firstHeardMs - silenceMs,
  };
}

/** A rehearsal tells when it was asked and when its drawn delay was over: between lies the delay. */
export const rehearsalDelay: InjectedDelay = ({ stages }) =>
  stages?.partsMs.first_synthesis ?? null;

/** A backend that was given no delays by the bench. */
export const unknownDelay: InjectedDelay = () => null;
