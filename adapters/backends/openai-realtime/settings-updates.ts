import type { CallSettings } from '../../../src/ports/settings.ts';
import {
  changedSession,
  wireSession,
  type SessionFrame,
  type WireSession,
} from './session-settings.ts';

/**
 * Settings on their way to the upstream. Several in a row become one update, sent before whatever
 * follows them and at the latest when the current work of the process is done.
 */
export class SettingsUpdates {
  readonly #frame: SessionFrame;
  readonly #send: (session: WireSession) => void;
  #told: WireSession;
  #wanted: WireSession;
  #isWaiting = false;

  /** @param told what the upstream knows already */
  constructor(told: WireSession, frame: SessionFrame, send: (session: WireSession) => void) {
    this.#told = told;
    this.#wanted = told;
    this.#frame = frame;
    this.#send = send;
  }

  want(settings: CallSettings): void {
    this.#wanted = wireSession(settings, this.#frame);
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    queueMicrotask(() => this.settle());
  }

  /** Another connection was told this: what has changed since then is sent to it. */
  retell(told: WireSession): void {
    this.#told = told;
    this.#isWaiting = true;
    this.settle();
  }

  /** Sends what is wanted now, as far as the upstream does not know it. */
  settle(): void {
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    const changed = changedSession(this.#told, this.#wanted);
    this.#told = this.#wanted;
    if (changed !== null) this.#send(changed);
  }
}
