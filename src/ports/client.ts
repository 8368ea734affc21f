import type { BackendCapabilities, TurnAuthority } from './backend.ts';
import type { ConversationItem, ItemContent, MessageNote } from './conversation.ts';
import type { CallError } from './errors.ts';
import type { CloseReason, LogEntry } from './events.ts';
import type { CallSettings, LineOverrides } from './settings.ts';
import type { Socket } from './socket.ts';
import type { ToolApproval } from './tool-servers.ts';

/** An item as a client asks for it; the call gives it an id where it has none. */
export type NewItem =
  | {
      readonly kind: 'message';
      readonly role: 'system' | 'user' | 'assistant';
      readonly content: readonly (ItemContent & { readonly type: 'text' })[];
      readonly itemId: string | null;
      readonly note?: MessageNote;
    }
  | {
      readonly kind: 'tool_call';
      readonly toolCallId: string;
      readonly name: string;
      readonly arguments: string;
      readonly itemId: string | null;
    }
  | {
      readonly kind: 'tool_output';
      readonly toolCallId: string;
      readonly output: string;
      readonly itemId: string | null;
    };

/** Context of one answer instead of the conversation: items given in full, or ids of its own. */
export type InputItem = NewItem | { readonly kind: 'reference'; readonly itemId: string };

/** What a client asks of a call. Audio goes by `pushAudio`, not by command. */
export type ClientCommand =
  | { readonly type: 'configure'; readonly patch: Partial<CallSettings> }
  | { readonly type: 'commit' }
  | { readonly type: 'clear' }
  | {
      readonly type: 'respond';
      readonly requestId: string | null;
      readonly outOfBand: boolean;
      readonly overrides: LineOverrides;
      readonly metadata: Readonly<Record<string, string>> | null;
      readonly input: readonly InputItem[] | null;
    }
  /** `lineId` null: whatever answers in the conversation now. */
  | { readonly type: 'cancel'; readonly lineId: string | null }
  /** `after`: an item id, `root` for the front, `null` for the end. */
  | { readonly type: 'item.create'; readonly item: NewItem; readonly after: string | null }
  | { readonly type: 'item.delete'; readonly itemId: string }
  /** The client's word on a tool that the backend runs; `itemId` null: it gets one. */
  | ({ readonly type: 'server_tool.approve'; readonly itemId: string | null } & ToolApproval)
  | { readonly type: 'item.truncate'; readonly itemId: string; readonly audioEndMs: number }
  /** The client's player has played this much of the item: the truth about what was heard. */
  | { readonly type: 'playback'; readonly itemId: string; readonly playedMs: number }
  /** Forget everything not yet played. */
  | { readonly type: 'output.clear' }
  /** Silence now: the agent gives up the floor. */
  | { readonly type: 'interrupt' }
  /** The microphone is off, or on again. */
  | { readonly type: 'mute'; readonly muted: boolean }
  /** Push-to-talk key. */
  | { readonly type: 'ptt'; readonly pressed: boolean }
  /** A key of the telephone: `0`–`9`, `A`–`D`, `*`, `#`. */
  | { readonly type: 'dtmf'; readonly digit: string }
  /** Whether the client cancels echo itself. */
  | { readonly type: 'aec'; readonly active: boolean };

export type CommandResult =
  { readonly ok: true } | { readonly ok: false; readonly error: CallError };

/** What a client may learn of an item when it asks. `audio` is null where it is no longer kept. */
export interface RetrievedItem {
  readonly item: ConversationItem;
  /** In the client's format of that direction. */
  readonly audio: Uint8Array | null;
}

/** A piece of the downlink, in the client's output format, ready to be written. */
export interface DownlinkAudio {
  readonly lineId: string;
  readonly itemId: string;
  /** Position on the line, in samples at the client's rate. */
  readonly lineStartSample: number;
  readonly bytes: Uint8Array;
}

