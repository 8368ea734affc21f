import type { GrowingFile, RecordingPlan } from '../../src/ports/recording.ts';
import type { S3Options } from './s3-store.ts';

/** What the recordings' thread begins with. */
export interface RecordingsStart {
  readonly folder: string;
  readonly s3: S3Options | null;
  readonly retentionDays: number | null;
  readonly minFreeBytes: number;
}

/** A piece of a file, and how often something was asked for it to be written. */
export interface FileWrite {
  readonly callId: string;
  readonly file: GrowingFile;
  readonly bytes: Uint8Array;
}

export type RecordingsRequest =
  | { readonly type: 'begin'; readonly callId: string; readonly place: string }
  | { readonly type: 'write'; readonly writes: readonly FileWrite[] }
  | { readonly type: 'finish'; readonly callId: string; readonly plan: RecordingPlan }
  | { readonly type: 'discard'; readonly callId: string }
  | { readonly type: 'close' };

export type RecordingsReply =
  | { readonly type: 'ready'; readonly problem: string | null }
  /** So many bytes are off the thread's hands. */
  | { readonly type: 'written'; readonly bytes: number }
  | { readonly type: 'failed'; readonly callId: string; readonly reason: string }
  | { readonly type: 'finished'; readonly callId: string }
  | { readonly type: 'figures'; readonly figures: Readonly<Record<string, number>> }
  | { readonly type: 'closed' };
