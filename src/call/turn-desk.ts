import { asCallError } from '../ports/errors.ts';
import { samplesToMs } from '../audio/format.ts';
import { TurnEngine } from '../turn/engine.ts';
import { unasked } from './line-request.ts';
import type { CommandTarget } from './commands.ts';
import type { MessageItem } from '../ports/conversation.ts';
import type {
  TurnEffect,
  TurnEvent,
  TurnInput,
  TurnOptions,
  TurnState,
} from '../turn/vocabulary.ts';

/** Does what the turn machine wants: turns effects into log entries, items and commands. */
export class TurnDesk {
  readonly #target: CommandTarget;
  readonly #engine: TurnEngine;
  /** Item of the speech in progress; its id is shown before the item exists. */
  #speechItemId: string | null = null;
  #unansweredFromSample: number | null = null;

  constructor(target: CommandTarget, options: TurnOptions) {
    const { clock, originMs } = target.scope;
    this.#target = target;
    this.#engine = new TurnEngine({ clock, originMs, options }, (effect) => this.#run(effect));
  }

  get state(): TurnState {
    return this.#engine.state;
  }

  /** Start of the committed turn that nothing has been heard in answer to. */
  get unansweredFromSample(): number | null {
    return this.#unansweredFromSample;
  }

  feed(input: TurnInput): void {
    if (this.#answers(input)) this.#unansweredFromSample = null;
    this.#engine.feed(input);
  }

  configure(options: TurnOptions): void {
    this.#engine.configure(options);
  }

  /** Nothing is decided any more, not even what was half decided. */
  close(): void {
    this.#engine.close();
  }

  /** Whether something of an answer has reached the client. */
  #answers(input: TurnInput): boolean {
    if (input.type === 'line.audio') return true;
    const { latest } = this.#target.lines;
    return input.type === 'line.closed' && latest !== null && latest.sentText !== '';
  }

  #run(effect: TurnEffect): void {
    const { lines } = this.#target;
    switch (effect.type) {
      case 'event':
        this.#show(effect.event);
        return;
      case 'commitTurn':
        this.#commit(effect);
        return;
      case 'startResponse':
        this.#answer(effect.cause);
        return;
      case 'cancelGeneration':
        lines.cancelUpstream();
        return;
      case 'flushPlayback':
        lines.cut('caller', 'turn_detected');
        return;
      // The cut itself has told what was heard: nothing that follows from it may come before.
      case 'truncate':
        return;
      // Effects of rules that are not written yet: the machine does not give them.
      case 'speculate':
      case 'dropSpeculation':
      case 'duck':
      case 'hold':
      case 'resume':
      case 'retractTurn':
      case 'say':
      case 'backend':
        return;
    }
  }

  #show(event: TurnEvent): void {
    const { scope } = this.#target;
    switch (event.type) {
      case 'speechStarted': {
        const itemId = this.#newItemId();
        const { audioStartMs } = event;
        scope.log.append({
          type: 'speech.started',
          itemId,
          audioStartMs,
          detectedAtMs: scope.nowMs(),
        });
        return;
      }
      case 'speechStopped':
        scope.log.append({
          type: 'speech.stopped',
          itemId: this.#itemId(),
          audioEndMs: event.audioEndMs,
        });
        return;
      case 'speechDismissed': {
        const { verdict, audioStartMs, audioEndMs } = event;
        scope.log.append({ type: 'speech.dismissed', verdict, audioStartMs, audioEndMs });
        return;
      }
      case 'idle': {
        const { audioStartMs, audioEndMs } = event;
        scope.log.append({ type: 'turn.idle', itemId: this.#itemId(), audioStartMs, audioEndMs });
        return;
      }
    }
  }

  /** The id shown for the speech in progress, or a new one. */
  #itemId(): string {
    return this.#speechItemId ?? this.#newItemId();
  }

  /** An id that is shown before its item exists: nobody else may take it. */
  #newItemId(): string {
    const { conversation, scope } = this.#target;
    if (this.#speechItemId !== null) conversation.release(this.#speechItemId);
    const itemId = scope.ids.next('item');
    this.#speechItemId = itemId;
    conversation.reserve(itemId);
    return itemId;
  }

  #commit(effect: TurnEffect & { type: 'commitTurn' }): void {
    const { scope, conversation, uplink, context, send } = this.#target;
    const itemId = this.#itemId();
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
    const durationMs = samplesToMs(toSample - fromSample, uplink.format.rateHz);
    const item: MessageItem = {
      kind: 'message',
      itemId,
      role: 'user',
      status: 'completed',
      content: [{ type: 'audio', transcript: null, durationMs }],
    };
    const previousItemId = conversation.add(item, null);
    const speechEndAtMs =
      effect.speechEndAudioMs === null ? null : uplink.callTimeOf(effect.speechEndAudioMs);
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
      send({ type: 'commit', itemId, fromSample, toSample });
    }
  }

  #answer(cause: 'turn' | 'idle' | 'tool'): void {
    const { scope, respond } = this.#target;
    try {
      respond({ ...unasked, cause }, null);
    } catch (thrown) {
      const { code, message } = asCallError(thrown);
      scope.log.append({ type: 'fault', code, message });
    }
  }
}
