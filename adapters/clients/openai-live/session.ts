import type { WireDelegation } from '../../../protocol/openai-live/delegation.ts';
import type {
  LiveCloseReason,
  ServerEventBody,
} from '../../../protocol/openai-live/server-events.ts';
import type { SessionConfig, SessionResource } from '../../../protocol/openai-live/session.ts';
import type { CallControl, CallView, DownlinkAudio } from '../../../src/ports/client.ts';
import { errorTable } from '../../../src/ports/errors.ts';
import type { CloseReason, LogEntry } from '../../../src/ports/events.ts';
import type { Logger } from '../../../src/ports/log.ts';
import type { Socket } from '../../../src/ports/socket.ts';
import type { Clock, Timer } from '../../../src/time/clock.ts';
import type { IdSource } from '../../../src/time/ids.ts';
import { AgentWords } from './agent-words.ts';
import { Appends } from './appends.ts';
import { CallerWords } from './caller-words.ts';
import { ClientDelegations, delegateToolOf, ResponsesDelegations } from './delegations.ts';
import { wireCode, wireReason } from './endings.ts';
import { Floor } from './floor.ts';
import { Peers, unsentLimitBytes } from './peers.ts';
import { Placing } from './placing.ts';
import { errorEvent, problemOf, type Problem } from './problems.ts';
import { writeSession, type Start } from './start.ts';
import { frameMs, Timeline } from './timeline.ts';
import { OutputTrack } from './track.ts';

/** Longest session where nobody set a shorter cap, ms. */
const sessionLimitMs = 24 * 60 * 60_000;
/** Without any audio the session is over after this, ms. */
const firstAudioLimitMs = 30_000;
/** How often usage is told, ms of the timeline. */
const usageEveryMs = 15_000;
/** Longest wait for what is still to be said when the session is closed, ms. */
const drainLimitMs = 1_000;

type Followers = {
  readonly [Type in LogEntry['type']]?: (entry: Extract<LogEntry, { type: Type }>) => void;
};

export interface SessionParts {
  readonly call: CallControl;
  readonly socket: Socket;
  readonly config: SessionConfig;
  readonly start: Start;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Logger;
  /** Told once, when nobody can join it any more. */
  readonly onGone: () => void;
}

/**
 * One Live session: a call's log and audio as this wire shows them, on a clock that its input
 * drives. Nothing is said, and no context is placed, while that clock stands still.
 */
export class LiveSession implements CallView {
  readonly id: string;
  readonly call: CallControl;
  readonly peers: Peers;
  readonly track: OutputTrack;
  readonly timeline: Timeline;
  readonly appends = new Appends();
  readonly delegations = new ClientDelegations();
  readonly rounds: ResponsesDelegations;
  readonly floor: Floor;
  delegation: WireDelegation;
  muted = false;
  /** The client's own id of the fixture that plays. */
  fixtureId: string | null = null;
  roundTripMs = 0;
  readonly #parts: SessionParts;
  readonly #expiresAtS: number;
  readonly #callerWords: CallerWords;
  readonly #agentWords: AgentWords;
  #startId: string | null;
  #started = false;
  #onStarted: (() => void) | null = null;
  #ending: { readonly eventId: string | null } | null = null;
  #closed = false;
  #toldUsageMs = 0;
  #frameTimer: Timer | null = null;
  #drainTimer: Timer | null = null;
  readonly #expiry: Timer;
  #firstAudio: Timer | null = null;

  /** What the log tells that this wire shows; all else is nobody's business here. */
  readonly #follow: Followers = {
    'backend.ready': () => {
      if (!this.#started) queueMicrotask(() => this.#start());
    },
    'speech.started': ({ itemId, audioStartMs }) => {
      this.floor.callerSpeaks = true;
      this.#callerWords.started(itemId, audioStartMs);
    },
    'speech.stopped': ({ itemId, audioEndMs }) => {
      this.floor.callerSpeaks = false;
      this.#callerWords.stopped(itemId, audioEndMs);
    },
    'speech.dismissed': ({ text, audioStartMs, audioEndMs }) =>
      this.#heard(this.#callerWords.aside(text, audioStartMs, audioEndMs)),
    'caller.transcript': (entry) =>
      this.#heard(this.#callerWords.transcript(entry, this.timeline.inputMs)),
    'line.opened': ({ line }) => this.floor.opened(line),
    'line.text': ({ lineId, delta }) => {
      if (this.floor.has(lineId)) this.track.text(delta);
    },
    'line.closed': ({ lineId }) => {
      if (this.floor.closed(lineId)) this.track.end();
      for (const body of this.rounds.lineClosed(lineId)) this.send(body);
    },
    'agent.cut': () => {
      this.track.cut();
      this.#agentWords.cut();
    },
    'tool.called': (entry) => {
      if (entry.runner === 'client') this.#toolCalled(entry);
    },
    fault: ({ code, message }) => this.fail({ code, message, server: true }, null),
  };

