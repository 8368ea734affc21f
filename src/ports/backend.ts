import type { AudioFormat } from '../audio/format.ts';
import type { Chunk } from '../audio/chunk.ts';
import type { Incoming } from '../streams/bounded-queue.ts';
import type { Clock } from '../time/clock.ts';
import type { IdSource } from '../time/ids.ts';
import type { CallSeed, ConversationItem, WordTime } from './conversation.ts';
import type { CallError } from './errors.ts';
import type { Logger } from './log.ts';
import type { CallSettings, LineOverrides, Modality } from './settings.ts';
import type { ServerToolEvent, ToolApproval } from './tool-servers.ts';

/** Who decides when a turn ends and whether the caller's voice stops the agent. */
export type TurnAuthority = 'gateway' | 'backend' | 'model';

/** What a backend can do, as data: the core asks these and never a vendor's name. */
export interface BackendCapabilities {
  /** Authorities it can live under, preferred first. `model` means it has no turns. */
  readonly authorities: readonly TurnAuthority[];
  /** A running line can be stopped. */
  readonly cancel: boolean;
  /** It can be told how much of a line was heard. */
  readonly truncate: boolean;
  /** A turn can be committed and an answer asked for. */
  readonly commit: boolean;
  /** It follows instructions. */
  readonly instructions: boolean;
  /** What a seed's history may consist of. */
  readonly seedHistory: 'none' | 'text' | 'audio';
  /** Items can be added to and deleted from its context during the call. */
  readonly appendContext: boolean;
  /** Lines outside the conversation, in parallel to it. */
  readonly outOfBand: boolean;
  readonly tools: 'none' | 'blocking' | 'asynchronous';
  readonly transcripts: {
    readonly caller: boolean;
    readonly agent: boolean;
    /** Agent words come with their times. */
    readonly wordTimes: boolean;
    /** What the caller says comes while it is said, as `caller.partial`; absent: it does not. */
    readonly partials?: boolean;
    /**
     * Each `line.text` comes right before the first audio of its words: what of it was heard can be
     * told stretch by stretch where there are no word times.
     */
    readonly paired?: boolean;
    /** It judges ends of turns itself, as `caller.turn`; absent: it does not. */
    readonly turnEvents?: boolean;
  };
  readonly modalities: readonly Modality[];
  /** Voices it has: names, `any` where it takes whatever it is given, `null` where it has one. */
  readonly voices: readonly string[] | 'any' | null;
  /** Formats it takes and gives, preferred first. */
  readonly inputFormats: readonly AudioFormat[];
  readonly outputFormats: readonly AudioFormat[];
  /** It accepts audio faster than real time. */
  readonly fasterThanRealTime: boolean;
  /** Longest session, ms; `null` when there is no cap. */
  readonly sessionCapMs: number | null;
  /** A lost session can be taken up again. */
  readonly resumption: boolean;
  /** Without turns, and yet it can be asked to speak, by `respond`; absent: it answers by itself only. */
  readonly promptable?: boolean;
  /** It decides by itself what to make of a note (`MessageItem.note`), and when; absent: it does not. */
  readonly notes?: boolean;
  /** It reaches MCP servers and runs their tools by itself; absent: it does not. */
  readonly toolServers?: boolean;
  /** It is told when the caller has the floor, as `caller.floor`; absent: it has no use for that. */
  readonly callerFloor?: boolean;
  /** It can begin answers that may be dropped unheard; absent: it cannot. */
  readonly speculation?: boolean;
  /** It can say words that it is given as they are, as `respond` with `words`; absent: it cannot. */
  readonly verbatim?: boolean;
  /** It tells when each stage of an answer was reached, as `line.stage`; absent: it does not. */
  readonly stages?: boolean;
  /** The upstream says itself how long its sessions were, as `usage`; absent: only our clock does. */
  readonly reportsTime?: boolean;
  /**
   * A session can be opened before it is needed (`BackendContext.ahead`) and told the conversation when
   * it is, by `BackendSession.seed`; absent: only with its opening.
   */
  readonly standby?: boolean;
  /** Settings that it does not take as freely as others; absent where it takes them all. */
  readonly rigid?: RigidSettings;
}

