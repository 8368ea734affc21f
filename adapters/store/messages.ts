import type { CallQuery, CallRecord, Delivery, StoredCall } from '../../src/ports/store.ts';
import type { LogEntry } from '../../src/ports/events.ts';
import type { DatabaseOptions } from './database.ts';
import type { DeliveryTrouble, Endpoint } from './deliverer.ts';

/** What the store's thread begins with. Holds secrets: it is never printed. */
export interface StoreStart {
  readonly database: DatabaseOptions;
  readonly endpoints: readonly Endpoint[];
  /** Days after which a call is deleted; `null`: never. */
  readonly retentionDays: number | null;
  /** Most calls that are kept (a count); `null`: all. */
  readonly maxCalls: number | null;
}

export type StoreRequest =
  /** The log comes in pieces before its call. */
  | { readonly type: 'events'; readonly callId: string; readonly events: readonly LogEntry[] }
  | {
      readonly type: 'put';
      readonly record: Omit<CallRecord, 'events'>;
      readonly deliveries: readonly Delivery[];
    }
  | { readonly type: 'tell'; readonly deliveries: readonly Delivery[] }
  | { readonly type: 'get'; readonly askId: number; readonly callId: string }
  | { readonly type: 'list'; readonly askId: number; readonly query: CallQuery }
  | { readonly type: 'close' };

export type StoreReply =
  /** It is on the disk. */
  | { readonly type: 'stored'; readonly callId: string }
  /** Room was needed: it is lost. */
  | { readonly type: 'lost'; readonly callId: string }
  | { readonly type: 'got'; readonly askId: number; readonly call: StoredCall | null }
  | { readonly type: 'listed'; readonly askId: number; readonly calls: readonly string[] }
  | { readonly type: 'refused'; readonly askId: number; readonly reason: string }
  | { readonly type: 'trouble'; readonly reason: string }
  | { readonly type: 'delivery'; readonly trouble: DeliveryTrouble }
  | { readonly type: 'figures'; readonly figures: Readonly<Record<string, number>> }
  | { readonly type: 'closed' };