  constructor(parts: SessionParts, startId: string | null) {
    const { call, clock, ids, start } = parts;
    this.#parts = parts;
    this.#startId = startId;
    this.call = call;
    this.id = ids.next('live');
    this.delegation = start.delegation;
    this.rounds = new ResponsesDelegations(ids);
    const { outputFormat } = call.settings;
    this.timeline = new Timeline(outputFormat.rateHz);
    this.track = new OutputTrack(outputFormat, this.timeline.frameSamples);
    this.peers = new Peers(parts.socket);
    this.floor = new Floor(this);
    const placing = new Placing();
    this.#callerWords = new CallerWords(placing);
    this.#agentWords = new AgentWords(placing);
    const capMs = Math.min(call.sessionCapMs ?? sessionLimitMs, sessionLimitMs);
    this.#expiresAtS = Math.floor((clock.epochMs() + capMs) / 1000);
    this.#expiry = this.#timer(sessionLimitMs, () => this.#expire('The session is over.'));
  }

  get started(): boolean {
    return this.#started;
  }

  /** Nothing more is taken: the session is being closed, or is. */
  get over(): boolean {
    return this.#closed || this.#ending !== null;
  }

  get resource(): SessionResource {
    const { call, config } = this.#parts;
    return writeSession(call.settings, {
      id: this.id,
      model: call.agent,
      expiresAtS: this.#expiresAtS,
      delegation: this.delegation,
      input: config.input ?? [],
    });
  }

  /** Follows the call from its beginning. @param onStarted once the backend is there */
  follow(onStarted: () => void): void {
    this.#onStarted = onStarted;
    this.call.attach(this);
  }

