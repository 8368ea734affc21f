import { ChunkTimeline } from '../../src/audio/chunk.ts';
import { bytesPerSample, msToSamples } from '../../src/audio/format.ts';
import type {
  BackendCommand,
  BackendContext,
  BackendEvent,
  BackendSession,
} from '../../src/ports/backend.ts';

/** How time passes in a contract test: a manual clock moves, or a worker is waited for. */
export type PassTime = (ms: number) => Promise<void>;

/** Consumes a session's events and keeps them, the way a call does. */
export class SessionProbe {
  readonly session: BackendSession;
  /** All but what was used beside lines: that may come at any time. */
  readonly events: BackendEvent[] = [];
  readonly used: (BackendEvent & { readonly type: 'usage' })[] = [];
  readonly #timeline: ChunkTimeline;
  readonly #pass: PassTime;
  #nowMs = 0;
  #reading: Promise<void> | undefined;
  #ended = false;

  constructor(session: BackendSession, context: BackendContext, pass: PassTime) {
    this.session = session;
    this.#timeline = new ChunkTimeline(context.inputFormat);
    this.#pass = pass;
  }

  /** Whether the iteration over the events is over. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Begins to consume; to be called once. */
  read(): this {
    const readAll = async (): Promise<void> => {
      for await (const event of this.session.events) {
        if (event.type === 'usage') this.used.push(event);
        else this.events.push(event);
      }
      this.#ended = true;
    };
    this.#reading = readAll();
    return this;
  }

  /** Rejects when the iteration threw. */
  async finished(): Promise<void> {
    await this.#reading;
  }

  respond(lineId: string, more: Partial<BackendCommand & { type: 'respond' }> = {}): void {
    this.session.send({
      type: 'respond',
      lineId,
      itemId: `item_of_${lineId}`,
      outOfBand: false,
      overrides: {},
      input: null,
      ...more,
    });
  }

  /** Sends silence of this length in 20 ms chunks while as much time passes. */
  async speak(ms: number): Promise<void> {
    for (let spokenMs = 0; spokenMs < ms; spokenMs += 20) {
      await this.wait(20);
      const { codec, rateHz } = this.#timeline.format;
      const bytes = new Uint8Array(msToSamples(20, rateHz) * bytesPerSample(codec));
      const chunk = this.#timeline.append(bytes, this.#nowMs);
      this.session.send({ type: 'audio', chunk });
    }
  }

  async wait(ms: number): Promise<void> {
    this.#nowMs += ms;
    await this.#pass(ms);
  }

  /** Waits until `ready`, at most `limitMs`; says which events there were when it never was. */
  async until(ready: () => boolean, limitMs = 60_000): Promise<void> {
    for (let waitedMs = 0; waitedMs < limitMs; waitedMs += 20) {
      if (ready()) return;
      await this.wait(20);
    }
    const seen = this.events.map((event) => event.type).join(' ');
    throw new Error(`not within ${limitMs} ms; events: ${seen.slice(0, 500)}`);
  }

  /** Events of one line, in order. */
  line(lineId: string): BackendEvent[] {
    return this.events.filter((event) => 'lineId' in event && event.lineId === lineId);
  }

  done(lineId: string): (BackendEvent & { type: 'line.done' }) | undefined {
    return this.events.find((event) => event.type === 'line.done' && event.lineId === lineId) as
      (BackendEvent & { type: 'line.done' }) | undefined;
  }

  /** All audio of a line, joined. */
  audio(lineId: string): Buffer {
    const pieces = this.events.flatMap((event) =>
      event.type === 'line.audio' && event.lineId === lineId ? [event.bytes] : [],
    );
    return Buffer.concat(pieces);
  }

  /** All text of a line, joined. */
  text(lineId: string): string {
    return this.events
      .flatMap((event) =>
        event.type === 'line.text' && event.lineId === lineId ? [event.delta] : [],
      )
      .join('');
  }
}
