import type { WebSocket } from 'ws';
import { seededRandom } from '../../../adapters/backends/rehearsal/chance.ts';
import { CallerEar, type CallerTurn } from './caller-ear.ts';
import { parseClientMessage, type ClientMessage, type RealtimeInput } from './client-messages.ts';
import { Closing, invalidArgument } from './closing.ts';
import { Dialogue } from './dialogue.ts';
import type { History } from './history.ts';
import type { Lineage, Lineages } from './lineages.ts';
import { Mishaps } from './mishaps.ts';
import type { FaultPlace, StandInFault, StandInSettings } from './options.ts';
import { checkSetup, contextOf, type SessionContext, type SessionSetup } from './session-setup.ts';
import { Timers } from './timers.ts';

/** Kept for tests to look at: messages, turns and oddities of one connection (a count each). */
const keptLimit = 10_000;
const frameLimitBytes = 100;

export interface SessionOptions {
  readonly settings: StandInSettings;
  readonly faults: readonly StandInFault[];
  readonly socket: WebSocket;
  /** Counts the server's connections from 1. */
  readonly ordinal: number;
  readonly apiVersion: string;
  /** It may not open a session: why. */
  readonly refusal: Closing | null;
  readonly lineages: Lineages;
  /** A session begins that is no resumed one. @throws Closing where it may not */
  readonly onNewSession: () => void;
  readonly onDelay: (delayMs: number) => void;
  readonly onClosed: () => void;
}

/** One connection's side of the vendor's protocol, its rules kept strictly. */
export class StandInSession {
  readonly ordinal: number;
  /** Every client message as it came, audio left out. */
  readonly received: ClientMessage[] = [];
  /** Usage of every turn of the model's: what the vendor would charge for. */
  readonly metered: Readonly<Record<string, unknown>>[] = [];
  /** Turns of the caller as they were heard on this connection. */
  readonly heard: CallerTurn[] = [];
  /** What the vendor puts up with and a careful client does not do. */
  readonly oddities: string[] = [];
  /** What it was closed with from this side; `null` where it was not. */
  closedWith: { readonly code: number; readonly reason: string } | null = null;
  readonly #options: SessionOptions;
  readonly #timers: Timers;
  /** Apart from the others: who says nothing more still answers pings. */
  readonly #pongTimers: Timers;
  readonly #mishaps: Mishaps;
  #setup: SessionSetup | null = null;
  #ear: CallerEar | null = null;
  #dialogue: Dialogue | null = null;
  #lineage: Lineage | null = null;
  #silent = false;
  #calls = 0;

  constructor(options: SessionOptions) {
    const { settings, socket, ordinal, refusal } = options;
    this.ordinal = ordinal;
    this.#options = options;
    this.#timers = new Timers(settings.clock);
    this.#pongTimers = new Timers(settings.clock);
    this.#mishaps = new Mishaps(options.faults, ordinal);
    socket.on('message', (data: Buffer) => this.#take(data));
    socket.on('ping', (data: Buffer) => {
      this.#pongTimers.after(settings.pongDelayMs, () => {
        if (socket.readyState === socket.OPEN) socket.pong(data);
      });
    });
    socket.on('error', () => undefined);
    socket.on('close', () => this.#end());
    if (refusal !== null) this.#closeWith(refusal);
  }

  /** Absent before the setup was taken. */
  get setup(): SessionSetup | null {
    return this.#setup;
  }

  /** Instructions and functions in force. */
  get context(): SessionContext | null {
    return this.#dialogue?.context ?? null;
  }

  /** All that the model knows. */
  get history(): History {
    return this.#dialogue?.history ?? [];
  }

  /** Caller's audio that came on this connection, bytes. */
  get uplinkBytes(): number {
    return this.#ear?.receivedBytes ?? 0;
  }

  /** Whether the caller's turn is going on. */
  get callerActive(): boolean {
    return this.#ear?.active ?? false;
  }

  /** Ends it from the server's side. */
  close(code: number, reason: string): void {
    if (this.closedWith !== null) return;
    this.closedWith = { code, reason };
    this.#options.socket.close(code, reason);
  }

  /** Gone without a word. */
  drop(): void {
    this.#options.socket.terminate();
  }

