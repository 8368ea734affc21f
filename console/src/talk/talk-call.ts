import type { LogEntry } from '../../../src/ports/events.ts';
import type { CallRecord } from '../../../src/ports/store.ts';
import type { Api } from '../api.ts';
import { CaptionFold } from '../captions/captions.ts';
import { ClockOffset } from '../clock-offset.ts';
import { followCall } from '../event-stream.ts';
import { MarkFold } from '../timeline/marks.ts';
import { PeakTrack } from '../timeline/peak-track.ts';
import { Acknowledger } from './acknowledger.ts';
import { Capture, type CapturedChunk } from './capture.ts';
import { decodePcm16, encodePcm16 } from './pcm.ts';
import { Player } from './player.ts';
import type { PlayerReport } from './player-worklet.ts';
import { wireRateHz } from './rate.ts';
import { RealtimeSocket } from './realtime-socket.ts';
import { tap } from './tap.ts';

export type Phase = 'opening' | 'running' | 'over';

export interface TalkOptions {
  readonly api: Api;
  readonly agent: string;
  /** Without it only files are spoken; with headphones its sound is not worked on. */
  readonly microphone: 'none' | 'loudspeaker' | 'headphones';
  /** Something to be shown has changed. */
  readonly onChange: () => void;
}

/**
 * Said where the browser takes its time: some wait for a click, for a word about the microphone, or (Firefox)
 * for a loudspeaker, and say nothing.
 */
const waitingNote =
  'The browser has not opened the sound yet. Click on the page, allow the microphone, and see that there is a loudspeaker.';
const noteAfterMs = 3_000;

/** An audio clock stands still while its thread gets no time: older differences to it say nothing, ms. */
const audioClockMs = 3_000;

/** Wait after the first sound of an answer, until its stages are asked for, ms. */
const stagesDelayMs = 150;

/**
 * One call from this page: microphone, socket, player, and what the call's log says meanwhile.
 * Owns all of them until `close`. Times are the page's, ms since the call was begun.
 */
export class TalkCall {
  readonly captions = new CaptionFold();
  readonly marks = new MarkFold();
  readonly caller = new PeakTrack();
  readonly agent = new PeakTrack();
  readonly agentName: string;
  readonly #options: TalkOptions;
  readonly #startMs = performance.now();
  readonly #over = new AbortController();
  readonly #captureClock = new ClockOffset(audioClockMs);
  readonly #playerClock = new ClockOffset(audioClockMs);
  readonly #callClock = new ClockOffset();
  readonly #acknowledger = new Acknowledger();
  /** Settled once the call runs, or is over before it did. */
  readonly #opened = Promise.withResolvers<null>();
  #socket: RealtimeSocket | null = null;
  #capture: Capture | null = null;
  #player: Player | null = null;
  #phase: Phase = 'opening';
  #callId: string | null = null;
  #backend: string | null = null;
  #muted = false;
  #note = '';
  #record: CallRecord | null = null;
  #endMs: number | null = null;

  constructor(options: TalkOptions) {
    this.#options = options;
    this.agentName = options.agent;
  }

  get phase(): Phase {
    return this.#phase;
  }
  get callId(): string | null {
    return this.#callId;
  }
  /** Who answers; `null` while nobody does. */
  get backend(): string | null {
    return this.#backend;
  }
  get muted(): boolean {
    return this.#muted;
  }
  /** What went wrong or why it ended; empty when there is nothing to say. */
  get note(): string {
    return this.#note;
  }
  /** The call as the gateway last showed it. */
  get record(): CallRecord | null {
    return this.#record;
  }
  /** Now, or when the call ended, ms. */
  get nowMs(): number {
    return this.#endMs ?? performance.now() - this.#startMs;
  }
  /** What to add to a call time to have the page's, ms. */
  get callOffsetMs(): number {
    return this.#callClock.offsetMs ?? 0;
  }

