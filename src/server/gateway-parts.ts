import type { CallOptions } from '../call/options.ts';
import type { ListenerDeclaration, VoiceDeclaration } from '../ports/agent.ts';
import type { BackendPort } from '../ports/backend.ts';
import type { AnyClientPort, CallControl } from '../ports/client.ts';
import type { DetectorPort } from '../ports/detector.ts';
import type { EchoCancellerPort } from '../ports/echo-canceller.ts';
import type { EndOfTurnPort } from '../ports/end-of-turn.ts';
import type { GateCheck, GateCheckPort } from '../ports/gate.ts';
import type { Logger } from '../ports/log.ts';
import type { RecordingPort } from '../ports/recording.ts';
import type { SpeechToTextPort } from '../ports/speech-to-text.ts';
import type { StorePort } from '../ports/store.ts';
import type { TextToSpeechPort } from '../ports/text-to-speech.ts';
import type { ToolPort } from '../ports/tool.ts';
import type { Clock } from '../time/clock.ts';
import type { IdSource } from '../time/ids.ts';
import type { BackendEntry, GatewayConfig } from './config.ts';
import type { RunningState } from './in-force.ts';
import type { ReloadOutcome } from './reloads.ts';
import type { Toolbox } from './toolbox.ts';

/** What a gateway is made of. It owns backends and detector and closes them at its end. */
export interface GatewayParts {
  readonly config: GatewayConfig;
  readonly clients: readonly AnyClientPort[];
  /** Makes a backend of a configuration; one that cannot be made refuses its calls. */
  readonly createBackend: (entry: BackendEntry) => BackendPort;
  readonly detector: DetectorPort | null;
  /** Nothing waits for it: without it, or until it is ready, silence ends turns. */
  readonly endOfTurn?: EndOfTurnPort | null;
  /** Makes it when an agent first wants it; nothing waits for it either. */
  readonly createCanceller?: (() => EchoCancellerPort) | null;
  readonly tools: readonly ToolPort[];
  /** Makes the tools that agents declare; absent: they have none. */
  readonly toolbox?: Toolbox | null;
  /** Makes the recognisers that agents have beside their backends; absent: there are none. */
  readonly createListener?: (declaration: ListenerDeclaration) => SpeechToTextPort;
  /** Makes the voices of what calls say without a backend; absent: they say nothing. */
  readonly createVoice?: (declaration: VoiceDeclaration) => TextToSpeechPort;
  /** Makes who is asked about what agents say; absent: nobody is asked. */
  readonly createGateCheck?: (check: GateCheck) => GateCheckPort;
  /** Keeps finished calls; absent: memory does. */
  readonly store?: StorePort | null;
  /** Makes what keeps recordings when a call is to be recorded; absent: none is. */
  readonly createRecordings?: (() => RecordingPort) | null;
  readonly createCall: (options: CallOptions) => CallControl;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Logger;
}

/** A server that runs. */
export interface Gateway {
  readonly host: string;
  readonly port: number;
  /** `http://…` or `https://…`, without a slash at the end. */
  readonly url: string;
  /** Resolves when every part is ready or has failed; what failed is in the reasons. */
  readonly prepared: Promise<readonly string[]>;
  /** Puts another configuration in force for new calls; running ones keep what they have. */
  reload(config: GatewayConfig): Promise<ReloadOutcome>;
  /** A configuration came that is not sound: the one in force stays, and the problems are shown. */
  refuse(problems: readonly string[]): void;
  /** What new calls get. For comparing: keys are in it as digests. */
  describe(): RunningState;
  /**
   * Takes no new calls, waits for the running ones up to the configured deadline, closes them
   * (1012), and frees everything. Asking again gives the same promise.
   */
  close(): Promise<void>;
  /** Closes running calls at once instead of waiting for the deadline. */
  closeNow(): Promise<void>;
}
