import type { CallView, DownlinkAudio } from '../ports/client.ts';
import type { CloseReason, LogEntry } from '../ports/events.ts';

/** A view whose audio somebody else sees first. */
export class RecordedView implements CallView {
  readonly #view: CallView;
  readonly #onAudio: (audio: DownlinkAudio) => void;

  constructor(view: CallView, onAudio: (audio: DownlinkAudio) => void) {
    this.#view = view;
    this.#onAudio = onAudio;
  }

  get unsentBytes(): number {
    return this.#view.unsentBytes;
  }

  get roundTripMs(): number {
    return this.#view.roundTripMs;
  }

  entry(entry: LogEntry): void {
    this.#view.entry(entry);
  }

  audio(audio: DownlinkAudio): void {
    // First: the view hands the bytes over.
    this.#onAudio(audio);
    this.#view.audio(audio);
  }

  close(reason: CloseReason): void {
    this.#view.close(reason);
  }
}
