import type { BackendEvent } from '../../../src/ports/backend.ts';
import { CallerTranscripts } from './caller-transcripts.ts';
import type { UpstreamEvent } from './decode.ts';
import type { UpstreamMemory } from './upstream-memory.ts';

/** After speech that the upstream hears by itself, its answer is waited for this long, ms. */
const answerWithinMs = 1000;

/** The caller's turns as the upstream has them: their names, their words, and who still owes what. */
export class CallerTurns {
  readonly #memory: UpstreamMemory;
  /** The upstream judges turns by itself: its names are all there are. */
  readonly #judgedUpstream: boolean;
  readonly #transcripts = new CallerTranscripts();
  /** A turn was committed that no response has taken up. */
  #unanswered = false;
  #speaking = false;
  #speechEndedAtMs = -Infinity;

  constructor(memory: UpstreamMemory, judgedUpstream: boolean) {
    this.#memory = memory;
    this.#judgedUpstream = judgedUpstream;
  }

  commit(itemId: string): void {
    this.#memory.ids.commit(itemId);
    this.#unanswered = true;
  }

  /** The upstream has a turn. @param transcribed it will say what its words are */
  committed(upstreamId: string, transcribed: boolean): void {
    this.#memory.named(upstreamId);
    if (transcribed) this.#transcripts.expect(upstreamId);
  }

  /** A response in the conversation has begun. */
  answered(): void {
    this.#unanswered = false;
  }

  speech(speaking: boolean, nowMs: number): void {
    this.#speaking = speaking;
    if (!speaking) this.#speechEndedAtMs = nowMs;
  }

  /** @returns what to tell the call, or `null` */
  transcript(
    event: UpstreamEvent & { readonly type: `transcript.${string}` },
  ): (BackendEvent & { type: 'caller.transcript' }) | null {
    const { itemId } = event;
    if (event.type === 'transcript.done') this.#memory.words.transcribed(itemId, event.text);
    const ours = this.#memory.ids.ours(itemId) ?? (this.#judgedUpstream ? itemId : null);
    return this.#transcripts.take(event, ours);
  }

  /** Whether no word would be cut or left unanswered if the upstream changed now. */
  isStill(nowMs: number): boolean {
    return (
      !this.#unanswered &&
      !this.#speaking &&
      !this.#memory.ids.awaitsName &&
      !this.#transcripts.isWaiting &&
      nowMs - this.#speechEndedAtMs >= answerWithinMs
    );
  }

  /** Another connection: nothing more comes of what was said to the one before. */
  reset(): void {
    this.#transcripts.reset();
    this.#speaking = false;
  }
}
