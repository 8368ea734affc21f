import type { FrameOutput } from './frame-output.ts';

/** What the main thread tells a model's thread. One message a tick carries all rows' frames. */
export type ToModel =
  /** `pcm`: a frame of 16-bit samples for each of `slots`, one after the other; transferred. */
  | {
      readonly type: 'step';
      readonly slots: readonly number[];
      readonly pcm: Int16Array<ArrayBuffer>;
      /** What a tool brought, for each of `slots`: a number of the manifest's, 0 = nothing. */
      readonly toolResults: readonly number[];
    }
  /** A call is gone: its row is wiped, and begins anew with the next step that names it. */
  | { readonly type: 'leave'; readonly slot: number };

/** What a model's thread answers. Each `step` gets one `stepped`, in order. */
export type FromModel =
  | { readonly type: 'ready' }
  | { readonly type: 'refused'; readonly message: string }
  | {
      readonly type: 'stepped';
      /** A frame of output for each of the step's slots; transferred. */
      readonly pcm: Int16Array<ArrayBuffer>;
      /** What else came with each frame; `null` where the row did not run. */
      readonly outputs: readonly (FrameOutput | null)[];
      /** Rows whose state is full and that did not run. */
      readonly full: readonly boolean[];
      /** Time the graphs took, ms. */
      readonly runMs: number;
    }
  /** A run failed; the thread does nothing any more. */
  | { readonly type: 'fault'; readonly message: string };
