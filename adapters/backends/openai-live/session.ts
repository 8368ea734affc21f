import type { ClientEvent } from '../../../protocol/openai-live/client-events.ts';
import type {
  BackendCommand,
  BackendContext,
  BackendEvent,
  BackendSession,
} from '../../../src/ports/backend.ts';
import { CallError } from '../../../src/ports/errors.ts';
import type { CallSettings } from '../../../src/ports/settings.ts';
import { BoundedQueue, type Incoming } from '../../../src/streams/bounded-queue.ts';
import type { Connection } from '../../shared/connection.ts';
import { isAudible } from './audible.ts';
import { Beginning } from './beginning.ts';
import type { Counters } from './counters.ts';
import type { UpstreamEvent } from './decode.ts';
import {
  answerNow,
  encodeAppend,
  encodeContext,
  encodeItem,
  encodeStart,
  encodeChange,
} from './encode.ts';
import { History } from './history.ts';
import { Meter } from './meter.ts';
import type { OpenAiLiveOptions } from './options.ts';
import { PacedInput } from './paced-input.ts';
import { Pulse, stalledMs } from './pulse.ts';
import { appendLimit } from './split.ts';
import { Succession } from './succession.ts';
import { Track } from './track.ts';
import type { UpstreamOptions } from './upstream.ts';
import { Work } from './work.ts';

/** Events that may wait for the consumer (a count): frames of 100 ms, for a minute and a half. */
export const eventLimit = 1024;
/** Events that wait for the session to start (a count). */
const waitingLimit = 256;
/** So much of what it said may go unheard without a word about it, characters. */
const unheardCharacters = 20;

export interface SessionOptions {
  readonly context: BackendContext;
  readonly options: OpenAiLiveOptions;
  readonly counters: Counters;
  readonly upstream: UpstreamOptions;
  readonly chance: () => number;
  readonly connect: (signal: AbortSignal) => Promise<Connection>;
  /** Called once. */
  readonly onClosed: () => void;
}

/**
 * One call's conversation with the upstream. Its session is started once settings have settled, as
 * most of them cannot change later, and is followed by another before it ends or when it is lost.
 */
export class OpenAiLiveSession implements BackendSession {
  readonly #options: SessionOptions;
  /** One more than the limit: room for the word that it was exceeded. */
  readonly #queue = new BoundedQueue<BackendEvent>({ limit: eventLimit + 1, overflow: 'fail' });
  readonly #history = new History();
  readonly #track: Track;
  readonly #input: PacedInput;
  readonly #work: Work;
  readonly #succession: Succession;
  readonly #meter: Meter;
  readonly #beginning: Beginning;
  readonly #pulse = new Pulse();
  #settings: CallSettings;
  readonly #waiting: ClientEvent[] = [];
  #typed = false;
  #closed = false;

