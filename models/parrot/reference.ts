/**
 * What `parrot.onnx` computes, one caller and one 80 ms frame at a time, written to be read.
 * `make.py` says the same as a graph; a test holds the two together, bit for bit.
 */

/** Samples of a frame: 80 ms at 24 kHz, in and out. */
export const frameSamples = 1920;
/** A frame is as loud as the loudest of its 20 ms windows. */
const windowSamples = 480;
/** Frames that are remembered: 20 s. */
const memoryFrames = 250;
/** Frames from before an utterance's first loud one that belong to it. */
const preRollFrames = 2;
/** Frames from after its last loud one. */
const hangoverFrames = 3;
/** Quiet frames that end an utterance: 640 ms. */
const quietFrames = 8;
/** Speech over the parrot that makes it stop: 480 ms. */
const yieldFrames = 6;

/** Sum of squared 16-bit samples of a window at this RMS level. */
const windowEnergy = (levelDbfs: number): number =>
  Math.round(windowSamples * 32768 ** 2 * 10 ** (levelDbfs / 10));
const onEnergy = windowEnergy(-45);
const offEnergy = windowEnergy(-50);

type ParrotMark = 'speech_started' | 'speech_ended' | 'yielded';

export interface ParrotFrame {
  /** What it says in this frame, 16-bit samples; all zero while it is silent. */
  readonly speech: Int16Array;
  readonly mark: ParrotMark | null;
}

/** One parrot listening to one caller. */
export class ParrotReference {
  /** Every frame heard since the start; the graph keeps the last `memoryFrames`. */
  readonly #heard: Int16Array[] = [];
  /** Frames heard before this one. Everything below that names a place counts in these. */
  #now = 0;
  /** The utterance being heard: whether there is one, where it began, quiet frames at its end. */
  #open = false;
  #start = 0;
  #quiet = 0;
  /** Whether any of it was said while the parrot was silent, or made it stop. */
  #due = false;
  /** The answer being said: frames [read, until) are still to come. */
  #read = 0;
  #until = 0;
  /** How much the caller has spoken over it: loud frames count up, quiet ones down. */
  #over = 0;
  /** Whether it spoke in the frame before. */
  #spoke = false;

  /** @param frame `frameSamples` 16-bit samples; kept, not written to */
  hear(frame: Int16Array): ParrotFrame {
    const now = this.#now;
    const speaking = this.#read < this.#until;
    const gateOpen = this.#open && this.#quiet === 0;
    const loud = loudestWindow(frame) >= (gateOpen ? offEnergy : onEnergy);

    if (loud && !this.#open) {
      this.#open = true;
      this.#start = Math.max(0, now - preRollFrames);
    }
    this.#quiet = this.#open && !loud ? this.#quiet + 1 : 0;
    const closes = this.#quiet >= quietFrames;

    this.#over = speaking && this.#open ? Math.max(0, this.#over + (loud ? 1 : -1)) : 0;
    const yields = this.#over >= yieldFrames;
    if (yields) {
      this.#until = this.#read;
      this.#over = 0;
    }

    if ((loud && !speaking) || yields) this.#due = true;
    if (closes) {
      if (this.#due) {
        this.#read = Math.max(this.#start, now - memoryFrames);
        this.#until = now - quietFrames + 1 + hangoverFrames;
      }
      this.#open = false;
      this.#due = false;
      this.#quiet = 0;
    }

    const speaks = this.#read < this.#until;
    const speech = speaks ? this.#heard[this.#read]!.slice() : new Int16Array(frameSamples);
    if (speaks) this.#read += 1;
    const mark = markOf(this.#spoke, speaks, yields);
    this.#spoke = speaks;
    this.#heard.push(frame);
    this.#now += 1;
    return { speech, mark };
  }
}

/** An ending is told with the first frame that is silent again. */
function markOf(spoke: boolean, speaks: boolean, yields: boolean): ParrotMark | null {
  if (speaks) return spoke ? null : 'speech_started';
  if (!spoke) return null;
  return yields ? 'yielded' : 'speech_ended';
}

/** Energy of the loudest window. Whole numbers below 2^53, so it has one value everywhere. */
function loudestWindow(frame: Int16Array): number {
  let loudest = 0;
  for (let start = 0; start < frameSamples; start += windowSamples) {
    let energy = 0;
    for (let i = start; i < start + windowSamples; i += 1) energy += frame[i]! ** 2;
    loudest = Math.max(loudest, energy);
  }
  return loudest;
}
