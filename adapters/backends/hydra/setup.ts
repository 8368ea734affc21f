import type { ClientEvent } from '../../../protocol/hydra/client-events.ts';
import { CallError } from '../../../src/ports/errors.ts';
import type { Logger } from '../../../src/ports/log.ts';
import type { CallSettings } from '../../../src/ports/settings.ts';
import type { Clock, Timer } from '../../../src/time/clock.ts';
import type { Counters } from './counters.ts';
import { encodeConfigure, encodeTools } from './encode.ts';

/** Rate of what the upstream says, Hz. */
export const outputRateHz = 48_000;

export interface SetupOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: Counters;
  readonly defaultVoice: string | null;
  /** Longest time until the settings are in force, ms. */
  readonly timeoutMs: number;
  readonly write: (event: ClientEvent) => void;
  /** Whether the agent is to speak first; asked once, when the settings are sent. */
  readonly asksForAnswer: () => boolean;
  /** The upstream does not confirm the settings. */
  readonly onOverdue: (error: CallError) => void;
}

/**
 * The session's settings, which the upstream takes exactly once: they are sent when something is to
 * be said for the first time, so that whatever the client has changed until then counts. Later on
 * only tools can change.
 */
export class Setup {
  readonly #options: SetupOptions;
  #stage: 'unused' | 'asleep' | 'waking' | 'waiting' | 'configured' = 'unused';
  #settings: CallSettings;
  #told: CallSettings;
  #timer: Timer | null = null;

  constructor(settings: CallSettings, options: SetupOptions) {
    this.#settings = settings;
    this.#told = settings;
    this.#options = options;
  }

  /** Nothing was asked of the session yet. */
  get unused(): boolean {
    return this.#stage === 'unused';
  }

  /** The session ended before it was used. */
  get asleep(): boolean {
    return this.#stage === 'asleep';
  }

  /** The settings are sent, or will be as soon as there is a session again. */
  get begun(): boolean {
    return this.#stage !== 'unused' && this.#stage !== 'asleep';
  }

  /** The settings are sent and not in force. */
  get waiting(): boolean {
    return this.#stage === 'waiting';
  }

  want(settings: CallSettings): void {
    this.#settings = settings;
    const { instructions, voice } = this.#told;
    const tooLate = this.#stage === 'waiting' || this.#stage === 'configured';
    if (tooLate && (settings.instructions !== instructions || settings.voice !== voice)) {
      this.#options.counters.settingsIgnored += 1;
      this.#options.log.warn('upstream.settings_too_late');
    }
    if (this.#stage === 'configured') this.#tellTools();
  }

  sleep(): void {
    this.#stage = 'asleep';
  }

  wake(): void {
    this.#stage = 'waking';
  }

  /** Sends the settings as they are now. */
  begin(): void {
    const { clock, asksForAnswer, defaultVoice, onOverdue, timeoutMs, write } = this.#options;
    this.#stage = 'waiting';
    this.#told = this.#settings;
    this.#timer = clock.timerAt(clock.nowMs() + timeoutMs, () => {
      const message = `the upstream gave no settings in force within ${timeoutMs} ms`;
      onOverdue(new CallError('backend_stalled', message));
    });
    write(encodeConfigure(this.#settings, { defaultVoice, speaksFirst: asksForAnswer() }));
  }

  /**
   * The upstream confirms settings.
   *
   * @returns whether these were ours, and are in force now
   * @throws CallError `backend_protocol` when it speaks at another rate than it is listened to at
   */
  configured(inForce: {
    readonly outputRateHz: number | null;
    readonly voice: string | null;
  }): boolean {
    if (this.#stage !== 'waiting') return false;
    this.#timer?.cancel();
    if (inForce.outputRateHz !== null && inForce.outputRateHz !== outputRateHz) {
      const message = `the upstream speaks at ${inForce.outputRateHz} Hz, not ${outputRateHz}`;
      throw new CallError('backend_protocol', message);
    }
    const { voice } = this.#told;
    if (voice !== null && inForce.voice !== null && inForce.voice !== voice) {
      this.#options.counters.warnings += 1;
      this.#options.log.warn('upstream.other_voice', { voice });
    }
    this.#stage = 'configured';
    this.#tellTools();
    return true;
  }

  close(): void {
    this.#timer?.cancel();
  }

  #tellTools(): void {
    const { tools } = this.#settings;
    const same = JSON.stringify(tools) === JSON.stringify(this.#told.tools);
    this.#told = { ...this.#told, tools };
    if (!same) this.#options.write(encodeTools(tools));
  }
}
