/** As much of sherpa-onnx-node 1.13 as is used here; it comes without types. */
declare module 'sherpa-onnx-node' {
  interface Waveform {
    readonly samples: Float32Array;
    readonly sampleRate: number;
  }

  interface OnlineStream {
    acceptWaveform(wave: Waveform): void;
    inputFinished(): void;
  }

  interface OnlineResult {
    readonly text: string;
    readonly tokens: readonly string[];
    /** Seconds from the stream's begin, one for each token. */
    readonly timestamps: readonly number[];
    /** Natural logarithms of the tokens' probabilities; may be empty. */
    readonly ys_probs?: readonly number[];
  }

  class OnlineRecognizer {
    constructor(config: {
      readonly featConfig: { readonly sampleRate: number; readonly featureDim: number };
      readonly modelConfig: {
        readonly transducer: {
          readonly encoder: string;
          readonly decoder: string;
          readonly joiner: string;
        };
        readonly tokens: string;
        readonly numThreads: number;
        readonly provider: string;
        readonly debug: boolean;
      };
      readonly decodingMethod: 'greedy_search';
      readonly enableEndpoint: boolean;
    });
    createStream(): OnlineStream;
    isReady(stream: OnlineStream): boolean;
    decodeStreams(streams: readonly OnlineStream[]): void;
    getResult(stream: OnlineStream): OnlineResult;
  }

  class OfflineTts {
    static createAsync(config: {
      readonly model: Readonly<Record<string, unknown>>;
      readonly maxNumSentences: number;
    }): Promise<OfflineTts>;
    readonly numSpeakers: number;
    readonly sampleRate: number;
    generateAsync(request: {
      readonly text: string;
      readonly sid: number;
      readonly speed: number;
      /** Electron's memory rules apart, a copy is the safe choice. */
      readonly enableExternalBuffer: boolean;
      readonly onProgress: (part: { readonly samples: Float32Array }) => boolean;
    }): Promise<{ readonly samples: Float32Array; readonly sampleRate: number }>;
  }

  const sherpa: {
    readonly OnlineRecognizer: typeof OnlineRecognizer;
    readonly OfflineTts: typeof OfflineTts;
  };
  export default sherpa;
  export type { OnlineRecognizer, OnlineStream, OnlineResult, OfflineTts };
}
