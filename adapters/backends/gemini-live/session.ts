import type { ClientMessage, WireSetup } from '../../../protocol/gemini-live/client-messages.ts';
import type {
  BackendCommand,
  BackendContext,
  BackendEvent,
  BackendSession,
} from '../../../src/ports/backend.ts';
import type { ConversationItem } from '../../../src/ports/conversation.ts';
import { CallError } from '../../../src/ports/errors.ts';
import type { CallSettings } from '../../../src/ports/settings.ts';
import { BoundedQueue } from '../../../src/streams/bounded-queue.ts';
import type { Timer } from '../../../src/time/clock.ts';
import type { Connection } from '../../shared/connection.ts';
import { settingsChange } from './context-updates.ts';
import { countBilledLine } from '../../shared/line-counters.ts';
import type { Counters } from './counters.ts';
import type { UpstreamEvent } from './decode.ts';
import { Dialogue, type DialogueCommand } from './dialogue.ts';
import type { Memory } from './memory.ts';
import { connectionSetup, wireSetup, type SetupFrame } from './setup.ts';
import { Upstream, type NextSetup, type UpstreamOptions } from './upstream.ts';

/** Events that may wait for the consumer (a count). */
export const eventLimit = 1024;
/** Commands that may wait for the next connection (a count). */
const deferredLimit = 256;
/** Several changes of the settings in a row become one, within this, ms. */
const settleMs = 50;
/** After the last word the upstream may need so long until it gives a handle that holds it, ms. */
const handleLagMs = 1000;
/** Words may lag so far behind the audio they belong to, ms. */
const wordsLagMs = 300;
/** While there is still more time than this, a turn's own end is waited for before a change, ms. */
const pressedMs = 10_000;

export interface SessionOptions extends Omit<UpstreamOptions, 'handlers' | 'clock' | 'log'> {
  readonly context: BackendContext;
  readonly frame: SetupFrame;
  readonly counters: Counters;
  /** What was said before, and is told with the first connection. */
  readonly memory: Memory;
  /** Setup of the first connection. */
  readonly setup: WireSetup;
  /** Called once. */
  readonly onClosed: () => void;
}

/** One call's session with the upstream, over all the connections that it takes. */
export class GeminiLiveSession implements BackendSession {
  readonly #options: SessionOptions;
  /** One more than the limit: room for the word that it was exceeded. */
  readonly #queue = new BoundedQueue<BackendEvent>({ limit: eventLimit + 1, overflow: 'fail' });
  readonly #dialogue: Dialogue;
  readonly #upstream: Upstream;
  /** Commands for the next connection, oldest first. */
  readonly #deferred: DialogueCommand[] = [];
  #settings: CallSettings;
  #setup: WireSetup;
  #settleAtMs: number | null = null;
  #timer: Timer | null = null;
  #timerAtMs: number | null = null;
  /** What was said is still to be told. */
  #ahead: boolean;
  #closed = false;

