import { EchoCancelling } from './echo-cancelling.ts';
import { EchoGuard } from '../echo/echo-guard.ts';
import { halfDuplexDeaf } from '../echo/half-duplex.ts';
import { isAgentsOwnText, isForeignText } from '../turn/echo-text.ts';
import { bytesPerSample, samplesToMs, type AudioFormat } from '../audio/format.ts';
import { SoundStretches } from './sound-stretches.ts';
import { SpokenTail } from '../turn/spoken-tail.ts';
import type { EchoCancellerPort } from '../ports/echo-canceller.ts';
import type { EchoPathReport } from '../turn/vocabulary.ts';
import type { TurnManner } from '../ports/agent.ts';

/** Slowest uplink in which bands can be told apart, Hz. */
const leastRateHz = 8000;

export interface EchoLadderOptions {
  readonly rung: TurnManner['echo'];
  /** For `aec3`; where there is none, the guard stands in. */
  readonly canceller: EchoCancellerPort | null;
  readonly nowMs: () => number;
  readonly roundTripMs: () => number;
  /** Call time at which a position of the uplink was spoken. */
  readonly callTimeOf: (audioMs: number) => number;
  /** Whether speech over the agent is judged here; otherwise nothing depends on echo. */
  readonly judged: () => boolean;
}

/** Longest usual way of an echo, where nothing is known of it, ms. */
const expectedDelayMs = 400;
/** How long after its delay is found the guard learns how loud the echo is, ms. */
const settlingMs = 300;

/** Where the caller's audio goes on its way to the detector. */
interface Ear {
  readonly rateHz: number;
  readonly originMs: number;
  readonly push: (pcm: Float32Array) => void;
  samples: number;
}

/**
 * What a call does about the agent's own voice in the caller's microphone (docs/echo.md). Hears both
 * directions, costs nothing until the agent has sounded, and touches only what detection gets.
 */
export class EchoLadder {
  readonly #options: EchoLadderOptions;
  readonly #tail = new SpokenTail();
  readonly #stretches = new SoundStretches();
  #ear: Ear | null = null;
  #guard: EchoGuard | null = null;
  /** How much the guard was given to find an echo of, and until when that sounds (call time), ms. */
  #reference = { durationMs: 0, untilMs: 0 };
  #cancelling: EchoCancelling | null = null;
  /** Uplink position from which on the guard knows the delay of the echo. */
  #knownFromMs: number | null = null;
  /** The canceller failed once: the guard does without it. */
  #alone = false;
  #clientCancels = false;

  constructor(options: EchoLadderOptions) {
    this.#options = options;
  }

  /**
   * A detector begins to listen.
   *
   * @param originMs uplink position of the first sample it gets
   * @param push takes the samples for it, in order, possibly a little later
   */
  listen(rateHz: number, originMs: number, push: (pcm: Float32Array) => void): void {
    this.#stop();
    this.#ear = { rateHz, originMs, push, samples: 0 };
  }

  /** Nothing is listened to any more. Idempotent. */
  deafen(): void {
    this.#stop();
    this.#ear = null;
  }

  /** The client says whether it cancels echo itself. */
  clientCancels(active: boolean): void {
    this.#clientCancels = active;
    if (active) this.#stop();
  }

