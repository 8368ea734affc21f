import { samplesToMs } from '../audio/format.ts';
import type { CommandTarget } from './commands.ts';
import type { MessageItem } from '../ports/conversation.ts';
import type { TurnEffect } from '../turn/vocabulary.ts';

/** How long a detector may hear speech after its end, ms; a backend's own adds its silence timer. */
const detectorHangMs = 300;
const backendHangMs = 1500;

/** The caller's turns as items of the conversation, and the ids under which they are announced. */
export class TurnItems {
  readonly #target: CommandTarget;
  /** Item of the speech in progress; its id is shown before the item exists. */
  #speechItemId: string | null = null;
  /** The turn committed last, and where what it answers to began: turns taken back belong to it. */
  #committed: { readonly itemId: string; readonly fromSample: number } | null = null;
  #unansweredFromSample: number | null = null;

  constructor(target: CommandTarget) {
    this.#target = target;
  }

  /** Start of the committed turn that nothing has been heard in answer to. */
  get unansweredFromSample(): number | null {
    return this.#unansweredFromSample;
  }

  /**
   * The turn committed last was not finished: whatever was heard in answer to it is none.
   * @returns its item, if there is one
   */
  retract(): string | null {
    if (this.#committed === null) return null;
    this.#unansweredFromSample ??= this.#committed.fromSample;
    return this.#committed.itemId;
  }

  /** Something of an answer has reached the client. */
  answered(): void {
    this.#unansweredFromSample = null;
  }

  /** The id shown for the speech in progress, or a new one. */
  itemId(): string {
    return this.#speechItemId ?? this.newItemId();
  }

  /** An id that is shown before its item exists: nobody else may take it. */
  newItemId(): string {
    const { conversation, scope } = this.#target;
    if (this.#speechItemId !== null) conversation.release(this.#speechItemId);
    const itemId = scope.ids.next('item');
    this.#speechItemId = itemId;
    conversation.reserve(itemId);
    return itemId;
  }

  commit(effect: TurnEffect & { type: 'commitTurn' }): void {
    const { scope, conversation, uplink, context, send } = this.#target;
    const itemId = this.itemId();
    this.#speechItemId = null;
    const toSample =
      effect.toAudioMs === null ? uplink.endSample : uplink.sampleAt(effect.toAudioMs);
    const fromSample =
      effect.fromAudioMs === null
        ? uplink.uncommittedSample
        : Math.min(uplink.sampleAt(effect.fromAudioMs), toSample);
    uplink.uncommittedSample = toSample;
    // A turn whose answer was cut before it was heard is still unanswered.
    if (effect.cause !== 'idle') this.#unansweredFromSample ??= fromSample;
    this.#committed = { itemId, fromSample: this.#unansweredFromSample ?? fromSample };
    const durationMs = samplesToMs(toSample - fromSample, uplink.format.rateHz);
    const item: MessageItem = {
      kind: 'message',
      itemId,
      role: 'user',
      status: 'completed',
      content: [{ type: 'audio', transcript: null, durationMs }],
    };
    const previousItemId = conversation.add(item, null);
    const speechEndAtMs = this.#speechEndAtMs(effect);
    scope.log.append({
      type: 'turn.committed',
      itemId,
      previousItemId,
      cause: effect.cause,
      fromSample,
      toSample,
      speechEndAtMs,
    });
    if (context().authority === 'gateway') {
      const silence = effect.cause === 'idle' ? { silence: true as const } : {};
      send({ type: 'commit', itemId, fromSample, toSample, ...silence });
    }
  }

  /** The anchor of every latency: in the wave, so that no setting of a detector moves it. */
  #speechEndAtMs({ cause, speechEndAudioMs }: TurnEffect & { type: 'commitTurn' }): number | null {
    if (speechEndAudioMs === null) return null;
    const { uplink } = this.#target;
    const lookBackMs = cause === 'backend' ? backendHangMs : detectorHangMs;
    return uplink.callTimeOf(uplink.audibleEndMs(speechEndAudioMs, lookBackMs));
  }

  /** Keys of the telephone are a turn in writing. */
  commitDigits(digits: string): void {
    const { scope, conversation, send } = this.#target;
    const item: MessageItem = {
      kind: 'message',
      itemId: scope.ids.next('item'),
      role: 'user',
      status: 'completed',
      content: [{ type: 'text', text: `[keys pressed: ${digits}]` }],
    };
    const previousItemId = conversation.add(item, null);
    send({ type: 'item.add', item, afterItemId: undefined });
    scope.log.append({ type: 'item.added', item, previousItemId });
  }
}