  constructor(options: SessionOptions, first: Connection) {
    const { context, counters } = options;
    this.#options = options;
    this.#settings = context.settings;
    this.#beginning = new Beginning(context.clock, () => this.#succession.begin());
    for (const item of context.seed?.items ?? []) this.#history.add(item);
    this.#meter = new Meter(counters, (event) => this.#emit(event));
    this.#track = new Track(this.#history, (event) => this.#emit(event));
    this.#input = new PacedInput({
      clock: context.clock,
      counters,
      send: (frame, toSample) => this.#frame(frame, toSample),
      onDropped: (samples) => this.#emit({ type: 'dropped', what: 'input', samples }),
    });
    this.#work = new Work({
      delegation: options.options.delegation,
      counters,
      settings: () => this.#settings,
      request: () => this.#history.request,
      emit: (event) => this.#emit(event),
      send: (events) => this.#write(events),
    });
    this.#succession = new Succession(
      {
        clock: context.clock,
        log: context.log,
        upstream: options.upstream,
        limitMs: options.options.connectionLimitMs ?? null,
        chance: options.chance,
        connect: options.connect,
        start: (upstream) => {
          if (!this.#beginning.begun) return false;
          const { model, delegation } = options.options;
          const input = this.#history.input();
          upstream.start(encodeStart(this.#settings, { model, delegation, input }));
          return true;
        },
        onEvent: (event) => this.#take(event),
        onChanged: (how) => this.#changed(how),
        onLost: (error) => this.#lost(error),
        onOver: (error) => this.#fail(error),
      },
      first,
    );
    counters.sessionsOpen += 1;
    counters.sessionsTotal += 1;
  }

  get events(): Incoming<BackendEvent> {
    return this.#queue;
  }

  send(command: BackendCommand): 'ok' | 'overflow' | 'closed' {
    if (this.#closed) return 'closed';
    switch (command.type) {
      case 'audio':
        this.#input.push(command.chunk);
        this.#beginning.now();
        break;
      case 'configure':
        this.#configure(command.settings);
        break;
      case 'clear':
        this.#input.clear();
        break;
      case 'respond':
        this.#respond(command);
        break;
      case 'cancel':
        if (this.#beginning.begun) this.#write(encodeContext('instructions', 'Stop speaking now.'));
        break;
      case 'truncate':
        this.#heard(command.heardText);
        break;
      case 'item.add':
        this.#add(command.item);
        break;
      case 'item.delete':
        if (!this.#beginning.begun) this.#history.delete(command.itemId);
        break;
      // There are no turns to be committed, and nothing is begun that nobody may hear.
      case 'commit':
      case 'speculate':
      case 'speculation.drop':
      case 'server_tool.approve':
      case 'caller.floor':
        this.#options.counters.commandsUnmatched += 1;
    }
    return this.#isClosed() ? 'closed' : 'ok';
  }

  close(): void {
    if (!this.#closed) this.#end();
    this.#queue.drain();
  }

  #configure(settings: CallSettings): void {
    const before = this.#settings;
    this.#settings = settings;
    const change = encodeChange(before, settings, this.#options.options.delegation);
    if (change === 'none') return;
    if (!this.#beginning.begun) this.#beginning.settle();
    else if (change === 'renew') this.#succession.renew();
    else this.#write(change);
  }

  #respond({ lineId, outOfBand, overrides, input }: BackendCommand & { type: 'respond' }): void {
    const wish = overrides.instructions ?? '';
    const text = `${answerNow}${wish === '' ? '' : ` ${wish}`}`;
    if (outOfBand || input !== null || text.length > appendLimit) {
      const message = outOfBand || input !== null ? 'only in the conversation' : 'too long';
      const error = new CallError('invalid_value', `The answer cannot be had: ${message}.`);
      this.#emit({ type: 'line.done', lineId, outcome: { status: 'failed', error }, usage: null });
      return;
    }
    this.#beginning.now();
    if (this.#work.goesOn) return;
    if (this.#typed) this.#write([{ type: 'response.create' }]);
    else this.#write(encodeContext('commentary', text));
    this.#typed = false;
  }

  #add(item: (BackendCommand & { type: 'item.add' })['item']): void {
    this.#history.add(item);
    if (!this.#beginning.begun) {
      this.#beginning.settle();
      if (item.kind === 'tool_output') this.#write(encodeContext('commentary', answerNow));
    } else if (item.kind === 'tool_output') {
      this.#work.answered(item.toolCallId, item.output);
    } else {
      const { delegation } = this.#options.options;
      const events = encodeItem(item, delegation, (id) => this.#work.delegationOf(id));
      this.#typed ||= events.some(({ type }) => type === 'response.item.create');
      this.#write(events);
    }
  }

  /** Of what it said last, the caller heard this much. The upstream cannot unsay it. */
  #heard(heardText: string | null): void {
    const said = this.#history.latestSaid;
    if (heardText === null || !this.#beginning.begun) return;
    if (said.length - heardText.length < unheardCharacters || !said.startsWith(heardText)) return;
    this.#history.heardOnly(heardText);
    const text =
      heardText === ''
        ? 'The caller heard nothing of what you said last.'
        : `Of what you said last, the caller heard only: ${heardText}`;
    this.#write(encodeContext('thinking', text));
  }

  #write(events: readonly ClientEvent[]): void {
    const upstream = this.#succession.running;
    for (const event of events) {
      if ('content' in event) this.#options.counters.appendsSent += 1;
      if (upstream !== null) upstream.send(event);
      else if (this.#waiting.length < waitingLimit) this.#waiting.push(event);
      else {
        this.#fail(new CallError('queue_overflow', 'too much waits for the upstream'));
        return;
      }
    }
  }

  /** @returns whether the frame was taken */
  #frame(frame: Uint8Array, toSample: number): boolean {
    const { clock } = this.#options.context;
    const nowMs = clock.nowMs();
    if (this.#pulse.stalled(nowMs)) {
      const message = `the upstream said nothing for ${stalledMs} ms`;
      this.#succession.fail(new CallError('backend_stalled', message));
      return false;
    }
    if (isAudible(frame)) this.#pulse.caller(nowMs);
    if (this.#succession.running?.sendAudio(encodeAppend(frame)) !== true) return false;
    this.#track.sent(toSample);
    return true;
  }

  #take(event: UpstreamEvent): void {
    const { counters, context } = this.#options;
    switch (event.type) {
      case 'audio':
        this.#audio(event.bytes);
        return;
      case 'words':
        if (event.speaker === 'agent') this.#succession.progress();
        this.#track.words(event);
        return;
      case 'placed':
        counters.appendsPlaced += 1;
        return;
      case 'delegated':
        this.#work.delegated(event);
        return;
      case 'tool':
        this.#work.called(event);
        return;
      case 'round':
        this.#work.roundOver(event.failed, event.usage);
        return;
      case 'usage':
        this.#meter.told(event.seconds);
        return;
      case 'closed':
        this.#over(event);
        return;
      case 'error':
        counters.benignErrors += 1;
        context.log.info('upstream.error', { code: event.error.code });
        return;
      case 'unknown':
        counters.unknownEvents += 1;
        return;
      case 'started':
      case 'passed':
        return;
    }
  }

  #audio(bytes: Uint8Array): void {
    const nowMs = this.#options.context.clock.nowMs();
    const sounds = this.#track.audio(bytes);
    this.#pulse.agent(sounds, nowMs);
    if (sounds) this.#work.spoke();
    this.#succession.quiet = this.#pulse.quiet(nowMs) && this.#work.idle;
  }

  #changed({ first, lost }: { readonly first: boolean; readonly lost: boolean }): void {
    const { counters, context } = this.#options;
    if (!first) {
      if (lost) counters.reconnects += 1;
      else counters.rollovers += 1;
      context.log.info('upstream.changed', { lost });
      this.#work.reset();
      if (!lost) this.#track.broken();
    }
    this.#meter.restart();
    this.#pulse.restart(context.clock.nowMs());
    this.#track.restart();
    this.#input.start();
    this.#write(this.#waiting.splice(0));
  }

  #lost(error: CallError): void {
    this.#input.stop();
    const atStake = !this.#pulse.quiet(this.#options.context.clock.nowMs()) || !this.#work.idle;
    if (atStake) this.#emit({ type: 'upstream.lost', error });
    // Delegations and calls are void with it; context that waits is told to the next one.
    this.#work.reset();
    this.#track.broken();
  }

  /** The upstream ended its session in order. */
  #over({ reason, seconds }: UpstreamEvent & { readonly type: 'closed' }): void {
    if (seconds !== null) this.#meter.told(seconds);
    const error = new CallError('backend_closed', `the upstream ended its session: ${reason}`);
    if (reason === 'expired' || reason === 'connection_lost') this.#succession.fail(error);
    else this.#fail(error);
  }

  #emit(event: BackendEvent): void {
    if (this.#closed) return;
    if (this.#queue.size < eventLimit) {
      this.#queue.push(event);
      return;
    }
    this.#options.counters.queueOverflows += 1;
    this.#fail(
      new CallError('queue_overflow', `${eventLimit} events of the upstream were not read`),
    );
  }

  #fail(error: CallError): void {
    if (this.#closed) return;
    this.#options.counters.sessionsFailed += 1;
    this.#queue.push({ type: 'failed', error });
    this.#end();
  }

  #end(): void {
    this.#closed = true;
    this.#beginning.close();
    this.#input.stop();
    this.#succession.close();
    this.#options.counters.sessionsOpen -= 1;
    this.#queue.close();
    this.#options.onClosed();
  }

  /** A method, because calls change what the compiler believes it knows. */
  #isClosed(): boolean {
    return this.#closed;
  }
}
