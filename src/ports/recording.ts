import type { AudioFormat } from '../audio/format.ts';

/** Files that grow while a call goes on. */
export type GrowingFile = 'caller' | 'agent' | 'events' | 'inputs' | 'sounds';

/** A stretch of a track and where it lies in the recording; samples at the track's own rate. */
export interface Placement {
  readonly fromSample: number;
  readonly samples: number;
  readonly atSample: number;
}

/** One channel: what of the bytes that were written is heard in it, in order, nothing twice. */
export interface ChannelPlan {
  readonly format: AudioFormat;
  readonly placements: readonly Placement[];
}

/** How the recording of a call is put together from what was written during the call. */
export interface RecordingPlan {
  /** Left: what the caller said. */
  readonly caller: ChannelPlan;
  /** Right: what the caller heard. Its rate is that of the recording. */
  readonly agent: ChannelPlan;
  readonly durationMs: number;
  /** Further files, text by name. */
  readonly documents: Readonly<Record<string, string>>;
}

/** Takes one call's recording. Nothing in here throws, blocks, or is told back to the call. */
export interface RecordingSink {
  /** Bytes are copied; text is written as a line. */
  write(file: GrowingFile, content: Uint8Array | string): void;
  /** The call is over: puts the recording together. What is written after it is lost. */
  finish(plan: RecordingPlan): void;
  /** There is to be no recording after all. */
  discard(): void;
}

/** A file of a recording, or a part of it. */
export interface RecordedFile {
  readonly stream: NodeJS.ReadableStream;
  /** Bytes of what is streamed. */
  readonly lengthBytes: number;
  /** Bytes of the whole file. */
  readonly totalBytes: number;
  /** First byte of what is streamed. */
  readonly fromByte: number;
}

/** Bytes of a file, both included; `null` = to the end. */
export interface ByteRange {
  readonly fromByte: number;
  readonly toByte: number | null;
}

/** Keeps recordings of calls. */
export interface RecordingPort {
  /**
   * @param place where it will lie: `<year>/<month>/<day>/<call id>`
   * @returns `null` where nothing can be recorded right now (counted)
   */
  begin(callId: string, place: string): RecordingSink | null;
  /** A file of a finished recording. @returns `null` where there is no such file (yet, or any more) */
  read(place: string, file: string, range: ByteRange | null): Promise<RecordedFile | null>;
  figures(): Readonly<Record<string, number>>;
  /** Puts together what is under way. Never rejects. */
  close(): Promise<void>;
}
