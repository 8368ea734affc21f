import type { AgentDefinition } from '../ports/agent.ts';
import type { BackendPort } from '../ports/backend.ts';
import type { DetectorPort } from '../ports/detector.ts';
import type { EchoCancellerPort } from '../ports/echo-canceller.ts';
import type { EndOfTurnPort } from '../ports/end-of-turn.ts';
import type { CloseReason } from '../ports/events.ts';
import type { Logger } from '../ports/log.ts';
import type { ObserverPort } from '../ports/observer.ts';
import type { ToolPort } from '../ports/tool.ts';
import type { Clock } from '../time/clock.ts';
import type { IdSource } from '../time/ids.ts';

/** How long a call may go on; `null` = without end. */
export interface CallLimits {
  /** Longest call, ms. */
  readonly sessionCapMs: number | null;
  /** Longest time without anything from the client, ms. */
  readonly idleTimeoutMs: number | null;
}

/** What a call is made of. The call owns none of the ports; it owns the sessions it opens. */
export interface CallOptions {
  readonly callId: string;
  readonly agent: AgentDefinition;
  /** The agent's backends, preferred first; the next is tried only while opening. */
  readonly backends: readonly BackendPort[];
  /** Hears when the caller speaks; `null` = only manual turns and backends that decide. */
  readonly detector: DetectorPort | null;
  /** Judges whether a pause is an end; absent or `null`: pauses are judged by their length alone. */
  readonly endOfTurn?: EndOfTurnPort | null;
  /** For agents that want one; absent or `null`: the guard stands in. */
  readonly canceller?: EchoCancellerPort | null;
  readonly tools: readonly ToolPort[];
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Logger;
  readonly observers: readonly ObserverPort[];
  /** Without them a call may go on for ever. */
  readonly limits?: CallLimits;
  /** Called once, after everything the call owned was let go. */
  readonly onClosed: (reason: CloseReason) => void;
}
