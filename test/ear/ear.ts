import { decodePcm16 } from '../../src/audio/pcm16.ts';
import { systemClock, type Clock, type Timer } from '../../src/time/clock.ts';
import { firstAudible } from './audible.ts';
import { Microphone, steadyLine, type Line, type Utterance } from './microphone.ts';
import { Player } from './player.ts';
import type { Connect, ServerEvent, Wire } from './wire.ts';

export interface EarOptions {
  readonly line?: Partial<Line>;
  readonly playout?: { readonly bufferMs?: number; readonly driftPpm?: number };
  /**
   * What it does when the server hears the caller: `truncate` = stop playback and tell the server
   * what was played, as stock clients do; `stop` = stop only (the wire truncates by itself);
   * `ignore` = play on.
   */
  readonly onSpeechStarted?: 'truncate' | 'stop' | 'ignore';
  /** Sends `parley.playback` every 100 ms while something plays. */
  readonly acknowledges?: boolean;
  /** Sent as `session.update` before the microphone goes on. */
  readonly session?: Readonly<Record<string, unknown>>;
  readonly clock?: Clock;
}

/** A server event with its arrival, ms since the connection opened. */
export interface Received {
  readonly atMs: number;
  readonly event: ServerEvent;
}

/** Both sides on one time axis, 24 kHz, beginning when the connection opened. */
export interface EarRecording {
  readonly rateHz: number;
  readonly said: Float32Array;
  readonly heard: Float32Array;
}

type Match = string | ((event: ServerEvent) => boolean);

const rateHz = 24_000;
const eventLimit = 50_000;
const acknowledgeEveryMs = 100;

/**
 * A simulated caller: speaks into a microphone in real time, listens through a playout buffer, and
 * judges by what it heard. All times are ms since the connection opened.
 */
export class Ear {
  readonly events: Received[] = [];
  readonly failures: Error[] = [];
  readonly #options: EarOptions;
  readonly #clock: Clock;
  readonly #watchers = new Set<() => void>();
  #originMs: number;
  #player: Player;
  #microphone: Microphone | undefined;
  #wire: Wire | undefined;
  #acknowledging: Timer | undefined;
  #acknowledged: { readonly itemId: string; readonly playedMs: number } | undefined;
  #closed: { readonly code: number; readonly reason: string } | undefined;
  #eventsRefused = 0;

  private constructor(options: EarOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#originMs = this.#clock.nowMs();
    this.#player = this.#newPlayer();
  }

  /** Connects, settles the session and switches the microphone on. */
  static async connect(connect: Connect, options: EarOptions = {}): Promise<Ear> {
    const ear = new Ear(options);
    await ear.#open(connect);
    return ear;
  }

  /** Ms since the connection opened. */
  get nowMs(): number {
    return this.#clock.nowMs() - this.#originMs;
  }

