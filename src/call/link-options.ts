import type { BackendUplink } from './backend-uplink.ts';
import type {
  BackendCommand,
  BackendContext,
  BackendEvent,
  BackendPort,
  BackendSession,
} from '../ports/backend.ts';
import type { CallError } from '../ports/errors.ts';
import type { Clock } from '../time/clock.ts';
import type { HandoverCause } from '../ports/events.ts';
import type { LiveBackendEvent } from './backend-events.ts';

/** A session that is open before the call needs it. */
export interface ReadySession {
  readonly session: BackendSession;
  /** It knows everything but this, and was asked for what is owed; `null`: it was told nothing yet. */
  readonly missed: readonly BackendCommand[] | null;
  /** The caller's side as it has been told so far; absent: it has not been told any. */
  readonly uplink?: BackendUplink;
}

export interface BackendLinkOptions {
  /** Preferred first; the next is tried when one does not open. */
  readonly backends: readonly BackendPort[];
  /** Who is tried, in this order, when one in use is lost; nobody: the call has lost its answer. */
  readonly successors: (lost: BackendPort) => readonly BackendPort[];
  readonly clock: Clock;
  /**
   * Asked for each opening but the first one: resolves when it may begin; `null`: now. Rejects where
   * this backend is not to be tried. Absent: nobody waits.
   */
  readonly admit?: (port: BackendPort, signal: AbortSignal) => Promise<void> | null;
  /**
   * A session that is open already, which the call takes over instead of opening one; `null`: there is
   * none. Absent: there never is.
   */
  readonly adopt?: (port: BackendPort) => ReadySession | null;
  /** What to open this backend with, asked when its turn comes. */
  readonly context: (port: BackendPort) => BackendContext;
  /** A command in the terms of the backend that gets it, when it is sent; `null` = nothing. */
  readonly adapt: (command: BackendCommand) => BackendCommand | null;
  readonly onOpening: (port: BackendPort, ready: ReadySession | null) => void;
  readonly onReady: (port: BackendPort, openMs: number) => void;
  /** It has been sent all that it had to be told first. */
  readonly onServing: (port: BackendPort) => void;
  readonly onEvent: (event: LiveBackendEvent) => void;
  /** The loss in what a backend says, asked where another could take over; `null`: there is none. */
  readonly lossIn: (event: LiveBackendEvent) => CallError | null;
  /**
   * A backend in use is lost, and `onFailed` was told, or is left; another is about to be opened.
   * @param to who is tried first
   */
  readonly onHandover: (
    lost: BackendPort,
    error: CallError,
    to: BackendPort,
    cause: HandoverCause,
  ) => void;
  /** What a backend that has just opened is sent, from what waited for it. */
  readonly first: (
    port: BackendPort,
    waiting: readonly BackendCommand[],
  ) => readonly BackendCommand[];
  /** What a backend is sent that has taken part already, from what it has not been told. */
  readonly caughtUp: (missed: readonly BackendCommand[]) => readonly BackendCommand[];
  /**
   * Asked for what the backend in use says, before anything else: whether somebody keeps it to give it
   * back by {@link BackendLink.takeBack}. Absent: nobody does.
   */
  readonly holds?: (event: LiveBackendEvent) => boolean;
  /** A session is left. Whether it is closed by whoever is told, who hears it by `retired` until then. */
  readonly retire?: (port: BackendPort, session: BackendSession) => boolean;
  /** What a session says that was left. @returns false when nothing more of it is wanted */
  readonly retired?: (session: BackendSession, event: BackendEvent) => boolean;
  /** One backend is out. `last`: no other is left, the call has lost its answer. */
  readonly onFailed: (port: BackendPort, error: CallError, last: boolean) => void;
  /** Uplink samples (client rate) that the backend was not open for or did not take. */
  readonly onDropped: (samples: number) => void;
}
