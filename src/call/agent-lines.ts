import { CallError } from '../ports/errors.ts';
import { bytesPerSample, type AudioFormat } from '../audio/format.ts';
import { lineEnd } from './line-end.ts';
import { LineConverters } from './line-converters.ts';
import { Downlink } from './downlink.ts';
import { LineDelivery } from './line-delivery.ts';
import { LineTrack } from './line-track.ts';
import { PlayoutClock } from './playout.ts';
import { StaleWork } from './stale-work.ts';
import { StallWatch, stallMs } from './stall-watch.ts';
import { StreamSpeech } from './stream-speech.ts';
import type { StreamAction } from './stream-lines.ts';
import type { CallScope } from './scope.ts';
import type { Conversation } from './conversation.ts';
import type { BackendCommand, BackendEvent, StreamFrame } from '../ports/backend.ts';
import type { DownlinkAudio } from '../ports/client.ts';
import type { Line, LineEnd } from '../ports/events.ts';
import { unasked, type LineRequest } from './line-request.ts';
import type { CallSettings } from '../ports/settings.ts';
import type { TurnInput } from '../turn/vocabulary.ts';

/** Lines out of band at once (a count). */
const outOfBandLimit = 16;
/** Most text one line may have, characters. */
const textLimitCharacters = 1_000_000;

export interface AgentLinesOptions {
  readonly scope: CallScope;
  readonly conversation: Conversation;
  readonly settings: () => CallSettings;
  readonly playoutLeadMs: number;
  readonly roundTripMs: () => number;
  readonly send: (command: BackendCommand) => void;
  readonly turn: (input: TurnInput) => void;
  readonly write: (audio: DownlinkAudio) => void;
  /** One piece of the downlink went through, ms after it could have. */
  readonly onDelay: (delayMs: number) => void;
  /** What was heard of these lines is settled; told before anything that follows from the cut. */
  readonly onCut: (tracks: readonly LineTrack[]) => void;
  readonly onLineDone: (track: LineTrack) => void;
  /** The backend broke its side: it is to be given up. */
  readonly onBackendFault: (error: CallError) => void;
}

/**
 * Every line of a call, from cause to last heard sample. In-band lines come one at a time and are
 * paced; lines out of band run beside them and go straight through. A cut raises the epoch:
 * whatever an older epoch still brings is counted and dropped.
 */
export class AgentLines {
  readonly #options: AgentLinesOptions;
  readonly #scope: CallScope;
  readonly #playout: PlayoutClock;
  readonly #downlink: Downlink;
  readonly #tracks = new Map<string, LineTrack>();
  readonly #delivery: LineDelivery;
  readonly #stale: StaleWork;
  readonly #watch: StallWatch;
  readonly #converters = new LineConverters();
  readonly #stream = new StreamSpeech();
  #epoch = 0;
  #active: LineTrack | null = null;
  #latest: LineTrack | null = null;

