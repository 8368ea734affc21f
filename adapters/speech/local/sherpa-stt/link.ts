import type { RecognisedWord } from '../../../../src/ports/speech-to-text.ts';

/** What happened on a stream, in its order. */
export type StreamStep =
  /** Samples of the request's `pcm`, which has the steps' audio one after the other. */
  | {
      readonly type: 'audio';
      readonly streamId: number;
      readonly samples: number;
      readonly atMs: number;
    }
  | { readonly type: 'finish'; readonly streamId: number; readonly finishId: number }
  | { readonly type: 'clear'; readonly streamId: number }
  | { readonly type: 'close'; readonly streamId: number };

/** To the thread. Sent again only after the answer. */
export type RecogniserRequest =
  | {
      readonly type: 'steps';
      readonly steps: readonly StreamStep[];
      /** 16 kHz, transferred. */
      readonly pcm: Float32Array<ArrayBuffer>;
    }
  /** Be gone. */
  | { readonly type: 'end' };

/** What a stream's stretch is now taken to be. */
export interface PartialText {
  readonly streamId: number;
  readonly text: string;
}

export interface FinalText {
  readonly streamId: number;
  readonly finishId: number;
  readonly text: string;
  readonly words: readonly RecognisedWord[];
}

/** From the thread: the last request is worked off. */
export interface RecogniserReply {
  /** Of streams whose stretch goes on, where the text changed. */
  readonly partials: readonly PartialText[];
  readonly finals: readonly FinalText[];
  /** Time the thread spent on it, ms; and how many runs of the graph that took, over streams. */
  readonly decodeMs: number;
  readonly runs: number;
  /** Stretches decoded together at most. */
  readonly largestBatch: number;
}

/** What the thread is started with. */
export interface RecogniserStart {
  readonly encoder: string;
  readonly decoder: string;
  readonly joiner: string;
  readonly tokens: string;
  readonly threads: number;
  /** Silence that is added at a finish, so that the last word comes out, ms. */
  readonly tailMs: number;
}