/** Settings that a backend takes only at the beginning of a call, or not at all. */
export interface RigidSettings {
  /** Fixed once audio has gone either way. */
  readonly afterStart: readonly ('instructions' | 'voice')[];
  /** Cannot be anything but what a call starts with. */
  readonly always: readonly ('toolChoice' | 'maxOutputTokens' | 'turnDetection')[];
  /** A single answer cannot differ from the call's settings, nor have a context of its own. */
  readonly perLine: boolean;
  /** Most tools it takes (a count); absent: any number. */
  readonly mostTools?: number;
}

/** What a session is opened with. Settings may change later by `configure`. */
export interface BackendContext {
  readonly callId: string;
  readonly agent: string;
  readonly authority: TurnAuthority;
  readonly settings: CallSettings;
  /** Formats on this side of the call's edge, chosen from the capabilities. */
  readonly inputFormat: AudioFormat;
  readonly outputFormat: AudioFormat;
  readonly seed: CallSeed | null;
  /** The session stands by: its seed comes later, by `BackendSession.seed`, or never. */
  readonly ahead?: true;
  /**
   * Caller audio of the latest seconds, in new memory, by positions of the chunks that were sent;
   * gives `null` where it is not kept (any more). There is none where the call does not keep what it
   * sends, as when it converts it.
   */
  readonly recall?: ((fromSample: number, toSample: number) => Uint8Array | null) | null;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Logger;
}

/** What the core tells a backend. The chunk's bytes may be kept: nobody writes to them again. */
export type BackendCommand =
  | { readonly type: 'audio'; readonly chunk: Chunk }
  | { readonly type: 'configure'; readonly settings: CallSettings }
  /** The caller's turn is finished: uplink samples [fromSample, toSample) at the input rate. */
  | {
      readonly type: 'commit';
      readonly itemId: string;
      readonly fromSample: number;
      readonly toSample: number;
      /** The turn is the caller's silence: nothing was said, and the agent is to speak up. */
      readonly silence?: true;
    }
  /**
   * The caller has the floor: what was said from this uplink sample on will be committed, or cleared.
   * A cough or an "mhm" over the agent never gets so far. Only to backends that ask for it.
   */
  | { readonly type: 'caller.floor'; readonly fromSample: number }
  /** Forget uplink audio that no commit has covered. */
  | { readonly type: 'clear' }
  /** Answer now, as line `lineId`. `input` replaces the conversation as context where given. */
  | {
      readonly type: 'respond';
      readonly lineId: string;
      /** Item under which the line will stand in the conversation. */
      readonly itemId: string;
      readonly outOfBand: boolean;
      readonly overrides: LineOverrides;
      readonly input: readonly ConversationItem[] | null;
      /** The answer that was begun as this speculation is the line; it takes no other input. */
      readonly speculationId?: number;
      /** The line says exactly this, and no model is asked. Only to backends that say they can. */
      readonly words?: string;
    }
  /**
   * Begin an answer to the conversation and this text of the caller's. No tool may run and no event
   * but `usage` may come of it before a `respond` adopts it. Only to backends that say they can.
   */
  | { readonly type: 'speculate'; readonly speculationId: number; readonly text: string }
  | { readonly type: 'speculation.drop'; readonly speculationId: number }
  /** Stop the line; the backend answers with `line.done` cancelled, or has already finished it. */
  | { readonly type: 'cancel'; readonly lineId: string }
  /** The caller heard this much of the line and no more will be played. */
  | {
      readonly type: 'truncate';
      readonly lineId: string;
      readonly heardMs: number;
      readonly heardText: string | null;
    }
  /** `afterItemId`: `null` = at the front, `undefined` = at the end. */
  | {
      readonly type: 'item.add';
      readonly item: ConversationItem;
      readonly afterItemId: string | null | undefined;
      /** The item is the output of a tool that brought nothing: in words, why. */
      readonly failed?: true;
    }
  | { readonly type: 'item.delete'; readonly itemId: string }
  /** To backends that say they run tools of servers: the client's word on a call. */
  | ({ readonly type: 'server_tool.approve'; readonly itemId: string } & ToolApproval);

