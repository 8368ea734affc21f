import { ChunkTimeline } from '../../src/audio/chunk.ts';
import { msToSamples, samplesToMs, type AudioFormat } from '../../src/audio/format.ts';
import { encodeSamples } from '../../src/audio/samples.ts';
import type { SpeechToTextEvent, SpeechToTextSession } from '../../src/ports/speech-to-text.ts';
import { countedSpeech } from '../ear/counted-speech.ts';

type Final = SpeechToTextEvent & { readonly type: 'final' };
type Partial_ = SpeechToTextEvent & { readonly type: 'partial' };

/** Speaks to a recogniser and keeps what it says, the way a call does. */
export class SttProbe {
  readonly session: SpeechToTextSession;
  readonly events: SpeechToTextEvent[] = [];
  readonly format: AudioFormat;
  readonly wait: (ms: number) => Promise<void>;
  readonly #timeline: ChunkTimeline;
  readonly #reading: Promise<void>;
  #ended = false;

  constructor(
    session: SpeechToTextSession,
    format: AudioFormat,
    pass: (ms: number) => Promise<void>,
  ) {
    this.session = session;
    this.format = format;
    this.wait = pass;
    this.#timeline = new ChunkTimeline(format);
    this.#reading = this.#read();
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Audio pushed so far, ms. */
  get pushedMs(): number {
    return samplesToMs(this.#timeline.endSample, this.format.rateHz);
  }

  /** Rejects when the iteration threw. */
  finished(): Promise<void> {
    return this.#reading;
  }

  /** Pushes samples in chunks of 20 ms while as much time passes. */
  async sound(samples: Float32Array): Promise<void> {
    const step = msToSamples(20, this.format.rateHz);
    for (let at = 0; at < samples.length; at += step) {
      await this.wait(20);
      this.push(samples.slice(at, at + step));
    }
  }

  /** Pushes them at once. */
  push(samples: Float32Array): void {
    this.session.push(this.#timeline.append(encodeSamples(samples, this.format.codec), 0));
  }

  async silence(ms: number): Promise<void> {
    await this.sound(new Float32Array(msToSamples(ms, this.format.rateHz)));
  }

  /** Says so many numbers, from this one on; 260 ms each. @returns their text */
  async count(firstNumber: number, words: number): Promise<string> {
    const speech = countedSpeech({ firstNumber, words, rateHz: this.format.rateHz });
    await this.sound(speech.samples);
    return speech.numbers.join(' ');
  }

  of<Type extends SpeechToTextEvent['type']>(
    type: Type,
  ): (SpeechToTextEvent & { readonly type: Type })[] {
    return this.events.filter(
      (event): event is SpeechToTextEvent & { readonly type: Type } => event.type === type,
    );
  }

  get finals(): Final[] {
    return this.of('final');
  }

  get partials(): Partial_[] {
    return this.of('partial');
  }

  /** The final of a finish, waited for. */
  async final(finishId: number, limitMs = 10_000): Promise<Final> {
    const find = (): Final | undefined => this.finals.find((one) => one.finishId === finishId);
    await this.until(() => find() !== undefined, limitMs);
    return find()!;
  }

  async until(ready: () => boolean, limitMs = 10_000): Promise<void> {
    for (let waitedMs = 0; waitedMs < limitMs; waitedMs += 10) {
      if (ready()) return;
      await this.wait(10);
    }
    const seen = this.events.map((event) => event.type).join(' ');
    throw new Error(`not within ${limitMs} ms; events: ${seen.slice(-500)}`);
  }

  async #read(): Promise<void> {
    for await (const event of this.session.events) this.events.push(event);
    this.#ended = true;
  }
}