  async open(): Promise<void> {
    const waiting = setTimeout(() => {
      if (!this.#ended()) this.#say(waitingNote);
    }, noteAfterMs);
    try {
      this.#player = await Player.open((report) => this.#played(report));
      this.#capture = await Capture.open((chunk) => this.#captured(chunk));
      const { microphone } = this.#options;
      if (microphone !== 'none') await this.#capture.useMicrophone(microphone === 'headphones');
    } catch (error) {
      this.close(`The sound could not be opened: ${text(error)}`);
      return;
    } finally {
      clearTimeout(waiting);
      if (this.#note === waitingNote) this.#say('');
    }
    // Somebody may have hung up while the browser asked for the microphone.
    if (this.#ended()) {
      this.#release();
      return;
    }
    this.#socket = new RealtimeSocket(
      { agent: this.#options.agent, key: this.#options.api.key },
      {
        created: (callId) => this.#created(callId),
        audio: (itemId, bytes) => this.#audio(itemId, bytes),
        cut: () => this.#player?.clear(),
        failed: (message) => this.#say(message),
        closed: (reason) => this.close(reason),
      },
    );
  }

  /** Speaks a file into the call, as soon as it is there. */
  async speak(file: Blob): Promise<void> {
    await this.#opened.promise;
    try {
      await this.#capture?.speak(await file.arrayBuffer());
    } catch (error) {
      this.#say(`The file cannot be read: ${text(error)}`);
    }
  }

  mute(muted: boolean): void {
    this.#muted = muted;
    this.#capture?.mute(muted);
    this.#socket?.mute(muted);
    this.#options.onChange();
  }

  interrupt(): void {
    this.#socket?.interrupt();
    this.#player?.clear();
  }

  /** Ends the call and frees everything. What was shown can still be looked at. Idempotent. */
  close(note = ''): void {
    if (this.#phase === 'over') return;
    this.#endMs = this.nowMs;
    this.#phase = 'over';
    this.#opened.resolve(null);
    if (note !== '') this.#note = note;
    this.#release();
    this.#options.onChange();
    // The log's last entries are on their way.
    setTimeout(() => {
      this.#over.abort();
      void this.#refresh();
    }, 1_000);
  }

  /** A method, because what is awaited may change it. */
  #ended(): boolean {
    return this.#phase === 'over';
  }

  #release(): void {
    this.#socket?.close();
    this.#socket = null;
    void this.#capture?.close();
    this.#capture = null;
    void this.#player?.close();
    this.#player = null;
  }

  #created(callId: string): void {
    this.#callId = callId;
    this.#phase = 'running';
    this.#opened.resolve(null);
    this.#socket?.transcribe();
    if (this.#capture?.echoCancelled === true) this.#socket?.echoCancellation(true);
    this.#options.onChange();
    const entry = (next: LogEntry): void => this.#logged(next);
    followCall(this.#options.api, callId, { entry, signal: this.#over.signal }).catch(
      (error: unknown) => {
        if (!this.#over.signal.aborted) this.#say(`The call's log is lost: ${text(error)}`);
      },
    );
  }

  #captured({ samples, endS }: CapturedChunk): void {
    const nowMs = performance.now() - this.#startMs;
    this.#captureClock.observe(endS * 1000, nowMs);
    this.caller.write(samples, endS * 1000 + this.#captureClock.offsetMs!, wireRateHz);
    if (this.#phase !== 'running') return;
    tap('captured', samples);
    this.#socket?.append(encodePcm16(samples));
  }

  #audio(itemId: string, bytes: Uint8Array): void {
    const samples = decodePcm16(bytes);
    this.captions.received(itemId, (samples.length / wireRateHz) * 1000);
    this.#player?.play(itemId, samples);
  }

  #played({ positions, samples, endS }: PlayerReport): void {
    const latencyMs = this.#player?.latencyMs ?? 0;
    this.#playerClock.observe(endS * 1000, performance.now() - this.#startMs);
    const heardAtMs = endS * 1000 + this.#playerClock.offsetMs! + latencyMs;
    this.agent.write(samples, heardAtMs, wireRateHz);
    tap('played', samples);
    const acknowledgements = this.#acknowledger.next(positions, performance.now());
    if (acknowledgements.length === 0) return;
    // What has left the player is heard when it has left the loudspeaker.
    setTimeout(() => {
      for (const { itemId, playedMs } of acknowledgements) {
        this.#socket?.playback(itemId, playedMs);
        this.captions.played(itemId, playedMs);
      }
      this.#options.onChange();
    }, latencyMs);
  }

  #logged(entry: LogEntry): void {
    this.#callClock.observe(entry.atMs, performance.now() - this.#startMs);
    this.captions.push(entry);
    this.marks.push(entry);
    if (entry.type === 'backend.ready') this.#backend = entry.backend;
    if (entry.type === 'line.first_heard') {
      setTimeout(() => void this.#refresh(), stagesDelayMs);
    }
    this.#options.onChange();
  }

  async #refresh(): Promise<void> {
    if (this.#callId === null) return;
    try {
      this.#record = await this.#options.api.call(this.#callId);
    } catch (error) {
      this.#note ||= `The call cannot be read: ${text(error)}`;
    }
    this.#options.onChange();
  }

  #say(note: string): void {
    this.#note = note;
    this.#options.onChange();
  }
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
