import type { WebSocket } from 'ws';
import { seededRandom } from '../../../adapters/shared/chance.ts';
import { bytesPerSample } from '../../../src/audio/format.ts';
import type { Timer } from '../../../src/time/clock.ts';
import { Timers } from '../gemini/timers.ts';
import { Appends, type Append } from './appends.ts';
import { Ear } from './ear.ts';
import { Mind } from './mind.ts';
import { goWrong, takeFault } from './mishaps.ts';
import type { FaultPlace, StandInFault, StandInSettings } from './options.ts';
import { Outlet, type Body } from './outlet.ts';
import { Reflection } from './reflection.ts';
import { readAudio, readEvent, WireError, type AppendEvent, type ClientEvent } from './shapes.ts';
import type { Known } from './speech.ts';
import { Terms } from './terms.ts';
import { Track } from './track.ts';
import { Work } from './work.ts';

/** Kept for tests to look at: messages of one connection (a count). */
const keptLimit = 20_000;

export interface SessionOptions {
  readonly settings: StandInSettings;
  readonly faults: StandInFault[];
  readonly socket: WebSocket;
  /** Counts the server's connections from 1. */
  readonly ordinal: number;
  readonly onDelay: (delayMs: number) => void;
  readonly onClosed: () => void;
}

/** What there is once a session has started. */
interface Running {
  readonly terms: Terms;
  readonly ear: Ear;
  readonly mind: Mind;
}

/** One primary connection's side of the vendor's protocol, its rules kept strictly. */
export class StandInSession {
  readonly id: string;
  readonly ordinal: number;
  /** Every client event as it came, audio left out. */
  readonly received: ClientEvent[] = [];
  /** All that the model knows. */
  readonly history: Known[] = [];
  /** Lasting instructions in force. */
  readonly instructions: string[] = [];
  readonly work: Work;
  muted = false;
  closed = false;
  readonly #options: SessionOptions;
  readonly #timers: Timers;
  readonly #reflection = new Reflection();
  readonly #outlet: Outlet;
  readonly #appends: Appends;
  readonly #track: Track;
  #running: Running | null = null;
  #noAudio: Timer | null = null;

