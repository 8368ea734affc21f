import { Downlink } from './downlink.ts';
import { FirstHeard } from './first-heard.ts';
import { LineDelivery } from './line-delivery.ts';
import { LineOutlook } from './line-outlook.ts';
import { LineTrack } from './line-track.ts';
import { PlayoutClock } from './playout.ts';
import type { AudioFormat } from '../audio/format.ts';
import type { CallScope } from './scope.ts';
import type { CallSettings } from '../ports/settings.ts';
import type { Conversation } from './conversation.ts';
import type { DownlinkAudio } from '../ports/client.ts';
import type { EchoLadder } from './echo-ladder.ts';
import type { Line } from '../ports/events.ts';
import type { TurnInput } from '../turn/vocabulary.ts';

export interface AgentSoundOptions {
  readonly scope: CallScope;
  readonly conversation: Conversation;
  readonly settings: () => CallSettings;
  readonly playoutLeadMs: number;
  readonly roundTripMs: () => number;
  readonly turn: (input: TurnInput) => void;
  readonly write: (audio: DownlinkAudio) => void;
  /** Hears what the client is given. */
  readonly echo: EchoLadder;
  /** One piece of the downlink went through, ms after it could have. */
  readonly onDelay: (delayMs: number) => void;
  /**
   * What was heard of these lines is settled; told before anything that follows from the cut, and
   * again when the client's acknowledgement comes after it.
   */
  readonly onCut: (tracks: readonly LineTrack[]) => void;
}

/**
 * The agent's lines from the downlink's queue to the caller's ear: given, lowered, held, heard. Tells
 * the turn machine when the agent can be heard, until when, and when it no longer is.
 */
export class AgentSound {
  readonly downlink: Downlink;
  readonly delivery: LineDelivery;
  readonly #options: AgentSoundOptions;
  readonly #playout: PlayoutClock;
  readonly #outlook: LineOutlook;
  readonly #firstHeard: FirstHeard;
  /** The in-band line opened last. */
  #latest: LineTrack | null = null;
  /** A line that ended without a sound while another still sounded: the floor is not free yet. */
  #silentLineId: string | null = null;

