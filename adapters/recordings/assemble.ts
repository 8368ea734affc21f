import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { bytesPerSample, msToSamples, pcm24k, type AudioFormat } from '../../src/audio/format.ts';
import { encodePcm16 } from '../../src/audio/pcm16.ts';
import { createResampler, prepareResampler } from '../../src/audio/resampler.ts';
import { decodeSamples } from '../../src/audio/samples.ts';
import type { ChannelPlan, Placement, RecordingPlan } from '../../src/ports/recording.ts';
import { FlacWriter } from './flac-writer.ts';
import type { OpenFile } from './pending-call.ts';
import { TrackReader } from './track-reader.ts';

/** Name of the recording in its folder. */
const flacName = 'recording.flac';

/** Sound that is worked on at once, ms: between two pieces others get their turn. */
const blockMs = 500;
/** FLAC's streamable subset has every rate up to this one, Hz. */
const highestRateHz = 48_000;

interface Sounds {
  readonly caller: FileHandle;
  readonly agent: FileHandle;
}

/** Writes the two sides of a call as one FLAC file. @returns its length, bytes */
export async function writeFlac(
  folder: string,
  plan: RecordingPlan,
  sounds: Sounds,
  openFile: OpenFile,
): Promise<number> {
  const { rateHz } = plan.agent.format;
  if (rateHz > highestRateHz) throw new RangeError(`no recording at ${rateHz} Hz`);
  const caller = await atRate(folder, plan.caller, rateHz, sounds.caller, openFile);
  const left = new TrackReader(caller.file, caller.plan.format, caller.plan.placements);
  const right = new TrackReader(sounds.agent, plan.agent.format, plan.agent.placements);
  const samples = Math.max(
    msToSamples(plan.durationMs, rateHz),
    endOf(caller.plan.placements),
    endOf(plan.agent.placements),
  );
  const file = await openFile(join(folder, flacName), 'wx');
  const writer = await FlacWriter.open(rateHz, samples);
  try {
    const block = msToSamples(blockMs, rateHz);
    let lengthBytes = 0;
    const append = async (bytes: Uint8Array): Promise<void> => {
      await writeAll(file, bytes, lengthBytes);
      lengthBytes += bytes.byteLength;
    };
    for (let at = 0; at < samples; at += block) {
      const count = Math.min(block, samples - at);
      await append(
        writer.write(interleaved(await left.read(at, count), await right.read(at, count))),
      );
      await turn();
    }
    const { rest, info } = writer.finish();
    await append(rest);
    if (info !== null) await writeAll(file, info.bytes, info.atByte);
    await file.sync();
    return lengthBytes;
  } finally {
    writer.close();
    await file.close();
    if (caller.file !== sounds.caller) await caller.file.close();
  }
}

/** A side in the recording's rate. The agent's has it; the caller's is converted where it differs. */
async function atRate(
  folder: string,
  plan: ChannelPlan,
  rateHz: number,
  file: FileHandle,
  openFile: OpenFile,
): Promise<{ readonly file: FileHandle; readonly plan: ChannelPlan }> {
  const { format } = plan;
  if (format.rateHz === rateHz) return { file, plan };
  await prepareResampler();
  const converted = await openFile(join(folder, 'caller.converted'), 'w+');
  await convert(file, format, rateHz, converted);
  const scaled = (sample: number): number => Math.round((sample * rateHz) / format.rateHz);
  const placements = plan.placements.map(({ fromSample, samples, atSample }) => ({
    fromSample: scaled(fromSample),
    samples: scaled(fromSample + samples) - scaled(fromSample),
    atSample: scaled(atSample),
  }));
  return { file: converted, plan: { format: { ...pcm24k, rateHz }, placements } };
}

async function convert(
  from: FileHandle,
  { codec, rateHz: fromHz }: AudioFormat,
  toHz: number,
  to: FileHandle,
): Promise<void> {
  const resampler = createResampler({ fromHz, toHz });
  const block = new Uint8Array(msToSamples(blockMs, fromHz) * bytesPerSample(codec));
  try {
    let position = 0;
    let written = 0;
    for (;;) {
      const { bytesRead } = await from.read(block, 0, block.byteLength, position);
      if (bytesRead === 0) break;
      position += bytesRead;
      const whole = bytesRead - (bytesRead % bytesPerSample(codec));
      const pcm = encodePcm16(resampler.process(decodeSamples(block.slice(0, whole), codec)));
      await writeAll(to, pcm, written);
      written += pcm.byteLength;
      await turn();
    }
    await writeAll(to, encodePcm16(resampler.flush()), written);
  } finally {
    resampler.close();
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, atByte: number): Promise<void> {
  let written = 0;
  while (written < bytes.byteLength) {
    const left = bytes.byteLength - written;
    written += (await file.write(bytes, written, left, atByte + written)).bytesWritten;
  }
}

function interleaved(left: Int16Array, right: Int16Array): Int32Array<ArrayBuffer> {
  const both = new Int32Array(left.length * 2);
  for (let index = 0; index < left.length; index += 1) {
    both[2 * index] = left[index]!;
    both[2 * index + 1] = right[index]!;
  }
  return both;
}

function endOf(placements: readonly Placement[]): number {
  const last = placements.at(-1);
  return last === undefined ? 0 : last.atSample + last.samples;
}