  /** Says that the connection will end, and ends it then. */
  goAway(timeLeftMs: number): void {
    this.#send({ goAway: { timeLeft: `${timeLeftMs / 1000}s` } });
    this.#timers.after(timeLeftMs, () => {
      this.close(
        1008,
        'Connection aborted because the client failed to close the connection after ' +
          'receiving a GoAway signal',
      );
    });
    this.#wrong({ at: 'goAway' });
  }

  /** Sends a message of this text as it is. */
  sendText(text: string): void {
    this.#write(text);
  }

  /** Reads and answers nothing any more, pings neither, as if its machine had stopped. */
  freeze(): void {
    this.#options.socket.pause();
  }

  thaw(): void {
    this.#options.socket.resume();
  }

  #take(data: Buffer): void {
    if (this.#silent || this.closedWith !== null) return;
    try {
      const message = parseClientMessage(data.toString('utf8'));
      if (message.realtimeInput?.audio === undefined) keep(this.received, message);
      this.#execute(message);
    } catch (thrown) {
      if (!(thrown instanceof Closing)) throw thrown;
      this.#closeWith(thrown);
    }
  }

  #execute(message: ClientMessage): void {
    const { setup, clientContent, realtimeInput, toolResponse, contextUpdate } = message;
    if (setup !== undefined) {
      this.#begin(setup);
      return;
    }
    const [dialogue, ear] = [this.#dialogue, this.#ear];
    if (dialogue === null || ear === null) {
      if (this.#setup?.hangs === true) return;
      throw new Closing(1007, 'setup must be the first message and only the first');
    }
    if (realtimeInput !== undefined) this.#live(realtimeInput, dialogue, ear);
    if (clientContent !== undefined) dialogue.clientContent(clientContent);
    if (toolResponse !== undefined) dialogue.toolResponse(toolResponse.functionResponses ?? []);
    if (contextUpdate !== undefined) dialogue.contextUpdate(contextUpdate);
  }

  #begin(raw: ClientMessage['setup'] & object): void {
    if (this.#setup !== null) {
      throw new Closing(1007, 'setup must be the first message and only the first');
    }
    if (this.#wrong({ at: 'setup' })) return;
    const { settings, apiVersion, lineages, onNewSession } = this.#options;
    const setup = checkSetup(raw, apiVersion);
    const context = contextOf(raw, setup.family);
    this.#setup = setup;
    if (setup.hangs) return;
    let history: History = [];
    if (typeof setup.handle === 'string') {
      const kept = lineages.resume(setup.handle, setup.model);
      this.#lineage = kept.lineage;
      history = kept.history;
    } else {
      onNewSession();
      this.#lineage = lineages.begin(setup.model);
    }
    this.#ear = this.#newEar(setup);
    this.#dialogue = this.#newDialogue(setup, context, history);
    this.#send({ setupComplete: { sessionId: this.#lineage.id } });
    this.#startCaps(setup, this.#lineage);
    if (!setup.initialHistory) this.#tellResumable(true);
    this.#timers.after(settings.connectionCapMs - settings.goAwayBeforeMs, () =>
      this.goAway(settings.goAwayBeforeMs),
    );
    this.#wrong({ at: 'ready' });
  }

  #startCaps({ compresses }: SessionSetup, { startedAtMs }: Lineage): void {
    if (compresses) return;
    this.#timers.at(startedAtMs + this.#options.settings.uncompressedCapMs, () =>
      this.close(1011, 'Deadline expired before operation could complete.'),
    );
  }

  #newEar({ activity }: SessionSetup): CallerEar {
    const { voiceActivity } = this.#options.settings;
    const tell = (voiceActivityType: string, audioMs: number): void => {
      if (!voiceActivity) return;
      this.#send({ voiceActivity: { voiceActivityType, audioOffset: `${audioMs / 1000}s` } });
    };
    return new CallerEar(activity, {
      onStart: (audioMs) => {
        tell('ACTIVITY_START', audioMs);
        if (!this.#wrong({ at: 'speech' })) this.#dialogue?.callerStarted();
      },
      onEnd: (turn, audioMs) => {
        keep(this.heard, turn);
        tell('ACTIVITY_END', audioMs);
        this.#dialogue?.callerEnded(turn);
      },
      onOddity: (what) => keep(this.oddities, what),
    });
  }

  #newDialogue(setup: SessionSetup, context: SessionContext, history: History): Dialogue {
    const { settings, ordinal, onDelay } = this.#options;
    return new Dialogue(setup, context, history, {
      settings,
      timers: this.#timers,
      random: seededRandom(settings.seed + ordinal),
      send: (message) => this.#send(message),
      wrong: (place) => this.#wrong(place),
      has: (habit) => this.#mishaps.has(habit),
      callerActive: () => this.callerActive,
      onResumable: (resumable) => this.#tellResumable(resumable),
      onDelay,
      onOddity: (what) => keep(this.oddities, what),
      newCallId: () => `function-call-${ordinal}-${(this.#calls += 1)}`,
    });
  }

  #live(input: RealtimeInput, dialogue: Dialogue, ear: CallerEar): void {
    dialogue.beginLive();
    const { mediaChunks = [], audio, text, audioStreamEnd, activityStart, activityEnd } = input;
    if (mediaChunks.length > 0 && this.#setup?.family.mediaChunks !== true) {
      throw new Closing(
        1007,
        'realtime_input.media_chunks is deprecated. Use audio, video, or text instead.',
      );
    }
    if (Object.keys(input).length === 0) throw new Closing(1007, invalidArgument);
    if (activityStart !== undefined) ear.activityStart();
    for (const blob of mediaChunks) ear.audio(blob);
    if (audio !== undefined) ear.audio(audio);
    if (text !== undefined) dialogue.text(text);
    if (audioStreamEnd === true) ear.streamEnd();
    if (activityEnd !== undefined) ear.activityEnd();
  }

  /** Protocol buffers leave out `false` and empty texts: not resumable is an empty message. */
  #tellResumable(resumable: boolean): void {
    if (this.#setup?.handle === undefined || this.#lineage === null) return;
    const newHandle = resumable
      ? this.#options.lineages.keep(this.#lineage, this.history.slice())
      : '';
    this.#send({ sessionResumptionUpdate: resumable ? { newHandle, resumable } : {} });
  }

  /** Does what is to go wrong in this place. @returns whether nothing else goes on */
  #wrong(place: FaultPlace): boolean {
    const mishap = this.#mishaps.take(place);
    switch (mishap?.kind) {
      case undefined:
      case 'refuse':
        return false;
      case 'close':
        this.close(mishap.code, mishap.reason);
        return true;
      case 'drop':
        this.drop();
        return true;
      case 'stall':
        this.#silent = true;
        this.#timers.close();
        return true;
      case 'send':
        this.#write(mishap.text);
        return false;
    }
  }

  #closeWith({ code, reason }: Closing): void {
    this.close(code, reason);
  }

  #send(message: Readonly<Record<string, unknown>>): void {
    const strange = { hologram: { phase: [1, { two: null }] } };
    const { serverContent, usageMetadata } = message;
    if (usageMetadata) this.metered.push(usageMetadata as Readonly<Record<string, unknown>>);
    const shown = this.#mishaps.has('unknown_fields')
      ? {
          ...message,
          ...strange,
          ...(serverContent === undefined
            ? {}
            : { serverContent: { ...(serverContent as object), ...strange } }),
        }
      : message;
    this.#write(JSON.stringify(shown));
  }

  #write(text: string): void {
    const { socket } = this.#options;
    if (this.#silent || socket.readyState !== socket.OPEN) return;
    const bytes = Buffer.from(text, 'utf8');
    const binary = !this.#mishaps.has('text_frames');
    if (!this.#mishaps.has('fragments')) {
      socket.send(bytes, { binary });
      return;
    }
    for (let at = 0; at < bytes.byteLength; at += frameLimitBytes) {
      const fin = at + frameLimitBytes >= bytes.byteLength;
      socket.send(bytes.subarray(at, at + frameLimitBytes), { binary, fin });
    }
  }

  #end(): void {
    this.#timers.close();
    this.#pongTimers.close();
    if (this.#lineage !== null) this.#lineage.open = false;
    this.#options.onClosed();
  }
}

function keep<T>(kept: T[], value: T): void {
  if (kept.length < keptLimit) kept.push(value);
}
