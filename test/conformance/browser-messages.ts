import type { ServerEvent } from '../ear/wire.ts';

/** What the process that plays the browser is told. */
export type BrowserOrder =
  | {
      readonly type: 'open';
      readonly url: string;
      readonly key: string;
      readonly agent: 'plain' | 'tables';
    }
  | { readonly type: 'send'; readonly event: ServerEvent }
  | { readonly type: 'audio'; readonly bytes: Uint8Array }
  | { readonly type: 'close' };

/** What it tells. */
export type BrowserReport =
  | { readonly type: 'opened' }
  | { readonly type: 'ready' }
  | { readonly type: 'event'; readonly event: ServerEvent }
  | { readonly type: 'audio'; readonly itemId: string; readonly bytes: Uint8Array }
  | { readonly type: 'interrupted' }
  | { readonly type: 'failed'; readonly message: string }
  | {
      readonly type: 'closed';
      readonly code: number;
      readonly reason: string;
      readonly dropped: readonly string[];
      readonly errors: readonly string[];
      /** The subprotocol that the server selected. */
      readonly protocol: string;
    };