/**
 * A view that writes to a wire. Called in the order in which things happened, log entries and
 * audio interleaved; must not throw and must not call back into the call synchronously.
 */
export interface CallView {
  entry(entry: LogEntry): void;
  audio(audio: DownlinkAudio): void;
  /** Bytes accepted but not yet written to the network. */
  readonly unsentBytes: number;
  /** Latest round trip to the client, ms; 0 while unknown. */
  readonly roundTripMs: number;
  /** The call is over: say so on the wire and let go. */
  close(reason: CloseReason): void;
}

/** A running call as its client sees it. */
export interface CallControl {
  readonly callId: string;
  readonly agent: string;
  readonly authority: TurnAuthority;
  readonly capabilities: BackendCapabilities;
  /** Longest that the call may last, ms, counted from its start; `null` when there is no cap. */
  readonly sessionCapMs: number | null;
  /** Settings in force. */
  readonly settings: CallSettings;
  /** Replays the log so far into the view, then keeps it informed. One view a call. */
  attach(view: CallView): void;
  /** Whole samples in the client's input format; handed over. */
  pushAudio(bytes: Uint8Array): CommandResult;
  /** Why so much audio, bytes, may not come now, or `null`: to be asked before it is decoded. */
  audioRefusal(lengthBytes: number): CallError | null;
  /** Decided at once; what follows from it appears in the log, possibly before this returns. */
  execute(command: ClientCommand): CommandResult;
  retrieve(itemId: string): RetrievedItem | undefined;
  /** To another backend at the next pause; `null`: to the first that is not in use. Absent: it cannot. */
  handOver?(to: string | null): CommandResult;
  /** Its backend is lost from now on, as if it had died. Absent: it cannot be made to. */
  breakBackend?(): CommandResult;
  /** Idempotent. */
  close(reason: CloseReason): void;
}

/** What the upgrade request said, as far as a client protocol needs it. */
export interface ClientRequest {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Subprotocols offered, in order. */
  readonly subprotocols: readonly string[];
}

/** What every wire protocol that clients may speak has. */
interface ClientBase {
  readonly name: string;
  /** Path of its WebSocket, e.g. `/v1/realtime`. */
  readonly path: string;
  /** Keys that the request carries, wherever this protocol's clients put them. */
  credentials(request: ClientRequest): readonly string[];
  /** Subprotocol to select, or `null`; never one that carries a key. */
  subprotocol(request: ClientRequest): string | null;
  /** A reason to refuse the request outright, before anything else is looked at. */
  refusal(request: ClientRequest): CallError | null;
}

/** A protocol whose request says which agent is wanted. */
export interface ClientPort extends ClientBase {
  /** Agent or alias that is asked for; `null` = the server's default. */
  agent(request: ClientRequest): string | null;
  /**
   * Takes the open socket, the call and what the upgrade had said; owns the socket from here on.
   * The request is there for refusals that this protocol's clients expect on the open socket.
   */
  serve(socket: Socket, call: CallControl, request: ClientRequest): void;
}

/** A place for a call, before anybody said with which agent. */
export interface CallOpening {
  /** Who came in; `null` where no keys are configured. */
  readonly keyId: string | null;
  /**
   * Begins the call: once, and not after `leave`. A refusal may be followed by another try.
   *
   * @throws CallError where this agent cannot be had
   */
  open(agent: string | null): CallControl;
  /** No call is wanted (any more): gives the place back. Nothing happens once there is a call. */
  leave(): void;
}

/** A protocol that names its agent on the open socket, or joins what another socket began. */
export interface MeetingClientPort extends ClientBase {
  /** Whether a path below `path` is served as well. */
  serves(path: string): boolean;
  /** Takes the open socket; owns it, and the opening, from here on. */
  meet(socket: Socket, opening: CallOpening, request: ClientRequest): void;
}

export type AnyClientPort = ClientPort | MeetingClientPort;
