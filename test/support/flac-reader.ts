import flacFactory from 'libflacjs';

/** Sound of a FLAC file. */
export interface FlacSound {
  readonly rateHz: number;
  readonly totalSamples: number;
  readonly channels: readonly Int16Array[];
}

/** Decodes a FLAC file and compares its samples with the sum that stands in it. @throws Error */
export async function readFlac(bytes: Uint8Array): Promise<FlacSound> {
  const flac = flacFactory('min');
  if (!flac.isReady()) await new Promise((resolve) => flac.on('ready', resolve));
  const decoder = flac.create_libflac_decoder(true);
  const blocks: Uint8Array[][] = [];
  let info: { sampleRate: number; total_samples: number } | undefined;
  let at = 0;
  const problems: unknown[] = [];
  const status = flac.init_decoder_stream(
    decoder,
    (wanted) => {
      const buffer = bytes.slice(at, at + wanted);
      at += buffer.length;
      return { buffer, readDataLength: buffer.length, error: false };
    },
    (channels) => void blocks.push(channels.map((channel) => channel.slice())),
    (code, name) => void problems.push([code, name]),
    (found) => {
      if (found !== undefined) info = found;
    },
  );
  if (status !== 0) throw new Error(`the decoder does not begin (${status})`);
  const done = flac.FLAC__stream_decoder_process_until_end_of_stream(decoder);
  const sound = flac.FLAC__stream_decoder_finish(decoder);
  flac.FLAC__stream_decoder_delete(decoder);
  if (!done || !sound || problems.length > 0 || info === undefined) {
    throw new Error(`not a sound FLAC file: ${JSON.stringify(problems)}`);
  }
  const channels = [0, 1].map((channel) => {
    const all = Buffer.concat(blocks.map((block) => block[channel]!));
    return new Int16Array(all.buffer.slice(all.byteOffset, all.byteOffset + all.byteLength));
  });
  return { rateHz: info.sampleRate, totalSamples: info.total_samples, channels };
}