  constructor(options: SessionOptions) {
    const { settings, socket, ordinal } = options;
    this.ordinal = ordinal;
    this.id = `live_u1_${ordinal}`;
    this.#options = options;
    this.#timers = new Timers(settings.clock);
    const outlet = new Outlet(socket, this.#reflection, ordinal);
    this.#outlet = outlet;
    this.#appends = new Appends(settings.placingMs, seededRandom(settings.seed + 31 * ordinal));
    this.work = new Work({
      delegation: () => this.#terms.delegation,
      newId: (prefix) => outlet.newId(prefix),
      send: (body) => outlet.send(body as Body),
      speak: (speech) => this.#running?.mind.say(speech),
    });
    this.#track = new Track({
      outlet,
      reflection: this.#reflection,
      appends: this.#appends,
      work: this.work,
      history: this.history,
      instructions: this.instructions,
      muted: () => this.muted,
    });
    socket.on('message', (data: Buffer, isBinary: boolean) => this.#take(data, isBinary, false));
    socket.on('error', () => undefined);
    socket.on('close', () => this.#gone());
  }

  /** Absent before `session.start` was taken. */
  get terms(): Terms | null {
    return this.#running?.terms ?? null;
  }

  get ear(): Ear | null {
    return this.#running?.ear ?? null;
  }

  get mind(): Mind | null {
    return this.#running?.mind ?? null;
  }

  /** What was said to the client, audio left out. */
  get sent(): readonly Body[] {
    return this.#outlet.sent;
  }

  /** Length of the output track, ms. */
  get trackMs(): number {
    return this.#track.lengthMs;
  }

  /** Another socket joins. */
  attach(socket: WebSocket): void {
    const session = this.#terms.resource();
    const event_id = this.#outlet.newId('event');
    socket.send(JSON.stringify({ type: 'session.started', event_id, session }));
    socket.on('message', (data: Buffer, isBinary: boolean) => this.#take(data, isBinary, true));
    socket.on('error', () => undefined);
    this.#reflection.join(socket);
  }

  /** Ends it from the server's side, in order. */
  end(reason: string, eventId: string | null = null): void {
    if (this.closed) return;
    for (const { eventId: of } of this.#appends.abandon()) {
      const message = 'The session ended before this context was placed.';
      this.#outlet.fail(new WireError('context_injection_incomplete', message), of);
    }
    const usage = { seconds: this.trackMs / 1000 };
    const session = this.#terms.resource();
    this.#outlet.send({ type: 'session.closed', reason, session, usage }, eventId);
    this.closed = true;
    this.#timers.close();
    this.#options.socket.close();
    this.#reflection.close();
  }

  /** Gone without a word. */
  drop(): void {
    this.#options.socket.terminate();
  }

  get #terms(): Terms {
    if (this.#running === null) throw new TypeError('the session has not started');
    return this.#running.terms;
  }

  #take(data: Buffer, isBinary: boolean, sideband: boolean): void {
    if (this.#outlet.silent || this.closed) return;
    const eventId = idOf(data);
    try {
      if (isBinary) throw new WireError('invalid_event', 'Messages are JSON text.');
      const event = readEvent(data.toString('utf8'));
      const isAudio = event.type === 'session.input_audio.append';
      if (!isAudio && this.received.length < keptLimit) this.received.push(event);
      if (this.#running === null) this.#start(event, eventId);
      else if (isAudio && sideband) throw new WireError('invalid_event', 'Not here.', 'type');
      else this.#run(event, eventId, this.#running);
    } catch (thrown) {
      if (!(thrown instanceof WireError)) throw thrown;
      this.#outlet.fail(thrown, eventId);
      // What goes wrong before it starts never starts.
      if (this.#running === null) this.#options.socket.close(1008, thrown.code);
    }
  }

  #start(event: ClientEvent, eventId: string | null): void {
    if (event.type !== 'session.start') {
      throw new WireError('invalid_event', 'The first event must be session.start.', 'type');
    }
    if (this.#wrong({ at: 'start' })) return;
    const { settings, ordinal, onDelay } = this.#options;
    const { session } = event;
    if (!settings.models.includes(session.model)) {
      const message = `The model '${session.model}' does not exist or you do not have access to it.`;
      throw new WireError('model_not_found', message, 'session.model');
    }
    if ((session.instructions ?? '').trim() !== '') this.instructions.push(session.instructions!);
    for (const { role, content } of session.input ?? []) {
      this.history.push({ role, text: content[0]?.text ?? '' });
    }
    const expiresAtS = Math.floor((settings.clock.epochMs() + settings.sessionCapMs) / 1000);
    const terms = new Terms(session, this.id, expiresAtS);
    const mind = new Mind({
      settings,
      rateHz: terms.format.rateHz,
      random: seededRandom(settings.seed + ordinal),
      history: this.history,
      onInput: (fragment) =>
        this.#outlet.send({ type: 'session.input_transcript.delta', ...fragment }),
      onOutput: (fragment) =>
        this.#outlet.send({ type: 'session.output_transcript.delta', ...fragment }),
      onDelegate: (answer) => {
        this.work.delegate(answer, this.trackMs);
        this.#wrong({ at: 'delegation' });
      },
      onDelay,
    });
    const ear = new Ear(this.#timers, terms.format, (heard) => {
      if (this.closed || this.#outlet.silent) return;
      this.#track.frame(heard, terms.format, mind);
      this.#wrong({ at: 'audio', afterMs: this.trackMs });
    });
    this.#running = { terms, ear, mind };
    this.#timers.after(settings.sessionCapMs, () => this.end('expired'));
    this.#noAudio = this.#timers.after(settings.noAudioMs, () => this.end('expired'));
    this.#outlet.send({ type: 'session.started', session: terms.resource() }, eventId);
    this.#wrong({ at: 'started' });
  }

  #run(event: ClientEvent, eventId: string | null, { terms, ear, mind }: Running): void {
    switch (event.type) {
      case 'session.start':
        throw new WireError('invalid_event', 'The session has started already.', 'type');
      case 'session.update':
        terms.update(event.session.delegation);
        this.#outlet.send({ type: 'session.updated', session: terms.resource() }, eventId);
        return;
      case 'session.input_audio.append': {
        const bytes = readAudio(event.audio, bytesPerSample(terms.format.codec));
        this.#noAudio?.cancel();
        this.#reflection.input(bytes, terms.format);
        ear.push(bytes);
        return;
      }
      case 'session.input_audio.mute':
      case 'session.input_audio.unmute':
        this.muted = event.type === 'session.input_audio.mute';
        this.#outlet.send({ type: `${event.type}d` }, eventId);
        return;
      case 'session.output_audio.fixture.play':
        this.#track.playFixture(event.audio, eventId, terms.format, mind);
        return;
      case 'session.instructions.append':
      case 'session.thinking.append':
      case 'session.commentary.append':
        this.#append(event, eventId);
        return;
      case 'response.item.create': {
        const typed = this.work.createItem(event.item);
        if (typed === null) return;
        const known = typed.role === 'assistant' || typed.role === 'user';
        const role = known ? (typed.role as Known['role']) : 'developer';
        this.history.push({ role, text: typed.text });
        return;
      }
      case 'response.create':
        if (this.work.createResponse()) mind.answer();
        return;
      case 'session.close':
        this.end('close_requested', eventId);
    }
  }

  #append(event: AppendEvent, eventId: string | null): void {
    if (this.#track.fixturePlays) throw new WireError('invalid_event', 'A fixture plays.', 'type');
    const { content, delegation_id: delegationId } = event;
    this.work.check(delegationId);
    const kind = event.type.split('.')[1] as Append['kind'];
    if (kind !== 'instructions') this.work.settle();
    this.#appends.push({ kind, content, delegationId, eventId }, this.trackMs);
    this.#wrong({ at: 'append' });
  }

  /** Does what is to go wrong in this place. @returns whether nothing else goes on */
  #wrong(place: FaultPlace): boolean {
    const fault = takeFault(this.#options.faults, this.ordinal, place);
    return fault !== null && goWrong(fault, place, this.#outlet, this);
  }

  /** Nothing is said any more, and the connection stays. */
  stall(): void {
    this.#outlet.silent = true;
    this.#timers.close();
  }

  /** Closes without the words that belong to it. */
  hangUp(code: number, reason: string): void {
    this.#options.socket.close(code, reason);
  }

  #gone(): void {
    this.closed = true;
    this.#timers.close();
    this.#reflection.close();
    this.#options.onClosed();
  }
}

function idOf(data: Buffer): string | null {
  try {
    const { event_id: id } = JSON.parse(data.toString('utf8')) as { readonly event_id?: unknown };
    return typeof id === 'string' ? id : null;
  } catch {
    return null;
  }
}
