/** What is recorded of one connection to an upstream. Never throws, never waits. */
export interface WireRecording {
  /** The upgrade is through. */
  opened(): void;
  /** The bytes are copied: they may be used on. */
  frame(direction: WireDirection, data: string | Buffer, isBinary: boolean): void;
  /** Once; nothing is taken afterwards. */
  closed(direction: WireDirection, end: WireEnd): void;
}

/** `up`: from us to the upstream. */
export type WireDirection = 'up' | 'down';

export interface WireEnd {
  /** WebSocket close code; `null` where it never came to that. */
  readonly code: number | null;
  /** In the upstream's words, where it had any. */
  readonly reason: string;
}

/** What a connection begins with. */
export interface WireOpening {
  /** As it is dialled, with whatever key it carries: secrets are taken out before it is written. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly secret: string | null;
}

/** Records the connections of one backend. */
export interface WireRecorder {
  /** `null`: this one is not recorded, because there are too many already. */
  begin(opening: WireOpening): WireRecording | null;
  /** Counters by name, for the backend's figures. */
  figures(): Readonly<Record<string, number>>;
}

/** One line of a recording. Times are ms since the connection was begun. */
export type WireEntry =
  | {
      readonly atMs: 0;
      readonly direction: 'up';
      readonly kind: 'open';
      readonly format: typeof wireFormat;
      /** Its name in the configuration. */
      readonly backend: string;
      /** Kind of backend, as in `BackendPort`. */
      readonly type: string;
      /** ISO 8601. */
      readonly startedAt: string;
      readonly url: string;
      /** Names alone. */
      readonly headers: readonly string[];
    }
  | { readonly atMs: number; readonly direction: 'down'; readonly kind: 'open' }
  | {
      readonly atMs: number;
      readonly direction: WireDirection;
      readonly kind: 'text' | 'binary';
      /** Binary frames too, where they are UTF-8. */
      readonly data: string;
    }
  | {
      readonly atMs: number;
      readonly direction: WireDirection;
      readonly kind: 'binary';
      readonly base64: string;
    }
  | {
      readonly atMs: number;
      readonly direction: WireDirection;
      readonly kind: 'close';
      readonly code: number | null;
      readonly reason: string;
    }
  /** Frames are missing from here on, or up to here. */
  | { readonly atMs: number; readonly kind: 'gap'; readonly frames: number | null };

/** What the first line of a recording says that it is. */
export const wireFormat = 'parley-wire-1';
