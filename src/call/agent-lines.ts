import { AgentSound, type AgentSoundOptions } from './agent-sound.ts';
import type { CallError } from '../ports/errors.ts';
import { LeftLines } from './left-lines.ts';
import { LineBook } from './line-book.ts';
import { LineIntake } from './line-intake.ts';
import type { HitPlace, LineGate } from './line-gate.ts';
import type { OverheardText } from './gate-hold.ts';
import { OwnWords } from './own-words.ts';
import { StaleWork } from './stale-work.ts';
import { StallWatch, type Vigil } from './stall-watch.ts';
import { StreamIntake } from './stream-intake.ts';
import { unasked, type LineRequest } from './line-request.ts';
import type { AudioFormat } from '../audio/format.ts';
import type { BackendCommand, BackendEvent, Usage } from '../ports/backend.ts';
import type { BackendSpeech } from '../ports/health.ts';
import type { CallScope } from './scope.ts';
import type { LineTrack } from './line-track.ts';

export interface AgentLinesOptions extends AgentSoundOptions {
  readonly send: (command: BackendCommand) => void;
  readonly onLineDone: (track: LineTrack) => void;
  /** What is said waits there until it may be; absent or `null`: nothing waits. */
  readonly gate?: LineGate | null;
  /** The backend's text comes right before the audio that says it. */
  readonly paired: () => boolean;
  /** The backend broke its side: it is to be given up. */
  readonly onBackendFault: (error: CallError) => void;
  /** The caller speaks, whether or not anybody was told; absent: nobody can say. */
  readonly callerTalks?: () => boolean;
  /** A backend without turns can be told to be silent; absent: it cannot. */
  readonly stopsStream?: () => boolean;
  /** How the words of the backend in use lie on its sound; absent or `null`: nobody knows. */
  readonly speech?: () => BackendSpeech | null;
  /** How much silence of the backend is borne; absent: 20 s. */
  readonly vigil?: () => Vigil;
}

/**
 * Every line of a call, from cause to last heard sample. In-band lines come one at a time and are
 * paced; lines out of band run beside them and go straight through. A cut raises the epoch:
 * whatever an older epoch still brings is counted and dropped.
 */
export class AgentLines {
  /** Says what no backend makes. */
  readonly own: OwnWords;
  /** What becomes of the lines of a backend that is lost. */
  readonly left: LeftLines;
  readonly #options: AgentLinesOptions;
  readonly #scope: CallScope;
  readonly #sound: AgentSound;
  readonly #book: LineBook;
  readonly #intake: LineIntake;
  readonly #stale: StaleWork;
  readonly #watch: StallWatch;
  readonly #stream: StreamIntake;

