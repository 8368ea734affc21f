/** To the thread; the audio's buffers are transferred. */
export type EchoRequest =
  | { readonly type: 'open'; readonly streamId: number }
  | {
      readonly type: 'reference' | 'capture';
      readonly streamId: number;
      readonly pcm: Float32Array<ArrayBuffer>;
      readonly atMs: number;
    }
  | { readonly type: 'align'; readonly streamId: number; readonly delayMs: number }
  | { readonly type: 'close'; readonly streamId: number };

/** From the thread. */
export type EchoReply =
  /** A first canceller was made and thrown away: loading works. */
  | { readonly type: 'ready' }
  /** The answer to one `capture`, in order; may be empty. */
  | {
      readonly type: 'clean';
      readonly streamId: number;
      readonly pcm: Float32Array<ArrayBuffer>;
      /** Time the thread spent on it, ms. */
      readonly runMs: number;
    }
  /** This stream cannot go on. */
  | { readonly type: 'failed'; readonly streamId: number; readonly message: string };

export interface EchoLinkHandlers {
  reply(reply: EchoReply): void;
  /** The thread is gone without having been ended. Called at most once. */
  lost(reason: string): void;
}

/** The way to the thread. */
export interface EchoLink {
  send(request: EchoRequest): void;
  /** Idempotent, never rejects. No handler is called any more. */
  end(): Promise<void>;
}

export type OpenEchoLink = (handlers: EchoLinkHandlers) => EchoLink;
