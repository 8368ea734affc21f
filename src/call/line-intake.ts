import { CallError } from '../ports/errors.ts';
import { bytesPerSample, type AudioFormat } from '../audio/format.ts';
import { LineConverters } from './line-converters.ts';
import type { BackendEvent, StreamFrame } from '../ports/backend.ts';
import type { Downlink } from './downlink.ts';
import type { LineGate } from './line-gate.ts';
import type { LinePiece } from './gate-hold.ts';
import type { LineDelivery } from './line-delivery.ts';
import type { LineTrack } from './line-track.ts';
import type { StaleWork } from './stale-work.ts';
import type { WordTime } from '../ports/conversation.ts';

/** Most text one line may have, characters. */
const textLimitCharacters = 1_000_000;

type LineEvent = BackendEvent & {
  type: 'line.started' | 'line.ahead' | 'line.audio' | 'line.text';
};

export interface LineIntakeOptions {
  readonly downlink: Downlink;
  readonly delivery: LineDelivery;
  readonly stale: StaleWork;
  /** What is said waits there until it may be; `null`: nothing waits. */
  readonly gate: LineGate | null;
  /** The backend's text comes right before the audio that says it. */
  readonly paired: () => boolean;
  /** The backend broke its side: it is to be given up. */
  readonly onBackendFault: (error: CallError) => void;
}

/**
 * What the backend generates, on its way in: converted, counted, and put where its line goes. In-band
 * audio and its transcript queue on the downlink; everything else goes straight through.
 */
export class LineIntake {
  readonly #options: LineIntakeOptions;
  readonly #converters = new LineConverters();

  constructor(options: LineIntakeOptions) {
    this.#options = options;
  }

  /** The backend's output format, once it is open. */
  connect(format: AudioFormat): void {
    this.#converters.connect(format);
    this.#options.gate?.connect(format);
  }

  /** What the backend says into a line; its bytes are kept. */
  take(track: LineTrack, event: LineEvent): void {
    switch (event.type) {
      case 'line.started':
        return;
      case 'line.ahead':
        this.#options.gate?.ahead(track, event.delta);
        return;
      case 'line.audio':
        this.#audio(track, event.bytes);
        return;
      case 'line.text':
        this.#text(track, event);
        return;
    }
  }

  /**
   * A piece of a stream's line: its audio, and the words that came with it.
   * @param atMs where it begins on the line
   */
  frame(track: LineTrack, { bytes, text, words }: StreamFrame, atMs: number): void {
    this.#audio(track, bytes);
    if (text === null || track.closed) return;
    const onLine = words?.map((word) => ({
      text: word.text,
      startMs: atMs + word.startMs,
      endMs: atMs + word.endMs,
    }));
    this.#text(track, { delta: text, words: onLine ?? null });
  }

  /** The backend has said all of the line: what a change of rate held back comes too. */
  flush(track: LineTrack): void {
    this.#push(track, this.#converters.flush(track));
  }

  /** The gate lets go of a piece. */
  say(track: LineTrack, piece: LinePiece): void {
    if (piece.kind === 'audio') this.#push(track, this.#converters.convert(track, piece.bytes));
    else this.#write(track, piece);
  }

  /** The line is over. */
  close(track: LineTrack): void {
    this.#options.gate?.drop(track);
    this.#converters.close(track);
  }

  /** @param bytes in the backend's format */
  #audio(track: LineTrack, bytes: Uint8Array): void {
    if (track.line.modality === 'text') {
      this.#options.stale.dropSound(track.line.lineId);
      return;
    }
    if (!this.#converters.fits(track, bytes)) {
      this.#options.stale.nonsense('audio that is not whole samples');
      return;
    }
    if (this.#options.gate?.audio(track, bytes) === true) return;
    this.#push(track, this.#converters.convert(track, bytes));
  }

  #text(track: LineTrack, event: Pick<LineEvent & { type: 'line.text' }, 'delta' | 'words'>): void {
    const { gate, onBackendFault } = this.#options;
    const { delta, words } = event;
    if (track.text.text.length + delta.length > textLimitCharacters) {
      onBackendFault(
        new CallError('queue_overflow', `more than ${textLimitCharacters} characters in one line`),
      );
      return;
    }
    if (gate?.text(track, delta, words) !== true) this.#write(track, { delta, words });
  }

  #write(
    track: LineTrack,
    { delta, words }: Pick<LineEvent & { type: 'line.text' }, 'delta' | 'words'>,
  ): void {
    const { delivery, downlink } = this.#options;
    const onLine = behind(track.prefaceMs, words);
    const { prefaceMs, prefaceText, text } = track;
    const begins = prefaceMs > 0 && text.text === prefaceText ? prefaceMs : null;
    text.append(delta, onLine, this.#options.paired() ? track.generatedMs : begins);
    text.came(track.generatedMs);
    if (!track.inBand || track.line.modality === 'text') delivery.text(track, delta);
    else downlink.pushText(track, delta, onLine?.[0]?.startMs ?? null);
  }

  /** @param bytes in the client's format */
  #push(track: LineTrack, bytes: Uint8Array): void {
    if (bytes.byteLength === 0) return;
    const { delivery, downlink, onBackendFault } = this.#options;
    if (!track.inBand) {
      track.generatedSamples += bytes.byteLength / bytesPerSample(track.format.codec);
      delivery.audio(track, bytes);
      return;
    }
    if (!downlink.pushAudio(track, bytes)) {
      onBackendFault(new CallError('queue_overflow', 'more than 120 s of agent audio is unplayed'));
    }
  }
}

/** The backend counts from its own first sample. */
function behind(prefaceMs: number, words: readonly WordTime[] | null): readonly WordTime[] | null {
  if (prefaceMs === 0 || words === null) return words;
  return words.map(({ text, startMs, endMs }) => ({
    text,
    startMs: startMs + prefaceMs,
    endMs: endMs + prefaceMs,
  }));
}
