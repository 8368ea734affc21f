import type { TurnWeights } from './weights.ts';

/** What the scoring thread is started with. */
export type TurnStart = TurnWeights;

/** A piece of a stream's audio inside a request. */
export interface AudioPiece {
  readonly streamId: number;
  /** Position on the stream of its first sample. */
  readonly startSample: number;
  /** Samples of the request's `pcm`, which has the pieces one after the other. */
  readonly samples: number;
}

export interface TurnQuestion {
  readonly streamId: number;
  /** Position on the stream where the turn began. */
  readonly fromSample: number;
}

/** To the thread: audio of all streams, and at most one ask. Sent again only after the answer. */
export interface TurnRequest {
  readonly type: 'request';
  readonly pieces: readonly AudioPiece[];
  /** Transferred. */
  readonly pcm: Float32Array<ArrayBuffer>;
  /** Streams that are over: forgotten before anything else. */
  readonly ended: readonly number[];
  /** To be answered when all audio of the request is taken in. */
  readonly question: TurnQuestion | null;
}

/** To the thread: finish what is under way, and be gone. */
export interface TurnEnd {
  readonly type: 'end';
}

/** From the thread. */
export type TurnReply =
  /** The graph is loaded and has run once. */
  | { readonly type: 'ready' }
  /** The last request is worked off. */
  | {
      readonly type: 'done';
      /** The graph's own output; null when nothing was asked, or there was no audio to judge. */
      readonly raw: number | null;
      /** Time the thread spent on audio, and on the question (features and graph), ms. */
      readonly audioMs: number;
      readonly scoreMs: number;
    }
  /** It cannot go on; nothing follows. */
  | { readonly type: 'failed'; readonly message: string };

export interface TurnLinkHandlers {
  reply(reply: TurnReply): void;
  /** The thread is gone without having been ended. Called at most once. */
  lost(reason: string): void;
}

/** The way to the scoring thread. */
export interface TurnLink {
  /** Hands the request's buffer over. */
  send(request: TurnRequest): void;
  /** Idempotent, never rejects. No handler is called any more. */
  end(): Promise<void>;
}

export type OpenTurnLink = (start: TurnStart, handlers: TurnLinkHandlers) => TurnLink;