  constructor(connection: Connection, options: SessionOptions) {
    const { context, counters, frame, memory, setup } = options;
    this.#options = options;
    this.#settings = context.settings;
    this.#setup = setup;
    this.#dialogue = new Dialogue({
      context,
      frame,
      counters,
      memory,
      settings: () => this.#settings,
      send: (text, kind) => this.#upstream.send(text, kind),
      write: (message) => this.#write(message),
      emit: (event) => this.#emit(event),
      onProgress: () => this.#upstream.tell({ type: 'progress' }),
      onFailed: (error) => this.#fail(error),
    });
    counters.sessionsOpen += 1;
    counters.sessionsTotal += 1;
    const { clock, log } = context;
    this.#upstream = new Upstream(connection, {
      ...options,
      clock,
      log,
      handlers: {
        event: (event) => this.#take(event),
        left: (error) => this.#dialogue.left(error),
        nextSetup: () => this.#nextSetup(),
        handleRefused: () => memory.forgetHandle(),
        connected: (resumed) => this.#connected(resumed),
        failed: (error) => this.#fail(error),
      },
    });
    this.#ahead = context.ahead === true;
    if (!this.#ahead) this.#dialogue.begin();
  }

  get events(): AsyncIterable<BackendEvent> {
    return this.#queue;
  }

  send(command: BackendCommand): 'ok' | 'overflow' | 'closed' {
    if (this.#closed) return 'closed';
    const taken = this.#command(command);
    if (command.type === 'audio') this.#wake();
    else this.#afterwards();
    return this.#isClosed() ? 'closed' : taken;
  }

  seed(items: readonly ConversationItem[]): void {
    if (this.#closed || !this.#ahead) return;
    this.#ahead = false;
    const { counters, frame, memory } = this.#options;
    counters.itemsSkipped += memory.seed(items);
    // A connection that is on its way is told when it is there.
    if (this.#upstream.connected) this.#dialogue.begin(frame.family.initialHistory);
  }

  close(): void {
    if (!this.#closed) this.#end();
    this.#queue.drain();
  }

  #command(command: BackendCommand): 'ok' | 'overflow' {
    if (command.type === 'audio') {
      const { connected } = this.#upstream;
      return this.#dialogue.caller.audio(command.chunk, connected, this.#nowMs());
    }
    if (command.type === 'configure') {
      this.#settings = command.settings;
      this.#settleAtMs = this.#nowMs() + settleMs;
      return 'ok';
    }
    if (command.type === 'cancel') {
      this.#cancel(command.lineId);
      return 'ok';
    }
    if (this.#settleAtMs !== null) this.#settle();
    return this.#execute(command);
  }

  #execute(command: DialogueCommand): 'ok' | 'overflow' {
    if (this.#upstream.connected) {
      this.#dialogue.execute(command);
      return 'ok';
    }
    if (this.#deferred.length >= deferredLimit) {
      this.#options.counters.queueOverflows += 1;
      return 'overflow';
    }
    this.#deferred.push(command);
    return 'ok';
  }

  #cancel(lineId: string): void {
    const place = this.#deferred.findIndex(
      (command) => command.type === 'respond' && command.lineId === lineId,
    );
    if (place >= 0) {
      this.#deferred.splice(place, 1);
      this.#emit({ type: 'line.done', lineId, outcome: { status: 'cancelled' }, usage: null });
    } else if (!this.#dialogue.answers.cancel(lineId)) {
      this.#options.counters.commandsUnmatched += 1;
    }
  }

  #take(event: UpstreamEvent): void {
    const { context, counters } = this.#options;
    if (event.type === 'go.away') {
      counters.goAways += 1;
      this.#emit({ type: 'leaving' });
      this.#upstream.tell({ type: 'notice', leftMs: event.leftMs });
    } else if (event.type === 'unknown') {
      counters.unknownEvents += 1;
      context.log.debug('upstream.unknown_field', { name: event.name });
    } else if (event.type !== 'setup.complete') {
      this.#dialogue.take(event);
    }
    this.#afterwards();
  }

  /** Settings have come to rest: they get into force. */
  #settle(): void {
    if (!this.#upstream.connected) {
      // The next connection may have been set up already with what held before.
      this.#settleAtMs = this.#nowMs() + settleMs;
      return;
    }
    this.#settleAtMs = null;
    const { frame } = this.#options;
    const wanted = wireSetup(this.#settings, frame);
    const change = settingsChange(this.#setup, wanted, frame.family.contextUpdate);
    if (change.kind === 'none') return;
    if (change.kind === 'told') {
      this.#setup = wanted;
      this.#write(change.message);
      return;
    }
    const { answers, settled } = this.#dialogue;
    this.#upstream.tell({ type: 'wanted' });
    this.#upstream.tell({ type: 'quiet', quiet: answers.idle && settled });
  }

  #nextSetup(): NextSetup {
    const { memory, frame } = this.#options;
    const { family } = frame;
    // What the handle does not hold can be told to some models only as history of a new session.
    const isTellable = family.text === 'content' || memory.uncovered.length === 0;
    const handle = this.#dialogue.used && isTellable ? memory.handle : null;
    if (handle === null) memory.forgetHandle();
    const expected = this.#ahead || memory.turns.length > 0;
    const announcesHistory = handle === null && family.initialHistory && expected;
    this.#setup = wireSetup(this.#settings, frame);
    return { handle, setup: connectionSetup(this.#setup, { handle, announcesHistory }) };
  }

  #connected(resumed: boolean): void {
    this.#dialogue.reconnected(resumed);
    for (const command of this.#deferred.splice(0)) this.#execute(command);
    this.#afterwards();
  }

  /** Nothing would be lost by another connection now. */
  #isQuiet(): boolean {
    const { activeAtMs, answers, settled, used } = this.#dialogue;
    const { memory } = this.#options;
    if (!used) return true;
    if (!settled) return false;
    const nowMs = this.#nowMs();
    const sinceMs = nowMs - activeAtMs;
    if (answers.idle) return memory.fresh || sinceMs >= handleLagMs;
    const { pressedAtMs } = this.#upstream;
    const isPressed = pressedAtMs !== null && pressedAtMs - nowMs < pressedMs;
    return isPressed && !answers.running && memory.fresh && sinceMs >= wordsLagMs;
  }

  #tick(): void {
    this.#timer = null;
    this.#timerAtMs = null;
    const nowMs = this.#nowMs();
    this.#dialogue.tick(nowMs);
    if (this.#settleAtMs !== null && nowMs >= this.#settleAtMs) this.#settle();
    this.#afterwards();
  }

  /** What follows from anything that happened. */
  #afterwards(): void {
    if (this.#closed) return;
    if (this.#upstream.connected) {
      this.#dialogue.serve();
      if (this.#upstream.isDue) this.#upstream.tell({ type: 'quiet', quiet: this.#isQuiet() });
    }
    if (!this.#isClosed()) this.#wake();
  }

  #wake(): void {
    if (this.#closed) return;
    const { activeAtMs, wakeAtMs } = this.#dialogue;
    const times = [wakeAtMs, this.#settleAtMs];
    if (this.#upstream.isDue) {
      const later = [activeAtMs + wordsLagMs, activeAtMs + handleLagMs];
      times.push(...later.filter((atMs) => atMs > this.#nowMs()));
    }
    const atMs = times.reduce((a, b) => (a === null || (b !== null && b < a) ? b : a), null);
    if (atMs === this.#timerAtMs) return;
    this.#timer?.cancel();
    this.#timerAtMs = atMs;
    const { clock } = this.#options.context;
    this.#timer = atMs === null ? null : clock.timerAt(atMs, () => this.#tick());
  }

  #write(message: ClientMessage): void {
    if (this.#closed || this.#upstream.send(JSON.stringify(message), 'control')) return;
    if (!this.#upstream.connected) return;
    this.#options.counters.queueOverflows += 1;
    this.#fail(new CallError('queue_overflow', 'the upstream does not read what it is sent'));
  }

  #emit(event: BackendEvent): void {
    if (this.#closed) return;
    countBilledLine(this.#options.counters, event);
    if (this.#queue.size < eventLimit) {
      this.#queue.push(event);
      return;
    }
    this.#options.counters.queueOverflows += 1;
    this.#fail(new CallError('queue_overflow', `${eventLimit} backend events were not taken`));
  }

  #fail(error: CallError): void {
    if (this.#closed) return;
    this.#options.counters.sessionsFailed += 1;
    this.#queue.push({ type: 'failed', error });
    this.#end();
  }

  #end(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#upstream.close();
    this.#queue.close();
    this.#options.counters.sessionsOpen -= 1;
    this.#options.onClosed();
  }

  #nowMs(): number {
    return this.#options.context.clock.nowMs();
  }

  /** A method, because a command may close what the compiler believes open. */
  #isClosed(): boolean {
    return this.#closed;
  }
}