  constructor(options: AgentLinesOptions) {
    const { scope, onBackendFault } = options;
    this.#options = options;
    this.#scope = scope;
    this.#stale = new StaleWork(scope, onBackendFault);
    this.#sound = new AgentSound(options, (track) => this.#book.finish(track));
    this.own = new OwnWords(this.#sound.downlink, (track) =>
      this.#book.end(track, { outcome: { status: 'completed' }, usage: null }),
    );
    this.#watch = new StallWatch({
      scope,
      ...(options.vigil === undefined ? {} : { vigil: options.vigil }),
      dryAtMs: () => this.#sound.downlink.heardOutAtMs,
      onStalled: onBackendFault,
    });
    this.#intake = new LineIntake({
      downlink: this.#sound.downlink,
      delivery: this.#sound.delivery,
      stale: this.#stale,
      gate: options.gate ?? null,
      paired: options.paired,
      onBackendFault,
    });
    const parts = {
      sound: this.#sound,
      intake: this.#intake,
      stale: this.#stale,
      watch: this.#watch,
    };
    this.#book = new LineBook(options, parts);
    this.left = new LeftLines(scope, this.#book, parts);
    options.gate?.use({
      say: (track, piece) => this.#intake.say(track, piece),
      stop: (track, place) => this.#stopAt(track, place),
      fault: onBackendFault,
    });
    this.#stream = new StreamIntake({
      nowMs: scope.nowMs,
      intake: this.#intake,
      active: () => this.#book.active,
      callerTalks: () => options.callerTalks?.() === true,
      open: () => {
        options.turn({ type: 'model.begins' });
        // A line that was asked for is what the model says now.
        if (this.#book.active?.outcome === null) return;
        // The next line may begin while the end of the last one is still paced.
        this.#sound.downlink.hurry();
        this.open({ ...unasked, cause: 'stream' });
      },
      end: (track, outcome, usage) => this.#book.end(track, { outcome, usage }),
      yield: () => this.cut('model', 'turn_detected'),
    });
  }

  /** The in-band line that is not closed yet. */
  get active(): LineTrack | null {
    return this.#book.active;
  }

  /** The in-band line opened last, closed or not. */
  get latest(): LineTrack | null {
    return this.#sound.latest;
  }

  /** Agent audio that the client was not given yet, ms. */
  get waitingMs(): number {
    return this.#sound.downlink.waitingMs;
  }

  /** Whether any agent audio has been given to the client. */
  get heardAnything(): boolean {
    return this.#sound.delivery.heardAnything;
  }

  /** Whether the client's format is settled: audio was given in it, or a line was promised. */
  get formatLocked(): boolean {
    return this.heardAnything || this.#book.tracks().some(({ line }) => line.modality === 'audio');
  }

  /** The client's output format. @throws TypeError for another rate once audio was given */
  setFormat(format: AudioFormat): void {
    this.#sound.setFormat(format);
  }

  /** The backend's output format, once it is open. */
  connect(format: AudioFormat): void {
    this.#intake.connect(format);
    this.#stream.connect(format);
  }

  /** The line of an id, while it is open. */
  find(lineId: string): LineTrack | undefined {
    return this.#book.find(lineId);
  }

  /**
   * @param ask asks the backend for the line, before anybody can want it stopped
   * @throws CallError when the floor is taken, or too many lines run beside it
   */
  open(
    request: LineRequest,
    lineId = this.#scope.ids.next('line'),
    ask: (track: LineTrack) => void = () => undefined,
  ): LineTrack {
    return this.#book.open(request, lineId, ask);
  }

  /** A backend that decides about turns began an answer of its own. */
  openForBackend(lineId: string): void {
    if (this.#book.active !== null) this.#options.gate?.settle(this.#book.active);
    // What is left of its last line is only waiting for the pace, or for a hold to end: then it
    // keeps its place in the queue, before the new one.
    if (this.#book.active?.outcome !== null) this.#sound.downlink.hurry();
    if (this.#stale.remembers(lineId) || !this.#book.freeFloor()) {
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
      if (event.frame.late === true) this.#watch.late();
      this.#stream.take(event.frame);
      return;
    }
    const track = this.#book.find(event.lineId);
    if (track?.withheld === true) return;
    if (track?.outcome !== null) {
      this.#stale.drop(event);
      return;
    }
    if (track.line.cause === 'stream') {
      this.#stale.nonsense('an event into a line of its stream');
      return;
    }
    this.#watch.event(track, event.type);
    if (event.type === 'line.done') this.#book.end(track, event);
    else if (event.type !== 'line.stage') this.#intake.take(track, event);
    this.#watch.taken(track, event.type);
  }

  /** Somebody beside the backend hears a line say this; `null`: who was to hear it is away. */
  overheard(lineId: string, heard: OverheardText | null): void {
    const track = this.#book.find(lineId);
    if (track?.outcome === null) this.#options.gate?.overheard(track, heard);
  }

  /** The line in which a backend without turns calls tools: the one it speaks in, or a new one. */
  lineOfTools(): LineTrack {
    if (this.#book.active?.outcome === null) return this.#book.active;
    if (this.#book.active !== null) this.#sound.downlink.hurry();
    return this.open({ ...unasked, cause: 'stream' });
  }

  /** A backend without turns has called all tools of one go. */
  toolsDone(usage: Usage | null): void {
    if (this.#book.active?.outcome === null) this.#stream.toolsDone(this.#book.active, usage);
  }

  /**
   * Lowers the agent, from the next sample given to the client on. Reversible, idempotent.
   *
   * @param gainDb at most 0
   * @param onsetAtMs call time of the speech that is the reason, for `agent.ducked`
   * @throws RangeError for a gain above 0 dB
   */
  duck(gainDb: number, onsetAtMs: number | null = null): void {
    this.#sound.downlink.duck(gainDb, onsetAtMs);
  }

  /**
   * Stops the agent at the next word boundary, or before its first sample, and keeps the rest; until
   * `resume` or a cut, 10 s at most. Lines in text, out of band or of a stream go on. Idempotent.
   */
  hold(): void {
    this.#sound.hold(this.#book.active);
  }

  /** The agent goes on where it was held, at full gain. Idempotent. */
  resume(): void {
    this.#sound.resume();
  }

  /**
   * The agent loses the floor: nothing more of the current epoch reaches the client, and what was
   * heard is settled. Ends a duck and a hold.
   * @returns the line that was cut, if there was one
   */
  cut(
    by: 'caller' | 'client' | 'model',
    reason: 'turn_detected' | 'client_cancelled',
  ): LineTrack | null {
    const { scope } = this.#options;
    const playing = this.#book.active ?? this.#sound.downlink.sounding;
    if (this.#book.active !== null) this.#options.gate?.drop(this.#book.active);
    const { droppedMs, cutShort } = this.#sound.flush();
    if (playing === null) return null;
    const epoch = this.#book.raiseEpoch();
    const { lineId } = playing.line;
    playing.cut(...this.#book.at());
    const extent = playing.extent(...this.#book.at());
    scope.log.append({ type: 'agent.cut', epoch, by, droppedMs, lineId, extent });
    this.#options.onCut([...cutShort.filter((track) => track !== playing), playing]);
    if (!playing.closed) this.#stream.gate();
    for (const track of this.#book.tracks()) {
      if (track.inBand) this.#book.close(track, { status: 'cancelled', reason });
    }
    this.#sound.silenced(playing, extent.heardMs);
    return playing;
  }

  /** Tells the backend to stop the line it is working on, if it is still at it. */
  cancelUpstream(): void {
    const track = this.#book.active;
    if (track?.outcome !== null) return;
    if (track.line.cause === 'stream' && this.#options.stopsStream?.() !== true) return;
    this.#options.send({ type: 'cancel', lineId: track.line.lineId });
  }

  /** Stops a line out of band: it has no sound that could be cut. */
  cancelOutOfBand(track: LineTrack): void {
    this.#options.send({ type: 'cancel', lineId: track.line.lineId });
    this.#book.close(track, { status: 'cancelled', reason: 'client_cancelled' });
  }

  /** The client's player has come this far: pacing, "heard out" and a line just cut depend on it. */
  acknowledge(track: LineTrack, playedMs: number): void {
    this.#sound.acknowledge(track, playedMs);
  }

  /** The backend is lost: every open line ends as failed. */
  failAll({ code, message }: CallError): void {
    this.#book.closeAll({ status: 'failed', code, message });
  }

  close(): void {
    this.#watch.close();
    this.#book.closeAll({ status: 'cancelled', reason: 'call_closed' });
    this.#sound.downlink.close();
  }

  /** The rest of a line may not be said. @returns what was given of it by mistake, ms */
  #stopAt(track: LineTrack, { cleanMs, likelyMs }: HitPlace): number {
    const lateMs = Math.max(0, track.sentMs - track.prefaceMs - likelyMs);
    this.cancelUpstream();
    if (track.line.cause === 'stream') this.#stream.gate();
    this.#intake.close(track);
    const toMs = track.prefaceMs + cleanMs;
    if (track.generatedMs > toMs) track.shorten(this.#sound.downlink.shortenTo(track, toMs));
    const outcome = { status: 'incomplete', reason: 'content_filter' } as const;
    this.#book.allSaid(track, { outcome, usage: null });
    return lateMs;
  }
}