  /** @param pcm caller audio at the detector's rate; handed over */
  hear(pcm: Float32Array): void {
    const ear = this.#ear;
    if (ear === null) return;
    const audioStartMs = ear.originMs + samplesToMs(ear.samples, ear.rateHz);
    ear.samples += pcm.length;
    if (this.#guard === null && this.#cancelling === null) {
      ear.push(pcm);
      return;
    }
    const atMs = this.#options.callTimeOf(audioStartMs);
    this.#guard?.heard(pcm, audioStartMs, atMs);
    if (this.#cancelling === null) ear.push(pcm);
    else this.#cancelling.capture(pcm, atMs, this.#guard?.delayMs ?? null);
  }

  /**
   * Agent audio was given to the client.
   *
   * @param playsAtMs call time at which a player without delay sounds its first sample
   */
  sent(bytes: Uint8Array, playsAtMs: number, format: AudioFormat): void {
    if (!this.#wanted()) return;
    const samples = bytes.byteLength / bytesPerSample(format.codec);
    const durationMs = samplesToMs(samples, format.rateHz);
    this.#stretches.add(playsAtMs, durationMs);
    if (this.#options.rung === 'half-duplex') return;
    const ear = this.#ear;
    if (ear === null || ear.rateHz < leastRateHz) return;
    if (this.#guard === null) {
      this.#guard = new EchoGuard({ uplinkRateHz: ear.rateHz, downlink: format });
      this.#reference = { durationMs: 0, untilMs: 0 };
    }
    this.#guard.sent(bytes, playsAtMs);
    this.#reference.durationMs += durationMs;
    this.#reference.untilMs = playsAtMs + durationMs;
    if (this.#options.rung === 'aec3' && !this.#alone) this.#cancel(ear, format);
    this.#cancelling?.reference(bytes, playsAtMs);
  }

  /** Agent text was given to the client. */
  said(delta: string, playsAtMs: number): void {
    if (this.#wanted()) this.#tail.add(delta, playsAtMs);
  }

  /** What was sent and not played is thrown away. */
  cut(): void {
    const atMs = this.#options.nowMs() + this.#options.roundTripMs() / 2;
    this.#guard?.cut(atMs);
    this.#stretches.cut(atMs);
    this.#tail.cut(this.#options.nowMs());
  }

  /**
   * How likely a detector frame is the agent's own voice, 0–1; `null` while that cannot be told,
   * `undefined` where nobody looks.
   * @param audioEndMs uplink position
   */
  score(audioEndMs: number, frameMs: number): number | null | undefined {
    if (!this.#wanted()) return undefined;
    if (this.#options.rung === 'half-duplex') {
      const untilMs = this.#options.callTimeOf(audioEndMs);
      const frame = { fromMs: untilMs - frameMs, untilMs };
      const deaf = this.#wanted() && halfDuplexDeaf(frame, this.#stretches.all, { delayMs: null });
      return deaf ? 1 : 0;
    }
    if (this.#guard === null) return 0;
    if (this.#guard.delayMs === null) {
      this.#knownFromMs = null;
      // What does not rise above the noise is nobody's voice, whatever the delay.
      const echo = this.#cancelling === null ? this.#guard.score(audioEndMs, frameMs).echo : 0;
      return echo < 0.5 && this.#tooEarly(audioEndMs, this.#guard.findingMs) ? null : echo;
    }
    // The delay is known before the loudness of the echo is.
    this.#knownFromMs ??= audioEndMs;
    if (audioEndMs - frameMs < this.#knownFromMs + settlingMs) return null;
    // What comes out of the canceller has no echo in it.
    return this.#cancelling === null ? this.#guard.score(audioEndMs, frameMs).echo : 0;
  }

  /** Whether a transcript of the caller is what the agent says. */
  isEcho(text: string): boolean {
    return this.#wanted() && isAgentsOwnText(text, this.#tail.textAt(this.#options.nowMs()));
  }

  /** Whether a transcript of the caller ends in words that the agent has not said. */
  isForeign(text: string): boolean {
    return !this.#wanted() || isForeignText(text, this.#tail.textAt(this.#options.nowMs()));
  }

  /** What is known of the agent's way into the microphone, when the frame was heard. */
  path(audioEndMs: number): EchoPathReport {
    // Without a guard the agent has not sounded, or nobody can look.
    if (!this.#wanted() || this.#guard === null) return 'none';
    const { delayMs, findingMs, quiet } = this.#guard;
    if (delayMs !== null) return delayMs;
    // Who asks for a canceller expects an echo, and what it leaves comes in bursts.
    if (this.#cancelling !== null && !quiet) return expectedDelayMs;
    return quiet && !this.#tooEarly(audioEndMs, findingMs) ? 'none' : 'unknown';
  }

  /** Whether an echo could not have been found by then, if there is one. */
  #tooEarly(audioEndMs: number, findingMs: number): boolean {
    const { durationMs, untilMs } = this.#reference;
    const unplayedMs = Math.max(0, untilMs - this.#options.callTimeOf(audioEndMs));
    return durationMs - unplayedMs < findingMs;
  }

  #wanted(): boolean {
    const { rung, judged } = this.#options;
    return rung !== 'none' && !this.#clientCancels && judged();
  }

  #cancel(ear: Ear, format: AudioFormat): void {
    if (this.#cancelling !== null) return;
    this.#cancelling = EchoCancelling.open({
      canceller: this.#options.canceller,
      rateHz: ear.rateHz,
      format,
      push: ear.push,
      onFailed: () => {
        this.#cancelling = null;
        this.#alone = true;
      },
    });
    this.#alone = this.#cancelling === null;
  }

  #stop(): void {
    this.#knownFromMs = null;
    this.#cancelling?.close();
    this.#cancelling = null;
    this.#guard = null;
  }
}
