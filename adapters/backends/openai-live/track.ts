import type { BackendEvent, StreamFrame } from '../../../src/ports/backend.ts';
import { isAudible } from './audible.ts';
import type { UpstreamEvent } from './decode.ts';
import type { History } from './history.ts';
import { Places } from './places.ts';

/** The upstream's output track and both transcripts, on the call's own positions. */
export class Track {
  readonly #history: History;
  readonly #emit: (event: BackendEvent) => void;
  readonly #places = new Places();
  /** Uplink position that had been sent. */
  #heardInputSample = 0;
  /** The next frame says where words are counted from. */
  #fresh = true;

  constructor(history: History, emit: (event: BackendEvent) => void) {
    this.#history = history;
    this.#emit = emit;
  }

  /** Another session: its clock begins at 0. */
  restart(): void {
    this.#places.restart();
    this.#fresh = true;
  }

  /** A frame of the caller's was sent, which ends at this uplink position. */
  sent(toSample: number): void {
    this.#heardInputSample = toSample;
    this.#places.sent(toSample);
  }

  /** @returns whether something is to be heard in it */
  audio(bytes: Uint8Array): boolean {
    const startSample = this.#places.came(bytes.byteLength / 2);
    const fresh = this.#fresh;
    this.#fresh = false;
    const placed = { fromSample: startSample, toSample: startSample, toldToSample: startSample };
    this.#frame({ startSample, bytes, ...(fresh ? { placed } : {}) });
    return isAudible(bytes);
  }

  /** Words come later than their audio. */
  words({ speaker, text, fromMs, toMs }: UpstreamEvent & { readonly type: 'words' }): void {
    if (speaker === 'caller') {
      this.#history.said('user', text);
      const fromSample = this.#places.uplinkSample(fromMs);
      const toSample = Math.max(fromSample, this.#places.uplinkSample(toMs));
      this.#emit({ type: 'caller.words', text, fromSample, toSample });
      return;
    }
    this.#history.said('assistant', text);
    const fromSample = this.#places.outputAt(fromMs);
    const toSample = this.#places.outputAt(toMs);
    const startSample = this.#places.outputSample;
    const placed = { fromSample, toSample, toldToSample: toSample };
    this.#frame({ startSample, bytes: new Uint8Array(0), text, placed });
  }

  /** What it was saying goes no further. */
  broken(): void {
    const startSample = this.#places.outputSample;
    this.#frame({ startSample, bytes: new Uint8Array(0), mark: 'speech_ended' });
  }

  #frame(frame: Pick<StreamFrame, 'startSample' | 'bytes'> & Partial<StreamFrame>): void {
    const heardInputSample = this.#heardInputSample;
    const plain = { text: null, mark: null, unmarked: true, heardInputSample } as const;
    this.#emit({ type: 'stream.frame', frame: { ...plain, ...frame } });
  }
}
