import { StreamSpeech } from './stream-speech.ts';
import type { AudioFormat } from '../audio/format.ts';
import type { LineIntake } from './line-intake.ts';
import type { LineTrack } from './line-track.ts';
import type { StreamAction } from './stream-lines.ts';
import type { StreamFrame } from '../ports/backend.ts';

/** What the lines of a stream are made with. */
export interface StreamTarget {
  /** Call time, ms. */
  readonly nowMs: () => number;
  readonly intake: LineIntake;
  /** The in-band line that is open. */
  readonly active: () => LineTrack | null;
  readonly open: () => void;
  /** The open line is said to its end. */
  readonly complete: (track: LineTrack) => void;
  /** The model stopped for the caller. */
  readonly yield: () => void;
  readonly nonsense: (what: string) => void;
}

/** Makes lines of what a frame-synchronous backend says. No frame waits for anything here. */
export class StreamIntake {
  readonly #target: StreamTarget;
  readonly #speech = new StreamSpeech();

  constructor(target: StreamTarget) {
    this.#target = target;
  }

  /** The backend's output format, once it is open. */
  connect(format: AudioFormat): void {
    this.#speech.connect(format);
  }

  /** The line was stopped from here: the model may talk on, nobody hears it. */
  gate(): void {
    this.#speech.gate();
  }

  take(frame: StreamFrame): void {
    const active = this.#target.active();
    if (active !== null && active.line.cause !== 'stream') {
      this.#target.nonsense('a stream frame into a line that was asked for');
      return;
    }
    for (const action of this.#speech.take(frame)) this.#do(action, frame);
  }

  #do(action: StreamAction, frame: StreamFrame): void {
    const { active, complete, intake, nowMs, open, yield: giveUp } = this.#target;
    if (action === 'open') {
      open();
      return;
    }
    const track = active();
    switch (action) {
      case 'audio':
        if (track === null) return;
        track.lastEventAtMs = nowMs();
        intake.frame(track, frame);
        return;
      case 'complete':
        if (track !== null) complete(track);
        return;
      case 'yield':
        giveUp();
        return;
    }
  }
}
