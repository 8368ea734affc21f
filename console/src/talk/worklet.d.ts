/** What an audio worklet's own global scope has; TypeScript's DOM library leaves it out. */
declare abstract class AudioWorkletProcessor {
  readonly port: MessagePort;
  constructor(options?: { readonly processorOptions?: unknown });
  abstract process(inputs: Float32Array[][], outputs: Float32Array[][]): boolean;
}
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;
/** Rate of the context, Hz. */
declare const sampleRate: number;
/** Time of the block's first sample on the context's clock, s. */
declare const currentTime: number;