  /** Tells everyone. */
  send(body: ServerEventBody, clientEventId: string | null = null): void {
    if (this.#closed) return;
    const { ids, socket } = this.#parts;
    if (socket.unsentBytes > unsentLimitBytes) {
      // Whoever writes is in the middle of something: the call ends when that is finished.
      const message = `More than ${unsentLimitBytes} bytes of events wait to be read.`;
      queueMicrotask(() => this.call.close({ kind: 'error', code: 'slow_reader', message }));
      return;
    }
    const known = clientEventId === null ? {} : { client_event_id: clientEventId };
    this.peers.send({ ...body, event_id: ids.next('event'), ...known });
  }

  fail(problem: Problem, eventId: string | null): void {
    this.send(errorEvent(problem, eventId), eventId);
  }

  /** The clock advanced by so much of the caller's audio. */
  advance(samples: number): void {
    this.#firstAudio?.cancel();
    this.timeline.advance(samples, this.#parts.clock.nowMs());
    this.#run();
  }

  /** The client wants no more: what waits is said, the rest is off. */
  end(eventId: string | null): void {
    if (this.over) return;
    this.#ending = { eventId };
    for (const append of this.appends.abandon()) {
      const message = 'The session ended before this context was placed.';
      this.fail({ code: 'context_injection_incomplete', message }, append.eventId);
    }
    if (this.track.waiting) this.#drainTimer = this.#timer(drainLimitMs, () => this.#ended());
    else this.#ended();
  }

  // The call's side.

  get unsentBytes(): number {
    return this.#parts.socket.unsentBytes;
  }

  audio(audio: DownlinkAudio): void {
    if (!this.over) this.track.audio(audio);
  }

  entry(entry: LogEntry): void {
    if (this.over) return;
    const follow = this.#follow[entry.type] as ((entry: LogEntry) => void) | undefined;
    follow?.(entry);
  }

  close(reason: CloseReason): void {
    if (this.#closed) return;
    if (reason.kind === 'error' && reason.code !== 'session_expired') {
      const server = errorTable[reason.code].httpStatus >= 500;
      this.fail({ code: reason.code, message: reason.message, server }, this.#startId);
    }
    if (this.#started) this.send(this.#farewell(wireReason(reason)), this.#ending?.eventId);
    this.#closed = true;
    this.#free();
    this.#report();
    this.peers.close(wireCode(reason), reason.kind === 'error' ? reason.code : '');
  }

  /** The primary socket is gone, and everybody with it. */
  gone(reason: CloseReason): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#free();
    this.#report();
    if (this.#started) {
      const event_id = this.#parts.ids.next('event');
      this.peers.tellSidebands({ ...this.#farewell('connection_lost'), event_id });
    }
    this.peers.close(1001, 'The session is over.');
    this.call.close(reason);
  }

  #farewell(reason: LiveCloseReason): ServerEventBody {
    const { resource: session, timeline } = this;
    return { type: 'session.closed', reason, session, usage: { seconds: timeline.inputMs / 1000 } };
  }

  #start(): void {
    if (this.#closed || this.#started) return;
    this.#started = true;
    this.send({ type: 'session.started', session: this.resource }, this.#startId);
    this.#startId = null;
    for (const info of this.#parts.start.substitutions) this.send({ type: 'info', ...info });
    if (this.timeline.inputMs === 0) {
      const message = 'No audio came.';
      this.#firstAudio = this.#timer(firstAudioLimitMs, () => this.#expire(message));
    }
    this.#onStarted?.();
    this.#run();
  }

  #toolCalled({ lineId, item }: LogEntry & { readonly type: 'tool.called' }): void {
    const offsetMs = Math.floor(this.timeline.inputMs);
    if (delegateToolOf(item)) {
      const delayMs = this.delegation.acknowledgement_delay_ms ?? 0;
      this.send(this.delegations.created(item, offsetMs, delayMs));
      // The model waits for nothing: what the app has to say comes as context.
      queueMicrotask(() => this.floor.answerPending(item.toolCallId));
    } else {
      for (const body of this.rounds.called(lineId, item, offsetMs)) this.send(body);
    }
  }

  #heard(fragment: ReturnType<CallerWords['transcript']>): void {
    if (fragment !== null) this.send({ type: 'session.input_transcript.delta', ...fragment });
  }

  /** Makes the frames that are due. */
  #run(): void {
    if (!this.#started) return;
    const { clock } = this.#parts;
    while (!this.#closed && this.timeline.take(clock.nowMs())) this.#frame();
    this.#frameTimer?.cancel();
    const atMs = this.timeline.wakeAtMs;
    if (this.#closed || atMs === null) return;
    this.#frameTimer = clock.timerAt(atMs, () => this.#run());
  }

  #frame(): void {
    const endMs = this.timeline.trackMs;
    const startMs = endMs - frameMs;
    const { outputFormat } = this.call.settings;
    const { bytes, voiced, texts, placed, fixtureEnded } = this.track.frame();
    this.peers.output(bytes, outputFormat, { startMs, endMs });
    const said = texts.flatMap((text) => this.#agentWords.reached(text, startMs, endMs));
    if (voiced) said.push(...this.#agentWords.voiced(startMs, endMs));
    for (const each of said) this.send({ type: 'session.output_transcript.delta', ...each });
    if (placed !== null) {
      this.delegations.settle();
      const playedMs = (placed.samples * 1000) / outputFormat.rateHz;
      this.call.execute({ type: 'playback', itemId: placed.itemId, playedMs });
    }
    if (fixtureEnded) {
      this.send({ type: 'session.output_audio.fixture.played' }, this.fixtureId);
      this.fixtureId = null;
    }
    if (this.#ending !== null) {
      if (!this.track.waiting) this.#ended();
      return;
    }
    this.floor.passed(endMs);
    if (endMs - this.#toldUsageMs >= usageEveryMs) {
      this.#toldUsageMs = endMs;
      this.send({ type: 'session.usage.updated', usage: { seconds: endMs / 1000 } });
    }
  }

  #ended(): void {
    this.call.close({ kind: 'client', wireCode: null });
    this.close({ kind: 'client', wireCode: null });
  }

  #expire(message: string): void {
    this.call.close({ kind: 'error', code: 'session_expired', message });
  }

  #timer(delayMs: number, then: () => void): Timer {
    const { clock } = this.#parts;
    return clock.timerAt(clock.nowMs() + delayMs, then);
  }

  #free(): void {
    for (const timer of [this.#frameTimer, this.#drainTimer, this.#firstAudio]) timer?.cancel();
    this.#expiry.cancel();
    this.#parts.onGone();
  }

  #report(): void {
    this.#parts.log.debug('live client gone', {
      callId: this.call.callId,
      trackMs: this.timeline.trackMs,
      dropped: this.track.dropped,
      revised: this.#callerWords.revised,
      slowSidebands: this.peers.slow,
    });
  }

  /** Runs what may be refused. */
  attempt(eventId: string | null, act: () => void): boolean {
    try {
      act();
      return true;
    } catch (thrown) {
      const problem = problemOf(thrown);
      if (problem.code === 'internal_error') {
        this.#parts.log.error('live.event_failed', { callId: this.call.callId, error: thrown });
      }
      this.fail(problem, eventId);
      return false;
    }
  }
}
