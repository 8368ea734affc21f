import { applyGain, GainRamp, gainOfDb } from '../audio/gain.ts';
import { fadeMs, stopSample } from './stop-point.ts';
import { msToSamples } from '../audio/format.ts';
import type { LineTrack } from './line-track.ts';
import type { LogEvent } from '../ports/events.ts';

type Flow =
  | { readonly kind: 'flowing' }
  /** To be held when this sample of the line is reached, or its end. */
  | { readonly kind: 'stopping'; readonly track: LineTrack; readonly atSample: number }
  /** `inLine`: something of the line was given, and more of it is to come. */
  | { readonly kind: 'held'; readonly track: LineTrack | null; readonly inLine: boolean };

const flowing: Flow = { kind: 'flowing' };

/**
 * What is done to the agent's sound and can be undone: lowered, held, resumed. Decides how much of a
 * line may go and at which gain; changes no count and no order. Lines of a stream are never held.
 */
export class SoundGate {
  readonly #log: (event: LogEvent) => void;
  /** 1 while nobody ducks. */
  readonly #duck = new GainRamp();
  /** 0 where the sound was stopped in the middle of a line. */
  readonly #fade = new GainRamp();
  readonly #ramps = [this.#duck, this.#fade] as const;
  readonly #streamRamps = [this.#duck] as const;
  #flow: Flow = flowing;
  /** A duck of which no sample was given yet. */
  #ducking: { readonly gainDb: number; readonly onsetAtMs: number | null } | null = null;
  /** The line of which ducked samples were given. */
  #ducked: LineTrack | null = null;

  constructor(log: (event: LogEvent) => void) {
    this.#log = log;
  }

  /** Nothing is held, nor going to be. */
  get flowing(): boolean {
    return this.#flow.kind === 'flowing';
  }

  /**
   * From the next sample on at this gain, after a ramp of 20 ms. Idempotent; nothing while held.
   *
   * @param gainDb at most 0
   * @param onsetAtMs call time of the speech that is the reason
   * @throws RangeError for a gain above 0 dB
   */
  duck(gainDb: number, onsetAtMs: number | null, rateHz: number): void {
    const gain = gainOfDb(gainDb);
    if (this.#flow.kind === 'held' || gain === this.#duck.target) return;
    this.#duck.turnTo(gain, msToSamples(fadeMs, rateHz));
    this.#ducking = gain < 1 ? { gainDb, onsetAtMs } : null;
  }

  /**
   * Stops at the next good place. Idempotent.
   *
   * @param current the line that has the floor, if one has
   * @param next the line whose audio goes next, and what waits of it
   * @returns whether it is held now, or will be
   */
  hold(
    current: LineTrack | null,
    next: { readonly track: LineTrack; readonly upcoming: Float32Array } | null,
  ): boolean {
    if (this.#flow.kind !== 'flowing') return true;
    const track = next?.track ?? current;
    if (track?.line.cause === 'stream') return false;
    if (track === null || next === null || track.sentSamples === 0) {
      this.#stop(track, track !== null && !track.closed && track.sentSamples > 0);
      return true;
    }
    const atSample = stopSample(track, next.upcoming);
    const remaining = atSample - track.sentSamples;
    if (remaining === 0) {
      this.#stop(track, true);
      return true;
    }
    const fade = Math.min(remaining, msToSamples(fadeMs, track.format.rateHz));
    this.#fade.turnTo(0, fade, remaining - fade);
    this.#flow = { kind: 'stopping', track, atSample };
    return true;
  }

  /**
   * On at full gain from where it stopped, after a ramp of 20 ms.
   *
   * @returns whether anything was held
   */
  resume(rateHz: number, cause: 'asked' | 'limit'): boolean {
    const rampSamples = msToSamples(fadeMs, rateHz);
    const flow = this.#flow;
    this.#logResumed(cause);
    this.#flow = flowing;
    switch (flow.kind) {
      case 'held':
        // The way up from silence is one ramp, whatever the agent was lowered to before.
        this.#duck.turnTo(1, 0);
        this.#fade.turnTo(flow.inLine ? 0 : 1, 0);
        this.#rise(this.#fade, rampSamples);
        break;
      case 'stopping':
      case 'flowing':
        this.#rise(this.#fade, rampSamples);
        this.#rise(this.#duck, rampSamples);
        break;
    }
    this.#ducking = null;
    this.#ducked = null;
    return flow.kind !== 'flowing';
  }

  /** Nothing is left to be lowered or held: the next line begins as it is. */
  over(): void {
    this.#logResumed('over');
    this.reset();
  }

  /** After a cut: full gain at once, nothing held. */
  reset(): void {
    this.#flow = flowing;
    for (const ramp of this.#ramps) ramp.turnTo(1, 0);
    this.#ducking = null;
    this.#ducked = null;
  }

  /** How many more samples of the line may go before a hold, a count. */
  roomSamples(track: LineTrack): number {
    if (this.#flow.kind === 'flowing' || track.line.cause === 'stream') return Infinity;
    if (this.#flow.kind === 'held' || this.#flow.track !== track) return 0;
    return this.#flow.atSample - track.sentSamples;
  }

  /** The line's next bytes at the gain in force: the very same array where that is 0 dB. */
  shape(track: LineTrack, bytes: Uint8Array): Uint8Array {
    // A new line has nothing to fade in from.
    if (track.sentSamples === 0 && this.#flow.kind === 'flowing') this.#fade.turnTo(1, 0);
    if (this.#ducking !== null) {
      this.#ducked = track;
      const { lineId } = track.line;
      this.#log({ type: 'agent.ducked', lineId, atSample: track.sentSamples, ...this.#ducking });
      this.#ducking = null;
    } else if (this.#ducked !== null) this.#ducked = track;
    const ramps = track.line.cause === 'stream' ? this.#streamRamps : this.#ramps;
    return applyGain(bytes, track.format.codec, ramps);
  }

  /** Samples of the line were given: this may have been where to stop. */
  gave(track: LineTrack): void {
    if (this.#flow.kind !== 'stopping' || this.#flow.track !== track) return;
    if (track.sentSamples >= this.#flow.atSample) this.#stop(track, true);
  }

  /** The line's last sample was given. */
  ended(track: LineTrack): void {
    const flow = this.#flow;
    if (flow.kind === 'stopping' && flow.track === track) this.#stop(track, false);
    else if (flow.kind === 'held' && flow.track === track) this.#flow = { ...flow, inLine: false };
  }

  #stop(track: LineTrack | null, inLine: boolean): void {
    this.#flow = { kind: 'held', track, inLine };
    const lineId = track?.line.lineId ?? null;
    this.#log({ type: 'agent.held', lineId, lineMs: track?.sentMs ?? 0 });
  }

  /** For those who were told of a duck or a hold. */
  #logResumed(cause: 'asked' | 'limit' | 'over'): void {
    const held = this.#flow.kind === 'held' ? this.#flow : null;
    const track = held === null ? this.#ducked : held.track;
    if (held === null && track === null) return;
    const lineId = track?.line.lineId ?? null;
    this.#log({ type: 'agent.resumed', lineId, lineMs: track?.sentMs ?? 0, cause });
  }

  #rise(ramp: GainRamp, rampSamples: number): void {
    if (ramp.target !== 1) ramp.turnTo(1, rampSamples);
  }
}