  /** @param ended told that a line's last sample was given away */
  constructor(options: AgentSoundOptions, ended: (track: LineTrack) => void) {
    const { scope, playoutLeadMs, roundTripMs, onDelay } = options;
    this.#options = options;
    this.#playout = new PlayoutClock(options.settings().outputFormat.rateHz);
    this.#firstHeard = new FirstHeard(scope, roundTripMs);
    this.delivery = new LineDelivery({
      ...options,
      audible: (track, onsetSample) => this.#firstHeard.given(track, onsetSample),
    });
    this.#outlook = new LineOutlook(options.turn);
    this.downlink = new Downlink({
      clock: scope.clock,
      originMs: scope.originMs,
      leadMs: playoutLeadMs,
      playout: this.#playout,
      roundTripMs,
      onDelay,
      onGiven: (bytes, playsAtMs, track) => options.echo.sent(bytes, playsAtMs, track.format),
      sink: {
        audio: (track, bytes) => this.delivery.audio(track, bytes),
        text: (track, delta) => {
          const nowMs = scope.nowMs();
          options.echo.said(delta, nowMs + this.#playout.leadMs(nowMs));
          this.delivery.text(track, delta);
          this.look();
        },
        ended,
        heardOut: (tracks) => this.#heardOut(tracks),
        log: (event) => {
          scope.log.append(event);
          if (event.type === 'agent.held') this.#tellQuiet();
        },
      },
    });
  }

  /** The in-band line opened last, closed or not. */
  get latest(): LineTrack | null {
    return this.#latest;
  }

  /** The client's output format. @throws TypeError for another rate once audio was given */
  setFormat(format: AudioFormat): void {
    this.#playout.retune(format.rateHz);
  }

  track(line: Line): LineTrack {
    const { scope, settings } = this.#options;
    return new LineTrack(line, settings().outputFormat, this.#playout, scope.nowMs());
  }

  /** An in-band line has the floor. */
  prepare(track: LineTrack): void {
    if (this.#latest?.closed === true) this.#latest.dropAudio();
    this.#latest = track;
  }

  /** The turn machine hears of that line. */
  opened({ line: { lineId } }: LineTrack): void {
    this.#options.turn({ type: 'line.opened', lineId });
    this.#tellSilentEnd();
  }

  /** An in-band line is over for the client. */
  closed({ line: { lineId }, sentSamples }: LineTrack): void {
    if (sentSamples === 0 && this.downlink.sounding !== null) {
      this.#silentLineId = lineId;
      return;
    }
    if (sentSamples === 0) this.#floorFree();
    this.#options.turn({ type: 'line.closed', lineId });
  }

  /** @param active the line that has the floor; a stream's is never held */
  hold(active: LineTrack | null): void {
    this.downlink.hold(active ?? this.downlink.sounding);
    this.look();
  }

  resume(): void {
    this.downlink.resume();
    this.look();
  }

  /** Something about the end of the latest line may have changed. */
  look(): void {
    if (this.#latest !== null) this.#outlook.look(this.#latest, this.downlink.heardOutAtMs);
  }

  /** The client's player has come this far: pacing, "heard out" and a line just cut depend on it. */
  acknowledge(track: LineTrack, playedMs: number): void {
    if (track.acknowledge(playedMs, this.#options.scope.nowMs())) {
      this.#logHeard(track);
      this.#options.onCut([track]);
    }
    this.#firstHeard.acknowledged(track);
    this.downlink.refresh();
  }

  /**
   * Nothing that waits will be given, and what was heard is settled; a duck or hold is over.
   * @returns how much was dropped, ms, and the lines whose given audio was not heard out
   */
  flush(): { readonly droppedMs: number; readonly cutShort: readonly LineTrack[] } {
    this.#firstHeard.cut();
    const flushed = this.downlink.flush();
    this.#options.echo.cut();
    for (const track of flushed.cutShort) this.#logHeard(track);
    return flushed;
  }

  /** The turn machine hears that nothing of this line sounds any more, nor of any before it. */
  silenced({ line: { lineId } }: LineTrack, playedMs: number): void {
    this.#floorFree();
    this.#options.turn({ type: 'playback', lineId, playedMs, bufferedMs: 0 });
    this.#tellSilentEnd();
  }

  /** The turn machine hears from when on nothing of the held agent reaches the ear. */
  #tellQuiet(): void {
    const { scope, roundTripMs, turn } = this.#options;
    const nowMs = scope.nowMs();
    turn({ type: 'agent.quiet', atMs: nowMs + this.#playout.leadMs(nowMs) + roundTripMs() });
  }

  #heardOut(tracks: readonly LineTrack[]): void {
    for (const track of tracks) this.#logHeard(track);
    const withheld = tracks.filter((track) => track.withheld);
    if (withheld.length > 0) this.#options.onCut(withheld);
    const last = tracks.at(-1);
    if (last !== undefined) this.silenced(last, last.sentMs);
  }

  /** A duck or a hold was for the line that is over; the turn machine begins the next one anew. */
  #floorFree(): void {
    if (this.#latest?.closed === true) this.downlink.over();
  }

  #tellSilentEnd(): void {
    const lineId = this.#silentLineId;
    this.#silentLineId = null;
    if (lineId !== null) this.#options.turn({ type: 'line.closed', lineId });
  }

  /** What was heard of a line that had been closed before that was known. */
  #logHeard(track: LineTrack): void {
    if (!track.closed) return;
    const { scope, roundTripMs } = this.#options;
    const { lineId } = track.line;
    const extent = track.extent(scope.nowMs(), roundTripMs());
    scope.log.append({ type: 'line.heard', lineId, extent });
  }
}
