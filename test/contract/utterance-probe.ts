import type { SpeechEvent, SpeechPiece, Utterance } from '../../src/ports/text-to-speech.ts';
import type { PassTime } from './session-probe.ts';

const stepMs = 20;
/** Steps of waiting before a test gives up (a count): 30 s. */
const stepLimit = 1500;

/** Waits until something holds. @throws Error saying what did not come */
export async function waitFor(pass: PassTime, what: string, holds: () => boolean): Promise<void> {
  for (let step = 0; step < stepLimit; step += 1) {
    if (holds()) return;
    await pass(stepMs);
  }
  throw new Error(`waited in vain: ${what}`);
}

/** Consumes an utterance's events and keeps them. */
export class UtteranceProbe {
  readonly utterance: Utterance;
  readonly events: SpeechEvent[] = [];
  readonly #pass: PassTime;
  #ended = false;
  #nextPiece = 1;

  constructor(utterance: Utterance, pass: PassTime) {
    this.utterance = utterance;
    this.#pass = pass;
    void this.#read();
  }

  /** The iteration over the events is over. */
  get ended(): boolean {
    return this.#ended;
  }

  /** The last event, where it is one that ends an utterance. */
  get outcome(): (SpeechEvent & { readonly type: 'done' | 'failed' }) | null {
    const last = this.events.at(-1);
    return last?.type === 'done' || last?.type === 'failed' ? last : null;
  }

  get audio(): Uint8Array {
    return Buffer.concat(this.of('audio').map((event) => event.bytes));
  }

  of<T extends SpeechEvent['type']>(type: T): readonly Extract<SpeechEvent, { type: T }>[] {
    return this.events.filter((event) => event.type === type) as Extract<
      SpeechEvent,
      { type: T }
    >[];
  }

  /** Gives the next piece, numbered from 1. */
  say(text: string, more: Partial<SpeechPiece> = {}): this {
    const pieceId = this.#nextPiece++;
    this.utterance.say({ pieceId, text, styles: [], flush: false, ...more });
    return this;
  }

  async firstAudio(): Promise<this> {
    await waitFor(this.#pass, 'audio', () => this.#ended || this.of('audio').length > 0);
    return this;
  }

  /** Until the iteration is over. */
  async finished(): Promise<this> {
    await waitFor(this.#pass, 'the end of an utterance', () => this.#ended);
    return this;
  }

  async #read(): Promise<void> {
    for await (const event of this.utterance.events) {
      // The bytes may be the adapter's: what is kept is a copy.
      this.events.push(
        event.type === 'audio' ? { ...event, bytes: new Uint8Array(event.bytes) } : event,
      );
    }
    this.#ended = true;
  }
}
