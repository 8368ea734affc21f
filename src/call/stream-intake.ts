import { CallError } from '../ports/errors.ts';
import { samplesToMs, type AudioFormat } from '../audio/format.ts';
import { StreamSpeech } from './stream-speech.ts';
import type { LineIntake } from './line-intake.ts';
import type { LineOutcome, StreamFrame, Usage } from '../ports/backend.ts';
import type { LineTrack } from './line-track.ts';
import type { StreamAction } from './stream-lines.ts';
import type { WordTime } from '../ports/conversation.ts';

/** Who was asked to speak begins within this, ms of its stream, or does not. */
const promptLimitMs = 10_000;
/** Most words that wait for a line to stand in, characters. */
const lateLimit = 2_000;

/** What the lines of a stream are made with. */
export interface StreamTarget {
  /** Call time, ms. */
  readonly nowMs: () => number;
  readonly intake: LineIntake;
  /** The in-band line that is open. */
  readonly active: () => LineTrack | null;
  /** The caller speaks, whether or not anybody was told. */
  readonly callerTalks: () => boolean;
  /** The model begins to speak: in the line that waits for it, or in one of its own. */
  readonly open: () => void;
  /** The open line ends so. */
  readonly end: (track: LineTrack, outcome: LineOutcome, usage: Usage | null) => void;
  /** The model stopped for the caller. */
  readonly yield: () => void;
}

/**
 * Makes lines of what a frame-synchronous backend says. No frame waits for anything here. A line that
 * was asked for waits for the model's next speech, and is that.
 */
export class StreamIntake {
  readonly #target: StreamTarget;
  readonly #speech = new StreamSpeech();
  #rateHz = 1;
  /** Position of the open line's first frame on the backend's output. */
  #lineStartSample = 0;
  /** Words that came when no line was open any more. */
  #late = '';
  /** The place of the words that were taken last. */
  #told: StreamFrame['placed'] = undefined;
  /** End of the latest frame, and of what was cut off last: its words are said in no other line. */
  #atSample = 0;
  #cutSample = 0;
  /** How long the line that was asked for has waited, ms of the stream. */
  #waitedMs = 0;
  /** What was used for the open line, beside its voice. */
  #usage: Usage | null = null;

  constructor(target: StreamTarget) {
    this.#target = target;
  }

  /** The model is in the middle of a line. */
  get speaking(): boolean {
    return this.#speech.speaking;
  }

  /** The backend's output format, once it is open. */
  connect(format: AudioFormat): void {
    this.#rateHz = format.rateHz;
    this.#speech.connect(format);
  }

  /** The line was stopped from here: the model may talk on, nobody hears it. */
  gate(): void {
    this.#cutSample = this.#atSample;
    this.#speech.gate();
  }

  take(frame: StreamFrame): void {
    this.#atSample = frame.startSample + this.#speech.samples(frame);
    for (const action of this.#speech.take(frame, this.#target.callerTalks())) {
      this.#do(action, frame);
    }
    this.#text(frame);
    this.#wait(frame);
  }

  /** A line that only called tools, or does so while it speaks, has called all of them. */
  toolsDone(track: LineTrack, usage: Usage | null): void {
    this.#usage = usage ?? this.#usage;
    if (!this.speaking) this.#end(track, { status: 'completed' });
  }

  #do(action: StreamAction, frame: StreamFrame): void {
    const { active, intake, nowMs, open, yield: giveUp } = this.#target;
    if (action === 'open') {
      this.#lineStartSample = frame.startSample;
      open();
      const track = active();
      if (track !== null && this.#late !== '') this.#write(track, this.#late, null);
      this.#late = '';
      return;
    }
    const track = active();
    switch (action) {
      case 'audio':
        if (track === null) return;
        track.lastEventAtMs = nowMs();
        track.askedAtMs = null;
        if (frame.placed === undefined) intake.frame(track, frame, this.#msIntoLine(frame));
        else intake.frame(track, { ...frame, text: null }, 0);
        return;
      case 'complete':
        // Its last words may have come with this frame.
        this.#text(frame);
        if (track !== null) this.#end(track, { status: 'completed' });
        return;
      case 'yield':
        this.#usage = null;
        this.#cutSample = this.#atSample;
        giveUp();
        return;
    }
  }

  #end(track: LineTrack, outcome: LineOutcome): void {
    const usage = this.#usage;
    this.#usage = null;
    this.#target.end(track, outcome, usage);
  }

  /** Words that come later than their audio. */
  #text({ text, placed }: StreamFrame): void {
    if (text === null || placed === undefined || this.#told === placed) return;
    this.#told = placed;
    const track = this.#target.active();
    if (placed.fromSample < this.#cutSample) return;
    if (track?.outcome !== null) {
      if (this.#late.length < lateLimit) this.#late += text;
      return;
    }
    const at = (sample: number): number =>
      Math.max(0, samplesToMs(sample - this.#lineStartSample, this.#rateHz));
    const startMs = at(placed.fromSample);
    const word = { text: text.trim(), startMs, endMs: Math.max(startMs, at(placed.toSample)) };
    this.#write(track, text, word.text === '' ? null : [word]);
  }

  #write(track: LineTrack, text: string, words: readonly WordTime[] | null): void {
    this.#target.intake.take(track, {
      type: 'line.text',
      lineId: track.line.lineId,
      delta: track.text.text === '' ? text.trimStart() : text,
      words,
    });
  }

  /** Who was asked and says nothing has failed that line, not the call. */
  #wait(frame: StreamFrame): void {
    const track = this.#target.active();
    const asked = track !== null && track.outcome === null && track.line.cause !== 'stream';
    if (!asked || track.generatedSamples > 0) {
      this.#waitedMs = 0;
      return;
    }
    track.lastEventAtMs = this.#target.nowMs();
    this.#waitedMs += this.#speech.lengthMs(frame);
    if (this.#waitedMs < promptLimitMs) return;
    this.#waitedMs = 0;
    const message = `nothing was said within ${promptLimitMs} ms`;
    this.#end(track, { status: 'failed', error: new CallError('backend_stalled', message) });
  }

  #msIntoLine({ startSample }: StreamFrame): number {
    return samplesToMs(startSample - this.#lineStartSample, this.#rateHz);
  }
}
