import { BoundedQueue } from '../../src/streams/bounded-queue.ts';
import { pcm24k } from '../../src/audio/format.ts';
import type { ConversationItem } from '../../src/ports/conversation.ts';
import type { CallError } from '../../src/ports/errors.ts';
import type {
  BackendCapabilities,
  BackendCommand,
  BackendContext,
  BackendEvent,
  BackendPort,
  BackendSession,
} from '../../src/ports/backend.ts';

/** A backend with turns that can do everything. */
export const turnCapabilities: BackendCapabilities = {
  authorities: ['gateway'],
  cancel: true,
  truncate: true,
  commit: true,
  instructions: true,
  seedHistory: 'text',
  appendContext: true,
  outOfBand: true,
  tools: 'asynchronous',
  transcripts: { caller: true, agent: true, wordTimes: true },
  modalities: ['audio', 'text'],
  voices: ['marin', 'cedar'],
  inputFormats: [pcm24k],
  outputFormats: [pcm24k],
  fasterThanRealTime: true,
  sessionCapMs: null,
  resumption: false,
};

/** A frame-synchronous backend without turns: it listens, speaks, and can be told nothing. */
export const frameCapabilities: BackendCapabilities = {
  ...turnCapabilities,
  authorities: ['model'],
  cancel: false,
  truncate: false,
  commit: false,
  instructions: false,
  seedHistory: 'none',
  appendContext: false,
  outOfBand: false,
  tools: 'none',
  transcripts: { caller: false, agent: false, wordTimes: false },
  modalities: ['audio'],
  voices: null,
  fasterThanRealTime: false,
};

export interface ScriptedBackendOptions {
  readonly name?: string;
  readonly capabilities?: BackendCapabilities;
  /** How it answers `open`: at once, by a refusal, or only when the test says so. */
  readonly opening?: 'at_once' | 'held' | CallError;
}

/** A command that is not audio. */
export type ScriptedCommand = Exclude<BackendCommand, { type: 'audio' }>;

/** A backend in memory: the test reads what it was told and says what it answers. */
export class ScriptedBackend implements BackendPort {
  readonly name: string;
  readonly type = 'scripted';
  readonly capabilities: BackendCapabilities;
  /** What it was asked to open with, in order. */
  readonly contexts: BackendContext[] = [];
  readonly sessions: ScriptedSession[] = [];
  readonly #opening: 'at_once' | 'held' | CallError;
  readonly #held: { session: ScriptedSession; open: (session: ScriptedSession) => void }[] = [];

  constructor(options: ScriptedBackendOptions = {}) {
    this.name = options.name ?? 'scripted';
    this.capabilities = options.capabilities ?? turnCapabilities;
    this.#opening = options.opening ?? 'at_once';
  }

  /** The session opened last. @throws Error when there is none */
  get session(): ScriptedSession {
    const session = this.sessions.at(-1);
    if (session === undefined) throw new Error(`${this.name} has no session`);
    return session;
  }

  prepare(): Promise<void> {
    return Promise.resolve();
  }

  open(context: BackendContext): Promise<BackendSession> {
    this.contexts.push(context);
    if (this.#opening instanceof Error) return Promise.reject(this.#opening);
    const session = new ScriptedSession();
    this.sessions.push(session);
    if (this.#opening === 'at_once') return Promise.resolve(session);
    return new Promise((resolve) => this.#held.push({ session, open: resolve }));
  }

  /** Lets the openings that are held through. */
  release(): void {
    for (const { session, open } of this.#held.splice(0)) open(session);
  }

  figures(): Readonly<Record<string, number>> {
    return { sessions: this.sessions.length };
  }

  close(): Promise<void> {
    for (const session of this.sessions) session.close();
    return Promise.resolve();
  }
}

/** One call's session with a {@link ScriptedBackend}. */
export class ScriptedSession implements BackendSession {
  readonly #events = new BoundedQueue<BackendEvent>({ limit: 10_000, overflow: 'fail' });
  #commands: ScriptedCommand[] = [];
  /** Every chunk of caller audio, in order. */
  readonly audio: (BackendCommand & { type: 'audio' })['chunk'][] = [];
  /** What it was told of the conversation after it had been opened. */
  readonly seeded: (readonly ConversationItem[])[] = [];
  /** What the next `send` answers. */
  accepts: 'ok' | 'overflow' = 'ok';
  closed = false;

  get events(): AsyncIterable<BackendEvent> {
    return this.#events;
  }

  send(command: BackendCommand): 'ok' | 'overflow' | 'closed' {
    if (this.closed) return 'closed';
    if (this.accepts === 'overflow') return 'overflow';
    if (command.type === 'audio') this.audio.push(command.chunk);
    else this.#commands.push(command);
    return 'ok';
  }

  seed(items: readonly ConversationItem[]): void {
    this.seeded.push(items);
  }

  close(): void {
    this.closed = true;
    this.#events.close();
  }

  /** @throws Error when the queue of events is full: the test went too far */
  emit(...events: readonly BackendEvent[]): void {
    for (const event of events) {
      if (this.#events.push(event) === 'failed') throw new Error('too many scripted events');
    }
  }

  /** An orderly end that nobody asked for. */
  hangUp(): void {
    this.#events.close();
  }

  /** The stream of events itself breaks. */
  breakDown(error: Error): void {
    this.#events.fail(error);
  }

  /** Takes the next command and says that it must be of this type. @throws Error otherwise */
  next<T extends ScriptedCommand['type']>(type: T): ScriptedCommand & { type: T } {
    const command = this.#commands.shift();
    if (command?.type !== type) {
      throw new Error(`expected the command ${type}, got ${command?.type ?? 'none'}`);
    }
    return command as ScriptedCommand & { type: T };
  }

  /** Commands (audio aside) that the test has not taken. */
  get leftovers(): readonly ScriptedCommand[] {
    return this.#commands;
  }

  /** Takes all commands that wait. */
  takeAll(): readonly ScriptedCommand[] {
    const commands = this.#commands;
    this.#commands = [];
    return commands;
  }
}
