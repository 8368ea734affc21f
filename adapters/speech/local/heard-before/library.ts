import { createResampler } from '../../../../src/audio/resampler.ts';
import { Fingerprinter, type SoundFrame } from './fingerprint.ts';
import { analysisHz, hopMs, windowMs } from './spectrum.ts';

/** Where a word lies in its recording, ms from the recording's begin. */
export interface KnownWord {
  readonly text: string;
  readonly startMs: number;
  readonly endMs: number;
}

/** A recording as it is given. */
export interface KnownSound {
  readonly samples: Float32Array;
  readonly rateHz: number;
  readonly text: string;
  /** One for each word of the text; without them words share the speech by their letters. */
  readonly words: readonly KnownWord[] | null;
}

/** A recording as it is kept: a stretch of the library's frames. */
export interface KnownRecording {
  readonly startFrame: number;
  readonly endFrame: number;
  readonly words: readonly KnownWord[];
}

/** Quieter than a recording's loudest frame by more than this, a frame is no speech, dB. */
const speechRangeDb = 30;
/** Longest library, s: what matching costs on the main thread grows with it. */
const librarySeconds = 120;

/** All recordings one after the other. */
export interface SoundLibrary {
  readonly recordings: readonly KnownRecording[];
  /** Fingerprints of all frames. */
  readonly bits: Uint16Array;
  readonly levelsDb: Float32Array;
  /** 1 where there is speech. */
  readonly speech: Uint8Array;
  /** The recording that a frame belongs to. */
  readonly owner: Uint16Array;
}

/**
 * Listens to all recordings. `prepareResampler` must have resolved.
 * @param pause awaited between recordings, so that others have their turn
 * @throws RangeError when there is more than a library can hold
 */
export async function soundLibrary(
  sounds: readonly KnownSound[],
  pause: () => Promise<void>,
): Promise<SoundLibrary> {
  const frames: SoundFrame[] = [];
  const recordings: KnownRecording[] = [];
  const speech: number[] = [];
  const owner: number[] = [];
  const limit = (librarySeconds * 1000) / hopMs;
  for (const sound of sounds) {
    const own = framesOf(sound);
    if (frames.length + own.length > limit) {
      throw new RangeError(`recordings may have ${librarySeconds} s together`);
    }
    const loudestDb = own.reduce((most, { levelDb }) => Math.max(most, levelDb), -Infinity);
    const spoken = own.map(({ levelDb }) => levelDb > loudestDb - speechRangeDb);
    const startFrame = frames.length;
    for (const [index, frame] of own.entries()) {
      frames.push(frame);
      speech.push(spoken[index] === true ? 1 : 0);
      owner.push(recordings.length);
    }
    const words = sound.words ?? spreadWords(sound.text, spoken);
    recordings.push({ startFrame, endFrame: frames.length, words });
    await pause();
  }
  return {
    recordings,
    bits: Uint16Array.from(frames, ({ bits }) => bits),
    levelsDb: Float32Array.from(frames, ({ levelDb }) => levelDb),
    speech: Uint8Array.from(speech),
    owner: Uint16Array.from(owner),
  };
}

function framesOf({ samples, rateHz }: KnownSound): SoundFrame[] {
  const resampler = createResampler({ fromHz: rateHz, toHz: analysisHz });
  const fingerprinter = new Fingerprinter();
  try {
    const frames = fingerprinter.push(resampler.process(samples).slice());
    return [...frames, ...fingerprinter.push(resampler.flush())];
  } finally {
    resampler.close();
  }
}

/** Each word gets the share of the speech, pauses left out, that it has of the letters. */
function spreadWords(text: string, spoken: readonly boolean[]): readonly KnownWord[] {
  const words = text.split(/\s+/u).filter((word) => word !== '');
  const moments = spoken.flatMap((is, frame) => (is ? [frame * hopMs + windowMs / 2] : []));
  const letters = words.reduce((sum, word) => sum + word.length, 0);
  let before = 0;
  return words.map((word) => {
    const at = (share: number): number =>
      moments[Math.min(moments.length - 1, Math.floor(share * moments.length))] ?? 0;
    const startMs = at(before / letters);
    before += word.length;
    return { text: word, startMs, endMs: at(before / letters) };
  });
}