/** Tokens or seconds as the upstream counted them; `null` where it did not say. */
export interface Usage {
  readonly inputTextTokens: number | null;
  readonly inputAudioTokens: number | null;
  readonly inputCachedTokens: number | null;
  readonly outputTextTokens: number | null;
  readonly outputAudioTokens: number | null;
  /** Cached input by modality, where the upstream tells it; parts of `inputCachedTokens`. */
  readonly inputCachedTextTokens?: number | null;
  readonly inputCachedAudioTokens?: number | null;
}

/** One frame of a backend without turns. Frames come in order, without gaps, silence included. */
export interface StreamFrame {
  /** Position on the backend's output, in samples at the output rate. */
  readonly startSample: number;
  readonly bytes: Uint8Array;
  /** Uplink position (input rate) that had been heard when this frame was made. */
  readonly heardInputSample: number;
  /** Words that belong to this frame, if the model writes them. */
  readonly text: string | null;
  /** Where they lie, ms from the frame's first sample; absent where the model tells no times. */
  readonly words?: readonly WordTime[];
  /** What the model says of itself: it began to speak, finished, or stopped for the caller. */
  readonly mark: 'speech_started' | 'speech_ended' | 'yielded' | null;
  /**
   * Where `text` lies on the output, and up to where its words have been told, samples: for words that
   * come later than their audio. Absent: they come with it.
   */
  readonly placed?: StreamPlace;
  /** It was made later than real time has for it. */
  readonly late?: true;
  /** It never marks anything: where it speaks, and that it stopped for the caller, is to be heard. */
  readonly unmarked?: true;
}

/** Positions of words on a backend's output, in samples at the output rate. */
export interface StreamPlace {
  readonly fromSample: number;
  readonly toSample: number;
  /** All words before this have been told. */
  readonly toldToSample: number;
}

/**
 * Stages of an answer inside a backend, in this order: the caller's words are known, the model wrote
 * its first token, a first clause was complete, its synthesis gave the first bytes.
 */
export type LineStage = 'transcript' | 'first_token' | 'first_clause' | 'first_synthesis';

/** How a line ended on the backend's side. */
export type LineOutcome =
  | { readonly status: 'completed' }
  | { readonly status: 'cancelled' }
  | { readonly status: 'incomplete'; readonly reason: 'max_output_tokens' | 'content_filter' }
  | { readonly status: 'failed'; readonly error: CallError };

/**
 * What a backend tells the core. `lineId` is the one of the `respond` command, or, under `backend`
 * authority, an id of the backend's own that first appears in `line.started`.
 */
