/** The part of SpeexDSP's C interface (`speex_resampler.h`) that Parley calls; the package has no types. */
declare module '@echogarden/speex-resampler-wasm/simd' {
  /** Loads the WebAssembly that lies in the package. Addresses are byte offsets into its memory. */
  export default function load(): Promise<SpeexResamplerModule>;

  export interface SpeexResamplerModule {
    /** Views of the memory. Replaced whenever the memory grows: read them anew for each use. */
    readonly HEAPF32: Float32Array;
    readonly HEAPU32: Uint32Array;
    _malloc(bytes: number): number;
    _free(address: number): void;
    /** State of a new resampler, 0 where it failed. `quality` 0–10. */
    _speex_resampler_init(
      channels: number,
      fromHz: number,
      toHz: number,
      quality: number,
      errorAddress: number,
    ): number;
    _speex_resampler_destroy(state: number): void;
    /** The lengths are read as what there is and written as what was used; 0 means success. */
    _speex_resampler_process_float(
      state: number,
      channel: number,
      inputAddress: number,
      inputLengthAddress: number,
      outputAddress: number,
      outputLengthAddress: number,
    ): number;
    /** Half the filter, in input samples. */
    _speex_resampler_get_input_latency(state: number): number;
    /** Leaves out the filter's leading zeros, so that output begins where input begins. */
    _speex_resampler_skip_zeros(state: number): number;
    _speex_resampler_reset_mem(state: number): number;
  }
}
