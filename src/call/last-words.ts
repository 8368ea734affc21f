import { unasked } from './line-request.ts';
import type { CallPhrases } from '../ports/phrases.ts';
import type { ClientCommand } from '../ports/client.ts';
import type { CommandTarget } from './commands.ts';
import type { LineTrack } from './line-track.ts';
import type { Timer } from '../time/clock.ts';

/** How often it is looked how far it has come, ms. */
const lookMs = 100;
/** It may take so much longer than its own length, ms. */
const graceMs = 5000;

/** One sentence for the caller of a call that has no backend left, before it ends. */
export class LastWords {
  readonly #target: CommandTarget;
  readonly #phrases: CallPhrases | null;
  /** A backend has been there: somebody was spoken to. */
  #begun = false;
  #saying = false;
  #closed = false;
  #timer: Timer | null = null;

  /** @param phrases `null`: the call ends without a word */
  constructor(target: CommandTarget, phrases: CallPhrases | null) {
    this.#target = target;
    this.#phrases = phrases;
    target.scope.log.listen(({ type }) => {
      if (type === 'backend.ready') this.#begun = true;
    });
  }

  /** While it is being said nothing else is done in the call, and nothing at all after its end. */
  refuses({ type }: ClientCommand): boolean {
    return this.#closed || (this.#saying && type !== 'playback');
  }

  /** @param onOver called once, when it was heard, or when there is nothing to say */
  say(onOver: () => void): void {
    const { lines, settings, scope } = this.#target;
    const phrase = this.#begun && settings().modality === 'audio' ? this.#phrases?.last() : null;
    if (phrase === null || phrase === undefined) {
      onOver();
      return;
    }
    this.#saying = true;
    const track = lines.open({ ...unasked, cause: 'filler' });
    lines.own.say(track, phrase);
    this.#wait(track, scope.nowMs() + track.generatedMs + graceMs, onOver);
  }

  /** The call is over. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#timer = null;
  }

  #wait(track: LineTrack, untilMs: number, onOver: () => void): void {
    const { clock, nowMs } = this.#target.scope;
    this.#timer = clock.timerAt(clock.nowMs() + lookMs, () => {
      if (nowMs() < untilMs && !this.#heard(track)) this.#wait(track, untilMs, onOver);
      else onOver();
    });
  }

  #heard(track: LineTrack): boolean {
    const { roundTripMs, scope } = this.#target;
    // The clock's guess lies behind by less than this.
    return track.closed && track.heardMs(scope.nowMs(), roundTripMs()) >= track.sentMs - 1;
  }
}
