/** To a voice's thread. Jobs are done in their order. */
export type VoiceRequest =
  | {
      readonly type: 'speak';
      readonly jobId: number;
      readonly text: string;
      readonly voice: string | null;
      /** Rate of the samples that come back, Hz. */
      readonly rateHz: number;
    }
  /** What is left of this job is not wanted. */
  | { readonly type: 'stop'; readonly jobId: number }
  /** Finish what is under way, and be gone. */
  | { readonly type: 'end' };

/** From a voice's thread. */
export type VoiceReply =
  | {
      readonly type: 'audio';
      readonly jobId: number;
      /** 16-bit PCM at the job's rate, transferred. */
      readonly bytes: Uint8Array<ArrayBuffer>;
    }
  | {
      readonly type: 'done';
      readonly jobId: number;
      /** Time the thread spent on it, ms. */
      readonly synthesisMs: number;
      /** Length of what came of it, ms. */
      readonly audioMs: number;
    }
  /** This job cannot be done; others can. */
  | { readonly type: 'refused'; readonly jobId: number; readonly message: string };

/** What a voice's thread tells when it is ready. */
export interface VoiceReady {
  /** Rate that costs no conversion, Hz. */
  readonly rateHz: number;
  /** Names; `null` where there is one voice. */
  readonly voices: readonly string[] | null;
}
