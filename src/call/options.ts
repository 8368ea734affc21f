import type { AgentDefinition, CallRoute } from '../ports/agent.ts';
import type { BackendPort } from '../ports/backend.ts';
import type { DetectorPort } from '../ports/detector.ts';
import type { BackendHealth } from '../ports/health.ts';
import type { GateCheckPort } from '../ports/gate.ts';
import type { EchoCancellerPort } from '../ports/echo-canceller.ts';
import type { EndOfTurnPort } from '../ports/end-of-turn.ts';
import type { CloseReason } from '../ports/events.ts';
import type { Logger } from '../ports/log.ts';
import type { ObserverPort } from '../ports/observer.ts';
import type { CallPhrases } from '../ports/phrases.ts';
import type { SpeechToTextPort } from '../ports/speech-to-text.ts';
import type { RecognitionCounts } from './side-listener-vocabulary.ts';
import type { ToolPort, ToolSet } from '../ports/tool.ts';
import type { AgentToSwitchTo } from './call-actions.ts';
import type { SpendOptions } from './spend-options.ts';
import type { Clock } from '../time/clock.ts';
import type { IdSource } from '../time/ids.ts';

/** How long a call may go on; `null` = without end. */
export interface CallLimits {
  /** Longest call, ms. */
  readonly sessionCapMs: number | null;
  /** Longest time without anything from the client, ms. */
  readonly idleTimeoutMs: number | null;
}

/** A recogniser for what backends do not tell. */
export interface CallListener {
  readonly port: SpeechToTextPort;
  /** It hears the agent too, where the backend tells none of its words. */
  readonly hearsAgent: boolean;
  /** 0 ≤ n < 1, for the time between attempts. */
  readonly chance: () => number;
  /** Called when it is not needed any more, once for each time that it was. */
  readonly onUsed: (counts: RecognitionCounts) => void;
}

/** What a call is made of. The call owns none of the ports; it owns the sessions it opens. */
export interface CallOptions {
  readonly callId: string;
  readonly agent: AgentDefinition;
  /** How `backends` were chosen, for the log; absent where nothing was chosen. */
  readonly route?: CallRoute;
  /** The agent's backends, preferred first; the next takes over where one does not open or is lost. */
  readonly backends: readonly BackendPort[];
  /** What all calls know of a backend, by name; absent: nobody tells. */
  readonly health?: (backend: string) => BackendHealth | null;
  /** Hears when the caller speaks; `null` = only manual turns and backends that decide. */
  readonly detector: DetectorPort | null;
  /** Judges whether a pause is an end; absent or `null`: pauses are judged by their length alone. */
  readonly endOfTurn?: EndOfTurnPort | null;
  /** Hears the caller beside backends that do not tell what is said; absent or `null`: nobody does. */
  readonly listener?: CallListener | null;
  /** What it can say while no backend does; absent or `null`: nothing. */
  readonly phrases?: CallPhrases | null;
  /** For agents that want one; absent or `null`: the guard stands in. */
  readonly canceller?: EchoCancellerPort | null;
  readonly tools: readonly ToolPort[];
  /** Tools that may come and go while the call runs; absent or `null`: none. */
  readonly toolSet?: ToolSet | null;
  /** Agents that the call may go over to, by name; absent: there are none. */
  readonly otherAgent?: (name: string) => AgentToSwitchTo | null;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Logger;
  readonly observers: readonly ObserverPort[];
  /** Without them a call may go on for ever. */
  readonly limits?: CallLimits;
  /** Asks outside about what is about to be said; absent or `null`: nobody is asked. */
  readonly gateCheck?: GateCheckPort | null;
  /** Absent: what is used is counted, and nothing has a price or a limit. */
  readonly spend?: SpendOptions;
  /** Called once, after everything the call owned was let go. */
  readonly onClosed: (reason: CloseReason) => void;
}
