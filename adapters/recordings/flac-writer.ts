import flacFactory from 'libflacjs';

/** Channels of a recording: caller, agent. */
const channels = 2;
const bitsPerSample = 16;
/** libFLAC's 0–8: above 3 it takes twice the time for 1 % of speech. */
const compression = 3;
/** Where the stream's description lies in a file: behind `fLaC` and a block header. */
const streamInfoByte = 8;

// The asm.js build: the WebAssembly one asks `fetch` for its own file, which Node's does not give.
type Flac = ReturnType<typeof flacFactory>;
let library: Promise<Flac> | undefined;

function loaded(): Promise<Flac> {
  library ??= new Promise((resolve) => {
    const flac = flacFactory('min');
    if (flac.isReady()) resolve(flac);
    else flac.on('ready', () => resolve(flac));
  });
  return library;
}

/** What is written over the beginning of the file when its end is known. */
export interface StreamInfo {
  readonly atByte: number;
  readonly bytes: Uint8Array;
}

/** Encodes 16-bit stereo, block by block. */
export class FlacWriter {
  readonly #flac: Flac;
  readonly #encoder: number;
  #out: Uint8Array[] = [];
  #info: StreamInfo | null = null;

  private constructor(flac: Flac, rateHz: number, totalSamples: number) {
    this.#flac = flac;
    this.#encoder = flac.create_libflac_encoder(
      rateHz,
      channels,
      bitsPerSample,
      compression,
      totalSamples,
      false,
    );
    if (this.#encoder === 0) throw new RangeError(`no encoder for ${rateHz} Hz`);
    const status = flac.init_encoder_stream(
      this.#encoder,
      (bytes) => void this.#out.push(bytes.slice()),
      (info) => {
        if (info !== undefined) this.#info = { atByte: streamInfoByte, bytes: described(info) };
      },
    );
    if (status !== 0) throw new RangeError(`the encoder refuses ${rateHz} Hz (${status})`);
  }

  /** @throws RangeError for a rate that FLAC has not */
  static async open(rateHz: number, totalSamples: number): Promise<FlacWriter> {
    return new FlacWriter(await loaded(), rateHz, totalSamples);
  }

  /** @param interleaved left and right in turn. @returns bytes for the end of the file */
  write(interleaved: Int32Array<ArrayBuffer>): Uint8Array {
    const samples = interleaved.length / channels;
    if (!this.#flac.FLAC__stream_encoder_process_interleaved(this.#encoder, interleaved, samples)) {
      throw new Error('the encoder has failed');
    }
    return this.#take();
  }

  /** The rest, and what has to be written over the beginning. Nothing can be written after it. */
  finish(): { readonly rest: Uint8Array; readonly info: StreamInfo | null } {
    this.#flac.FLAC__stream_encoder_finish(this.#encoder);
    return { rest: this.#take(), info: this.#info };
  }

  /** Frees the encoder. To be called once. */
  close(): void {
    this.#flac.FLAC__stream_encoder_delete(this.#encoder);
  }

  #take(): Uint8Array {
    const bytes = Buffer.concat(this.#out);
    this.#out = [];
    return bytes;
  }
}

/** STREAMINFO, RFC 9639 section 8.2. */
function described(info: {
  readonly min_blocksize: number;
  readonly max_blocksize: number;
  readonly min_framesize: number;
  readonly max_framesize: number;
  readonly sampleRate: number;
  readonly total_samples: number;
  readonly md5sum: string;
}): Uint8Array {
  const bytes = Buffer.alloc(34);
  bytes.writeUInt16BE(info.min_blocksize, 0);
  bytes.writeUInt16BE(info.max_blocksize, 2);
  bytes.writeUIntBE(info.min_framesize, 4, 3);
  bytes.writeUIntBE(info.max_framesize, 7, 3);
  const high = Math.floor(info.total_samples / 2 ** 32);
  const format =
    (BigInt(info.sampleRate) << 44n) |
    (BigInt(channels - 1) << 41n) |
    (BigInt(bitsPerSample - 1) << 36n) |
    (BigInt(high) << 32n) |
    BigInt(info.total_samples >>> 0);
  bytes.writeBigUInt64BE(format, 10);
  bytes.write(info.md5sum, 18, 'hex');
  return bytes;
}