export type BackendEvent =
  | { readonly type: 'line.started'; readonly lineId: string }
  /** Whole samples in the session's output format. The array is handed over. */
  | { readonly type: 'line.audio'; readonly lineId: string; readonly bytes: Uint8Array }
  /** Words of an audio line (with times where known), or the text of a text line. */
  | {
      readonly type: 'line.text';
      readonly lineId: string;
      readonly delta: string;
      readonly words: readonly WordTime[] | null;
    }
  | {
      readonly type: 'tool.called';
      /**
       * From a backend without turns: `null` where it belongs to what it says now or said last, or an id
       * of its own for all that it calls in one go, which ends with a `line.done` of that id.
       */
      readonly lineId: string | null;
      readonly toolCallId: string;
      readonly name: string;
      readonly arguments: string;
    }
  /** Something about a tool that the backend runs by itself. */
  | { readonly type: 'server_tool'; readonly event: ServerToolEvent }
  | {
      readonly type: 'line.done';
      readonly lineId: string;
      readonly outcome: LineOutcome;
      readonly usage: Usage | null;
    }
  | { readonly type: 'stream.frame'; readonly frame: StreamFrame }
  /** The backend's own detection (authority `backend`), uplink position at the input rate. */
  | { readonly type: 'caller.speech'; readonly speaking: boolean; readonly atSample: number }
  | {
      readonly type: 'caller.transcript';
      readonly itemId: string;
      readonly text: string;
      readonly final: boolean;
    }
  /** Words of the caller's, by their place on the uplink (input rate): whose turn they are is ours. */
  | {
      readonly type: 'caller.words';
      readonly text: string;
      readonly fromSample: number;
      readonly toSample: number;
    }
  /** Words of a committed turn were lost on its side: it cannot answer what was said. */
  | { readonly type: 'caller.lost'; readonly itemId: string }
  /**
   * Its upstream is gone in the middle of something that is said or owed, and will be looked for again:
   * told before anything else that comes of it, as somebody else may be there at once.
   */
  | { readonly type: 'upstream.lost'; readonly error: CallError }
  /**
   * What the caller says in the turn that is not committed yet, so far. `final`: these words will
   * not change any more.
   */
  | { readonly type: 'caller.partial'; readonly text: string; readonly final: boolean }
  /**
   * What the recogniser thinks of the turn: the caller has probably finished (0–1), went on after
   * all, or has surely finished.
   */
  | {
      readonly type: 'caller.turn';
      readonly event: 'eager_end' | 'resumed' | 'end';
      readonly probability: number;
    }
  /**
   * Text that the line is going to say, told before any sound of it. All of it comes again, as it is
   * and in this order, as `line.text`.
   */
  | { readonly type: 'line.ahead'; readonly lineId: string; readonly delta: string }
  /** A stage of the line's making was reached. Each stage at most once a line. */
  | {
      readonly type: 'line.stage';
      readonly lineId: string;
      readonly stage: LineStage;
      /** On the context's clock; before the line was asked for where it had been begun ahead. */
      readonly clockMs: number;
    }
  /**
   * Something was used that no `line.done` tells: by an answer that nobody got or that had ended
   * before this was known, by a recogniser, by a voice. `usage` is `null` where an answer was made
   * and the upstream did not say what it used.
   */
  | {
      readonly type: 'usage';
      readonly usage: Usage | null;
      /** Audio that a recogniser charges for, ms. */
      readonly recognisedAudioMs?: number;
      /** Given to a voice. */
      readonly spokenCharacters?: number;
      /** Time of its session that the upstream charges for, since it said so last, ms. */
      readonly sessionMs?: number;
    }
  /** The upstream is going to end the connection; the session tries to go on over another. */
  | { readonly type: 'leaving' }
  /** Something worth counting that did not end anything, e.g. input dropped. */
  | { readonly type: 'dropped'; readonly what: 'input'; readonly samples: number }
  /** The session is over by a fault; nothing follows. An end without it is an orderly close. */
  | { readonly type: 'failed'; readonly error: CallError };

/** One call's session with a backend. */
export interface BackendSession {
  /** Never throws and never blocks; `overflow` means the command was not taken (counted). */
  send(command: BackendCommand): 'ok' | 'overflow' | 'closed';
  /** Bounded; ends after `close` or after `failed`. One consumer. */
  readonly events: Incoming<BackendEvent>;
  /** What was said until now, told once, before any command, to a session that was opened ahead. */
  seed?(items: readonly ConversationItem[]): void;
  /** Idempotent. Frees everything at once; pending events may be lost. */
  close(): void;
}

export interface BackendPort {
  /** Name in the configuration. */
  readonly name: string;
  /** Kind of backend: `onnx`, `rehearsal`, … */
  readonly type: string;
  readonly capabilities: BackendCapabilities;
  /** Loads what must be there before the first call. Rejects with `CallError`. */
  prepare(signal: AbortSignal): Promise<void>;
  /** Rejects with `CallError` when the session cannot be had or `signal` aborts. */
  open(context: BackendContext, signal: AbortSignal): Promise<BackendSession>;
  /** Figures for `/metrics` and `/api/backends`: gauge or counter values by name. */
  figures(): Readonly<Record<string, number>>;
  close(): Promise<void>;
}