  constructor(options: AgentLinesOptions) {
    this.#options = options;
    this.#scope = options.scope;
    this.#delivery = new LineDelivery(options);
    this.#stale = new StaleWork(options.scope, options.onBackendFault);
    this.#watch = new StallWatch(options.scope, () => {
      const message = `the backend owed an answer and said nothing for ${stallMs} ms`;
      options.onBackendFault(new CallError('backend_stalled', message));
    });
    this.#playout = new PlayoutClock(options.settings().outputFormat.rateHz);
    this.#downlink = new Downlink({
      clock: options.scope.clock,
      originMs: options.scope.originMs,
      leadMs: options.playoutLeadMs,
      playout: this.#playout,
      roundTripMs: options.roundTripMs,
      onDelay: options.onDelay,
      sink: {
        audio: (track, bytes) => this.#delivery.audio(track, bytes),
        text: (track, delta) => this.#delivery.text(track, delta),
        ended: (track) => this.#finish(track),
        heardOut: (track) =>
          options.turn({
            type: 'playback',
            lineId: track.line.lineId,
            playedMs: track.sentMs,
            bufferedMs: 0,
          }),
      },
    });
  }

  /** The in-band line that is not closed yet. */
  get active(): LineTrack | null {
    return this.#active;
  }

  /** The in-band line opened last, closed or not. */
  get latest(): LineTrack | null {
    return this.#latest;
  }

  /** Agent audio that the client was not given yet, ms. */
  get waitingMs(): number {
    return this.#downlink.waitingMs;
  }

  /** Whether any agent audio has been given to the client. */
  get heardAnything(): boolean {
    return this.#delivery.heardAnything;
  }

  /** Whether the client's format is settled: audio was given in it, or a line was promised. */
  get formatLocked(): boolean {
    return (
      this.heardAnything || this.#tracks.values().some(({ line }) => line.modality === 'audio')
    );
  }

  /** The client's output format. @throws TypeError for another rate once audio was given */
  setFormat(format: AudioFormat): void {
    this.#playout.retune(format.rateHz);
  }

  /** The backend's output format, once it is open. */
  connect(format: AudioFormat): void {
    this.#converters.connect(format);
    this.#stream.connect(format);
  }

  /** The line of an id, while it is open. */
  find(lineId: string): LineTrack | undefined {
    return this.#tracks.get(lineId);
  }

  /** @throws CallError when the floor is taken, or too many lines run beside it */
  open(request: LineRequest, lineId = this.#scope.ids.next('line')): LineTrack {
    const { scope, conversation, settings } = this.#options;
    if (!request.outOfBand && this.#active !== null) {
      throw new CallError(
        'conversation_already_has_active_response',
        `Conversation already has an active response in progress: ${this.#active.line.lineId}`,
      );
    }
    if (request.outOfBand && this.#tracks.size > outOfBandLimit) {
      throw new CallError('queue_overflow', 'too many responses at once');
    }
    const line: Line = {
      lineId,
      cause: request.cause,
      requestId: request.requestId,
      epoch: request.outOfBand ? null : this.#epoch,
      modality: request.overrides.modality ?? settings().modality,
      overrides: request.overrides,
      metadata: request.metadata,
      itemId: scope.ids.next('item'),
      previousItemId: request.outOfBand ? null : conversation.lastItemId,
    };
    const track = new LineTrack(line, settings().outputFormat, this.#playout, scope.nowMs());
    this.#tracks.set(lineId, track);
    if (!request.outOfBand) {
      conversation.reserve(line.itemId);
      if (this.#latest?.closed === true) this.#latest.dropAudio();
      this.#active = track;
      this.#latest = track;
    }
    scope.log.append({ type: 'line.opened', line });
    if (!request.outOfBand) this.#options.turn({ type: 'line.opened', lineId });
    this.#watch.watch(this.#tracks.values());
    return track;
  }

  /** A backend that decides about turns began an answer of its own. */
  openForBackend(lineId: string): void {
    // What is left of its last line is only waiting for the pace.
    if (this.#active?.outcome !== null) this.#downlink.hurry();
    if (this.#active !== null || this.#stale.remembers(lineId)) {
      this.#stale.nonsense('a line of its own while another runs, or one that is over');
      return;
    }
    this.open({ ...unasked, cause: 'backend' }, lineId);
  }

  /** Counts something that the backend should not have sent; too much of it breaks it. */
  nonsense(what: string): void {
    this.#stale.nonsense(what);
  }

  /** What the backend says about lines. */
  take(event: BackendEvent & { type: `line.${string}` | 'stream.frame' }): void {
    if (event.type === 'stream.frame') {
      this.#takeFrame(event.frame);
      return;
    }
    const track = this.#tracks.get(event.lineId);
    if (track?.outcome !== null) {
      this.#stale.drop(event);
      return;
    }
    if (track.line.cause === 'stream') {
      this.#stale.nonsense('an event into a line of its stream');
      return;
    }
    track.lastEventAtMs = this.#scope.nowMs();
    switch (event.type) {
      case 'line.started':
        return;
      case 'line.audio':
        this.#takeAudio(track, event.bytes);
        return;
      case 'line.text':
        this.#takeText(track, event);
        return;
      case 'line.done':
        track.outcome = { outcome: event.outcome, usage: event.usage };
        this.#endAudio(track);
        return;
    }
  }

  /**
   * The agent loses the floor: nothing more of the current epoch reaches the client, and what was
   * heard is settled.
   * @returns the line that was cut, if there was one
   */
  cut(
    by: 'caller' | 'client' | 'model',
    reason: 'turn_detected' | 'client_cancelled',
  ): LineTrack | null {
    const { scope } = this.#options;
    const playing = this.#active ?? this.#stillPlaying();
    if (playing === null) return null;
    const heardMs = playing.heardMs(scope.nowMs(), this.#options.roundTripMs());
    this.#epoch += 1;
    const { droppedMs, cutShort } = this.#downlink.flush();
    playing.freeze(heardMs);
    scope.log.append({ type: 'agent.cut', epoch: this.#epoch, by, droppedMs });
    this.#options.onCut([...cutShort.filter((track) => track !== playing), playing]);
    if (!playing.closed) {
      this.#stream.gate();
      this.#close(playing, { status: 'cancelled', reason });
    }
    const lineId = playing.line.lineId;
    this.#options.turn({ type: 'playback', lineId, playedMs: heardMs, bufferedMs: 0 });
    return playing;
  }

  /** The line that is over for the backend and not yet for the ear. */
  #stillPlaying(): LineTrack | null {
    const latest = this.#latest;
    return latest !== null && !latest.frozen && latest.sentSamples > 0 ? latest : null;
  }

  /** Tells the backend to stop the line it is working on, if it is still at it. */
  cancelUpstream(): void {
    const track = this.#active;
    if (track?.outcome !== null || track.line.cause === 'stream') return;
    this.#options.send({ type: 'cancel', lineId: track.line.lineId });
  }

  /** Stops a line out of band: it has no sound that could be cut. */
  cancelOutOfBand(track: LineTrack): void {
    this.#options.send({ type: 'cancel', lineId: track.line.lineId });
    this.#close(track, { status: 'cancelled', reason: 'client_cancelled' });
  }

  /** A playback acknowledgement came: pacing and "heard out" may depend on it. */
  acknowledged(): void {
    this.#downlink.refresh();
  }

  /** The backend is lost: every open line ends as failed. */
  failAll({ code, message }: CallError): void {
    this.#downlink.flush();
    this.#closeAll({ status: 'failed', code, message });
  }

  close(): void {
    this.#watch.close();
    this.#downlink.close();
    this.#closeAll({ status: 'cancelled', reason: 'call_closed' });
  }

  #closeAll(end: LineEnd): void {
    for (const track of [...this.#tracks.values()]) {
      track.freeze(track.heardMs(this.#scope.nowMs(), this.#options.roundTripMs()));
      this.#close(track, end);
    }
  }

  #takeAudio(track: LineTrack, bytes: Uint8Array): void {
    if (!this.#converters.fits(track, bytes)) {
      this.#stale.nonsense('audio that is not whole samples');
      return;
    }
    this.#pushAudio(track, this.#converters.convert(track, bytes));
  }

  /** The backend has said all of the line. */
  #endAudio(track: LineTrack): void {
    this.#pushAudio(track, this.#converters.flush(track));
    if (track.closed) return;
    if (track.inBand) this.#downlink.pushEnd(track);
    else this.#finish(track);
  }

  /** @param bytes in the client's format */
  #pushAudio(track: LineTrack, bytes: Uint8Array): void {
    if (bytes.byteLength === 0) return;
    if (!track.inBand) {
      track.generatedSamples += bytes.byteLength / bytesPerSample(track.format.codec);
      this.#delivery.audio(track, bytes);
      return;
    }
    if (!this.#downlink.pushAudio(track, bytes)) {
      this.#options.onBackendFault(
        new CallError('queue_overflow', 'more than 120 s of agent audio is unplayed'),
      );
    }
  }

  #takeText(track: LineTrack, event: BackendEvent & { type: 'line.text' }): void {
    if (track.text.text.length + event.delta.length > textLimitCharacters) {
      this.#options.onBackendFault(
        new CallError('queue_overflow', `more than ${textLimitCharacters} characters in one line`),
      );
      return;
    }
    track.text.append(event.delta, event.words);
    if (!track.inBand || track.line.modality === 'text') this.#delivery.text(track, event.delta);
    else this.#downlink.pushText(track, event.delta, event.words?.[0]?.startMs ?? null);
  }

  #takeFrame(frame: StreamFrame): void {
    if (this.#active !== null && this.#active.line.cause !== 'stream') {
      this.#stale.nonsense('a stream frame into a line that was asked for');
      return;
    }
    for (const action of this.#stream.take(frame)) this.#streamAction(action, frame);
  }

  #streamAction(action: StreamAction, frame: StreamFrame): void {
    switch (action) {
      case 'open':
        // The next line may begin while the end of the last one is still paced.
        this.#downlink.hurry();
        this.open({ ...unasked, cause: 'stream' });
        return;
      case 'audio': {
        const track = this.#active;
        if (track === null) return;
        track.lastEventAtMs = this.#scope.nowMs();
        this.#takeAudio(track, frame.bytes);
        if (frame.text !== null && !track.closed) {
          const { lineId } = track.line;
          this.#takeText(track, { type: 'line.text', lineId, delta: frame.text, words: null });
        }
        return;
      }
      case 'complete':
        if (this.#active === null) return;
        this.#active.outcome = { outcome: { status: 'completed' }, usage: null };
        this.#endAudio(this.#active);
        return;
      case 'yield':
        this.cut('model', 'turn_detected');
        return;
    }
  }

  /** The last sample was given away (or there was none): the line ends as the backend said. */
  #finish(track: LineTrack): void {
    const outcome = track.outcome?.outcome;
    if (outcome !== undefined) this.#close(track, lineEnd(outcome));
  }

  #close(track: LineTrack, end: LineEnd): void {
    if (track.closed) return;
    const { scope } = this.#options;
    const { lineId } = track.line;
    track.closed = true;
    track.completed = end.status === 'completed';
    this.#tracks.delete(lineId);
    this.#converters.close(track);
    this.#stale.lineClosed(lineId);
    this.#options.conversation.release(track.line.itemId);
    if (this.#active === track) this.#active = null;
    const extent = track.extent(scope.nowMs(), this.#options.roundTripMs());
    const usage = track.outcome?.usage ?? null;
    scope.log.append({ type: 'line.closed', lineId, end, extent, usage });
    if (track.inBand) this.#options.turn({ type: 'line.closed', lineId });
    this.#options.onLineDone(track);
    this.#watch.watch(this.#tracks.values());
  }
}
