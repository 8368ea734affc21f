import { bytesPerSample } from '../audio/format.ts';
import type { CallScope } from './scope.ts';
import type { Conversation } from './conversation.ts';
import type { DownlinkAudio } from '../ports/client.ts';
import type { LineTrack } from './line-track.ts';
import type { TurnInput } from '../turn/vocabulary.ts';

export interface LineDeliveryOptions {
  readonly scope: CallScope;
  readonly conversation: Conversation;
  readonly turn: (input: TurnInput) => void;
  readonly write: (audio: DownlinkAudio) => void;
  /** The first audible sample of an in-band line was given; its place on the line. */
  readonly audible: (track: LineTrack, onsetSample: number) => void;
}

/** What happens when a piece of a line is given to the client: counted, placed, logged, written. */
export class LineDelivery {
  readonly #options: LineDeliveryOptions;
  #heardAnything = false;

  constructor(options: LineDeliveryOptions) {
    this.#options = options;
  }

  /** Whether any in-band audio has been given to the client. */
  get heardAnything(): boolean {
    return this.#heardAnything;
  }

  /** In-band audio has been counted by the downlink already. */
  audio(track: LineTrack, bytes: Uint8Array): void {
    const { audible, scope, turn, write } = this.#options;
    const { lineId, itemId } = track.line;
    const lineStartSample = track.inBand
      ? track.sentSamples - bytes.byteLength / bytesPerSample(track.format.codec)
      : track.sentSamples;
    if (!track.inBand) track.sent(bytes, scope.nowMs());
    this.#place(track);
    if (lineStartSample === 0) {
      scope.log.append({ type: 'line.first_packet', lineId });
      if (track.inBand) {
        this.#heardAnything = true;
        turn({ type: 'line.audio', lineId });
      }
    }
    write({ lineId, itemId, lineStartSample, bytes });
    const onsetSample = track.onset.push(bytes);
    if (onsetSample === null) return;
    scope.log.append({ type: 'line.first_audio', lineId });
    if (track.inBand) audible(track, onsetSample);
  }

  text(track: LineTrack, delta: string): void {
    track.sentText += delta;
    this.#place(track);
    this.#options.scope.log.append({ type: 'line.text', lineId: track.line.lineId, delta });
  }

  #place(track: LineTrack): void {
    if (!track.placed && track.inBand) this.#options.conversation.addLine(track);
  }
}