  get microphone(): Microphone {
    if (this.#microphone === undefined) throw new TypeError('the microphone is not on');
    return this.#microphone;
  }

  /** How and when the connection ended; `undefined` while it is open. */
  get closed(): { readonly code: number; readonly reason: string } | undefined {
    return this.#closed;
  }

  /** Events past the limit, which are not in `events`. */
  get eventsRefused(): number {
    return this.#eventsRefused;
  }

  get underruns(): { readonly count: number; readonly totalMs: number } {
    return this.#player.underruns;
  }

  /** Says the clip now. The times in the result are since the connection opened. */
  say(samples: Float32Array): Utterance {
    const said = this.microphone.say(samples);
    return {
      ...said,
      speechStartMs: said.speechStartMs - this.#originMs,
      speechEndMs: said.speechEndMs - this.#originMs,
    };
  }

  send(event: { readonly type: string; readonly [key: string]: unknown }): void {
    this.#wire?.send(event);
  }

  /** Stops the player at once, as an app does that wants silence. */
  stop(): void {
    this.#player.stop(this.#clock.nowMs());
  }

  /** How much of an item was played, whole ms. */
  playedMs(itemId: string): number {
    return Math.floor(this.#player.playedMs(itemId, this.#clock.nowMs()));
  }

  /** Types of the events so far, for messages and plain comparisons. */
  get types(): readonly string[] {
    return this.events.map(({ event }) => event.type);
  }

  /**
   * The first event that matches, among those from index `from` on, whether it has arrived or not.
   * Rejects after `timeoutMs`, or when the connection closes.
   */
  async waitFor(
    match: Match,
    { from = 0, timeoutMs = 15_000 }: { readonly from?: number; readonly timeoutMs?: number } = {},
  ): Promise<Received> {
    const matches = typeof match === 'string' ? (e: ServerEvent) => e.type === match : match;
    let at = from;
    const find = (): Received | undefined => {
      for (; at < this.events.length; at += 1) {
        const received = this.events[at]!;
        if (matches(received.event)) return received;
      }
      return undefined;
    };
    const name = typeof match === 'string' ? match : 'an event';
    const found = await this.#until(find, { timeoutMs, what: name });
    return found;
  }

  /** Waits until nothing has been playing for `quietMs` and every response is done. */
  async untilQuiet(quietMs: number, timeoutMs = 30_000): Promise<void> {
    let quietSinceMs = this.nowMs;
    const isQuiet = (): true | undefined => {
      const busy = this.#player.isPlaying(this.#clock.nowMs()) || this.#responseIsOpen();
      if (busy) quietSinceMs = this.nowMs;
      return this.nowMs - quietSinceMs >= quietMs ? true : undefined;
    };
    await this.#until(isQuiet, { timeoutMs, what: 'quiet', everyMs: 20 });
  }

  /** Waits until agent audio has been playing for `playedMs` without a stop. */
  async untilPlaying(playedMs: number, timeoutMs = 15_000): Promise<void> {
    let since: number | undefined;
    const isPlaying = (): true | undefined => {
      const playing = this.#player.isPlaying(this.#clock.nowMs());
      since = playing ? (since ?? this.nowMs) : undefined;
      return since !== undefined && this.nowMs - since >= playedMs ? true : undefined;
    };
    await this.#until(isPlaying, { timeoutMs, what: 'playback', everyMs: 20 });
  }

  async pause(durationMs: number): Promise<void> {
    const done = Promise.withResolvers<undefined>();
    this.#clock.timerAt(this.#clock.nowMs() + durationMs, () => done.resolve(undefined));
    await done.promise;
  }

  recording(): EarRecording {
    const untilMs = this.#clock.nowMs();
    const heard = this.#player.recording(untilMs);
    const said = new Float32Array(heard.length);
    if (this.#microphone !== undefined) {
      const offset = Math.round(((this.#microphone.startMs - this.#originMs) * rateHz) / 1000);
      const room = Math.max(0, said.length - offset);
      said.set(this.#microphone.track.toSamples(room), offset);
    }
    return { rateHz, said, heard };
  }

  /** What was heard in [fromMs, toMs). */
  heard(fromMs = 0, toMs = this.nowMs): Float32Array {
    const at = (ms: number): number => Math.max(0, this.#player.positionAt(ms + this.#originMs));
    return this.recording().heard.slice(at(fromMs), at(toMs));
  }

  /** First audible sample heard at or after a time; `null` when it stayed quiet. */
  firstAudioMs(afterMs: number): number | null {
    const from = this.#player.positionAt(afterMs + this.#originMs);
    const first = firstAudible(this.recording().heard, rateHz, { fromSample: from });
    return first === null ? null : this.#player.timeOf(first) - this.#originMs;
  }

  async close(): Promise<void> {
    this.#microphone?.stop();
    this.#acknowledging?.cancel();
    this.#wire?.close();
    await this.#until(() => this.#closed, { timeoutMs: 5_000, what: 'close' });
  }

  async #open(connect: Connect): Promise<void> {
    const wire = await connect({
      opened: () => {
        this.#originMs = this.#clock.nowMs();
        this.#player = this.#newPlayer();
      },
      event: (event) => this.#received(event),
      audio: (itemId, bytes) => this.#player.push(itemId, decodePcm16(bytes), this.#clock.nowMs()),
      interrupted: () => this.#player.stop(this.#clock.nowMs()),
      failed: (error) => {
        this.failures.push(error);
        this.#wake();
      },
      closed: (code, reason) => {
        this.#closed = { code, reason };
        this.#microphone?.stop();
        this.#wake();
      },
    });
    this.#wire = wire;
    await this.waitFor('session.created');
    if (this.#options.session !== undefined) {
      const from = this.events.length;
      this.send({ type: 'session.update', session: this.#options.session });
      await this.waitFor((e) => e.type === 'session.updated' || e.type === 'error', { from });
    }
    const line = { ...steadyLine, ...this.#options.line };
    this.#microphone = new Microphone(this.#clock, line, (bytes) => wire.sendAudio(bytes));
    if (this.#options.acknowledges === true) this.#acknowledge();
  }

  #newPlayer(): Player {
    const { bufferMs = 100, driftPpm = 0 } = this.#options.playout ?? {};
    return new Player({ rateHz, bufferMs, driftPpm, startMs: this.#originMs });
  }

  #received(event: ServerEvent): void {
    if (this.events.length < eventLimit) this.events.push({ atMs: this.nowMs, event });
    else this.#eventsRefused += 1;
    if (event.type === 'input_audio_buffer.speech_started') this.#callerHeard();
    this.#wake();
  }

  /** Stock clients stop the moment the server says that it hears the caller. */
  #callerHeard(): void {
    const reaction = this.#options.onSpeechStarted ?? 'truncate';
    const now = this.#clock.nowMs();
    const itemId = this.#player.currentItem(now);
    // An agent that is held has been played out, and has not said all it was going to say.
    const speaks = this.#player.isPlaying(now) || this.#isUnfinished(itemId);
    if (reaction === 'ignore' || !speaks) return;
    this.#player.stop(now);
    if (reaction === 'stop' || itemId === null) return;
    this.send({
      type: 'conversation.item.truncate',
      item_id: itemId,
      content_index: 0,
      audio_end_ms: Math.floor(this.#player.playedMs(itemId, now)),
    });
  }

  /** Whether the item is still being given. */
  #isUnfinished(itemId: string | null): boolean {
    const of = ({ event }: Received): unknown =>
      (event['item'] as { id?: unknown } | undefined)?.id;
    const added = this.events.findLast(({ event }) => event.type === 'response.output_item.added');
    const done = this.events.findLast(({ event }) => event.type === 'response.output_item.done');
    return itemId !== null && added !== undefined && of(added) === itemId
      ? done === undefined || of(done) !== itemId
      : false;
  }

  #acknowledge(): void {
    const now = this.#clock.nowMs();
    const itemId = this.#player.currentItem(now);
    if (itemId !== null) {
      const playedMs = Math.floor(this.#player.playedMs(itemId, now));
      const known = this.#acknowledged;
      if (known?.itemId !== itemId || known.playedMs !== playedMs) {
        this.#acknowledged = { itemId, playedMs };
        const position = { item_id: itemId, content_index: 0, played_ms: playedMs };
        this.send({ type: 'parley.playback', ...position });
      }
    }
    this.#acknowledging = this.#clock.timerAt(now + acknowledgeEveryMs, () => this.#acknowledge());
  }

  #responseIsOpen(): boolean {
    let open = 0;
    for (const { event } of this.events) {
      if (event.type === 'response.created') open += 1;
      if (event.type === 'response.done') open -= 1;
    }
    return open > 0;
  }

  #wake(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }

  /** Resolves with the first value that `look` gives; looks at each event and every `everyMs`. */
  async #until<T>(
    look: () => T | undefined,
    {
      timeoutMs,
      what,
      everyMs,
    }: { readonly timeoutMs: number; readonly what: string; readonly everyMs?: number },
  ): Promise<T> {
    const done = Promise.withResolvers<T>();
    const deadlineMs = this.#clock.nowMs() + timeoutMs;
    let timer: Timer | undefined;
    const check = (): void => {
      timer?.cancel();
      const value = look();
      const now = this.#clock.nowMs();
      if (value !== undefined) {
        done.resolve(value);
        return;
      }
      if (this.#closed !== undefined) {
        done.reject(this.#gaveUp(`${what}: closed`));
        return;
      }
      if (now >= deadlineMs) {
        done.reject(this.#gaveUp(`no ${what} in ${timeoutMs} ms`));
        return;
      }
      const nextMs = everyMs === undefined ? deadlineMs : Math.min(deadlineMs, now + everyMs);
      timer = this.#clock.timerAt(nextMs, check);
    };
    this.#watchers.add(check);
    try {
      check();
      return await done.promise;
    } finally {
      this.#watchers.delete(check);
      timer?.cancel();
    }
  }

  #gaveUp(message: string): Error {
    const last = this.events.slice(-12).map(({ atMs, event }) => {
      const detail = event.type === 'error' ? ` ${JSON.stringify(event['error'])}` : '';
      return `${Math.round(atMs)} ${event.type}${detail}`;
    });
    const closed =
      this.#closed === undefined ? '' : ` (closed ${this.#closed.code} ${this.#closed.reason})`;
    const failures = this.failures.map((failure) => failure.message);
    return new Error([message + closed, ...failures, 'last events:', ...last].join('\n  '));
  }
}
