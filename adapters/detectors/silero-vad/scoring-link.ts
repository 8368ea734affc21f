/** What the scoring thread is started with. */
export interface ScoringStart {
  readonly weightsPath: string;
  /** Expected digest of the weights, lower-case hexadecimal. */
  readonly sha256: string;
  /** Most rows of one run of the graph. */
  readonly maxRows: number;
}

/** To the thread: frames of all streams that are due. Sent again only after the answer. */
export interface ScoreRequest {
  /** Stream of each frame, in order; the buffers are transferred. */
  readonly streamIds: Int32Array<ArrayBuffer>;
  readonly pcm: Float32Array<ArrayBuffer>;
  /** Streams that are over: forgotten before anything is scored. */
  readonly ended: readonly number[];
}

/** From the thread. */
export type ScoringReply =
  /** The graph is loaded and has run once. */
  | { readonly type: 'ready' }
  /** Scores of the last request, in its order. */
  | {
      readonly type: 'scores';
      readonly probabilities: Float32Array<ArrayBuffer>;
      readonly batches: number;
      readonly invalidFrames: number;
      /** Time the thread spent on the request, ms. */
      readonly runMs: number;
    }
  /** It cannot go on; nothing follows. */
  | { readonly type: 'failed'; readonly message: string };

export interface ScoringLinkHandlers {
  reply(reply: ScoringReply): void;
  /** The thread is gone without having been ended. Called at most once. */
  lost(reason: string): void;
}

/** The way to the scoring thread. */
export interface ScoringLink {
  /** Hands the request's buffers over. */
  send(request: ScoreRequest): void;
  /** Idempotent, never rejects. No handler is called any more. */
  end(): Promise<void>;
}

export type OpenScoringLink = (start: ScoringStart, handlers: ScoringLinkHandlers) => ScoringLink;
