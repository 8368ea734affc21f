import {
  bytesPerSample,
  msToSamples,
  pcm24k,
  samplesToMs,
  type AudioFormat,
} from '../../src/audio/format.ts';
import { countingIds } from '../../src/time/ids.ts';
import { EventLog } from '../../src/call/event-log.ts';
import { createCall } from '../../src/call/call.ts';
import type { Call } from '../../src/call/running.ts';
import { EnergyDetector } from './energy-detector.ts';
import { ManualClock } from '../../src/time/manual-clock.ts';
import { ScriptedBackend, type ScriptedSession } from './scripted-backend.ts';
import { silentLogger } from '../../src/ports/log.ts';
import type { AgentDefinition, TurnManner } from '../../src/ports/agent.ts';
import type { CallView, ClientCommand, DownlinkAudio } from '../../src/ports/client.ts';
import type { BackendEvent, LineOutcome } from '../../src/ports/backend.ts';
import type { AgentToSwitchTo } from '../../src/call/call-actions.ts';
import type { CallScope } from '../../src/call/scope.ts';
import type { SpendOptions } from '../../src/call/spend-options.ts';
import type { CloseReason, Line, LogEntry } from '../../src/ports/events.ts';
import type { BackendHealth } from '../../src/ports/health.ts';
import type { DetectorPort } from '../../src/ports/detector.ts';
import type { EchoCancellerPort } from '../../src/ports/echo-canceller.ts';
import type { EndOfTurnPort } from '../../src/ports/end-of-turn.ts';
import type { ErrorCode } from '../../src/ports/errors.ts';
import type { CallPhrases } from '../../src/ports/phrases.ts';
import type { ObserverPort } from '../../src/ports/observer.ts';
import type { ServerVad } from '../../src/ports/settings.ts';
import type { ToolPort, ToolSet } from '../../src/ports/tool.ts';

/** Detection as the stock client's defaults have it. */
export const plainDetection: ServerVad = {
  kind: 'server_vad',
  threshold: 0.5,
  prefixPaddingMs: 300,
  silenceDurationMs: 500,
  createResponse: true,
  interruptResponse: true,
  idleTimeoutMs: null,
};

export const plainAgent: AgentDefinition = {
  name: 'desk',
  instructions: 'Be brief.',
  voice: 'marin',
  backends: ['scripted'],
  aliases: [],
  turns: { authority: 'auto', detection: plainDetection },
  tools: [],
  playoutLeadMs: 200,
};

type LineEvent<T extends BackendEvent['type']> = BackendEvent & { readonly type: T };

/** What a view was told, in order. */
export type Seen =
  | { readonly kind: 'entry'; readonly entry: LogEntry }
  | {
      readonly kind: 'audio';
      readonly audio: DownlinkAudio;
      readonly atMs: number;
      /** Output format in force when it came. */
      readonly format: AudioFormat;
    };

/** A view that only remembers. */
export class RecordingView implements CallView {
  readonly seen: Seen[] = [];
  readonly closes: CloseReason[] = [];
  readonly unsentBytes = 0;
  roundTripMs = 0;
  readonly #nowMs: () => number;
  readonly #format: () => AudioFormat;

  constructor(nowMs: () => number, format: () => AudioFormat = () => pcm24k) {
    this.#nowMs = nowMs;
    this.#format = format;
  }

  entry(entry: LogEntry): void {
    this.seen.push({ kind: 'entry', entry });
  }

  audio(audio: DownlinkAudio): void {
    this.seen.push({ kind: 'audio', audio, atMs: this.#nowMs(), format: this.#format() });
  }

  close(reason: CloseReason): void {
    this.closes.push(reason);
  }

  /** Packets of a line, or of all of them. */
  packets(lineId?: string): readonly (Seen & { kind: 'audio' })[] {
    return this.seen.filter(
      (seen): seen is Seen & { kind: 'audio' } =>
        seen.kind === 'audio' && (lineId === undefined || seen.audio.lineId === lineId),
    );
  }

  /** Audio given for a line so far, ms. */
  sentMs(lineId?: string): number {
    return this.packets(lineId).reduce(
      (ms, { audio, format }) => ms + durationMs(audio.bytes, format),
      0,
    );
  }

  /** All bytes given for a line, in order. */
  bytes(lineId: string): Uint8Array {
    return Buffer.concat(this.packets(lineId).map(({ audio }) => audio.bytes));
  }
}

export interface HarnessOptions {
  readonly agent?: Partial<AgentDefinition>;
  readonly detection?: Partial<ServerVad>;
  /** How the agent takes turns, beyond its detection. */
  readonly manner?: Partial<TurnManner>;
  readonly backends?: readonly ScriptedBackend[];
  readonly detector?: DetectorPort | null;
  readonly endOfTurn?: EndOfTurnPort;
  readonly canceller?: EchoCancellerPort;
  readonly tools?: readonly ToolPort[];
  readonly toolSet?: ToolSet;
  readonly otherAgent?: (name: string) => AgentToSwitchTo | null;
  readonly observers?: readonly ObserverPort[];
  readonly spend?: SpendOptions;
  readonly phrases?: CallPhrases;
  readonly health?: (backend: string) => BackendHealth | null;
  /** Shared with other calls; absent: its own, at 5,000 ms. */
  readonly clock?: ManualClock;
}

/** A call on a manual clock, with everything it touches in the test's hands. */
export class CallHarness {
  readonly clock: ManualClock;
  readonly detector: DetectorPort | null;
  readonly backends: readonly ScriptedBackend[];
  readonly call: Call;
  readonly view: RecordingView;
  /** Reasons given to `onClosed`. */
  readonly closes: CloseReason[] = [];
  readonly #originMs: number;

  /** `prepareResampler` must have resolved. An unseen call has no view yet. */
  constructor(options: HarnessOptions = {}, seen: 'seen' | 'unseen' = 'seen') {
    this.clock = options.clock ?? new ManualClock(5000);
    this.#originMs = this.clock.nowMs();
    this.backends = options.backends ?? [new ScriptedBackend()];
    this.detector = options.detector === undefined ? new EnergyDetector() : options.detector;
    const agent = { ...plainAgent, ...options.agent };
    const detection: ServerVad = { ...plainDetection, ...options.detection };
    this.call = createCall({
      callId: 'call_1',
      agent: { ...agent, turns: { ...agent.turns, detection, manner: options.manner ?? {} } },
      backends: this.backends,
      detector: this.detector,
      endOfTurn: options.endOfTurn ?? null,
      canceller: options.canceller ?? null,
      tools: options.tools ?? [],
      toolSet: options.toolSet ?? null,
      otherAgent: options.otherAgent ?? (() => null),
      clock: this.clock,
      ids: countingIds(),
      log: silentLogger,
      observers: options.observers ?? [],
      ...(options.spend === undefined ? {} : { spend: options.spend }),
      phrases: options.phrases ?? null,
      ...(options.health === undefined ? {} : { health: options.health }),
      onClosed: (reason) => this.closes.push(reason),
    });
    this.view = new RecordingView(
      () => this.nowMs,
      () => this.call.settings.outputFormat,
    );
    if (seen === 'seen') this.call.attach(this.view);
  }

  /** A call whose first backend is open and whose commands so far are taken. */
  static async open(options: HarnessOptions = {}): Promise<CallHarness> {
    const harness = new CallHarness(options);
    await settle();
    harness.session.takeAll();
    return harness;
  }

  /** Call time, ms. */
  get nowMs(): number {
    return this.clock.nowMs() - this.#originMs;
  }

  /** The session of the backend that answers. */
  get session(): ScriptedSession {
    const backend = this.backends.find(({ name }) => name === this.call.backend);
    if (backend === undefined) throw new Error('no backend answers');
    return backend.session;
  }

  /** Lets time pass. */
  async pass(ms: number): Promise<void> {
    await settle();
    this.clock.advance(ms);
    await settle();
  }

  /** The caller's microphone gives this, in chunks of 20 ms at real-time pace. */
  async hear(bytes: Uint8Array): Promise<void> {
    const chunkBytes = msToSamples(20, pcm24k.rateHz) * 2;
    for (let from = 0; from < bytes.byteLength; from += chunkBytes) {
      const chunk = bytes.slice(from, from + chunkBytes);
      await this.pass(durationMs(chunk));
      const result = this.call.pushAudio(chunk);
      if (!result.ok) throw result.error;
    }
    await settle();
  }

  /** Runs a command that must be taken. */
  ok(command: ClientCommand): void {
    const result = this.call.execute(command);
    if (!result.ok) throw result.error;
  }

  /** Runs a command that must be refused, and says with which code. */
  refused(command: ClientCommand): ErrorCode {
    const result = this.call.execute(command);
    if (result.ok) throw new Error(`${command.type} was not refused`);
    return result.error.code;
  }

  /** Log entries of a type. */
  entries<T extends LogEntry['type']>(type: T): readonly (LogEntry & { type: T })[] {
    return this.call.entries.filter(
      (entry): entry is LogEntry & { type: T } => entry.type === type,
    );
  }

  /** The last log entry of a type. @throws Error when there is none */
  last<T extends LogEntry['type']>(type: T): LogEntry & { type: T } {
    const entry = this.entries(type).at(-1);
    if (entry === undefined) throw new Error(`nothing of type ${type} is in the log`);
    return entry;
  }

  /** Types of the log so far, in order. */
  get story(): readonly LogEntry['type'][] {
    return this.call.entries.map(({ type }) => type);
  }

  /** Closes the call and lets everything end. */
  async end(): Promise<void> {
    this.call.close({ kind: 'client', wireCode: 1000 });
    await settle();
  }
}

/** A scope for parts of a call that are tested alone. */
export function plainScope(clock: ManualClock): CallScope {
  const nowMs = (): number => clock.nowMs();
  return {
    clock,
    originMs: 0,
    nowMs,
    ids: countingIds(),
    log: new EventLog({ limit: 1000, nowMs }),
    logger: silentLogger,
  };
}

/** An in-band audio line, unless told otherwise. */
export function plainLine(line: Partial<Line> = {}): Line {
  return {
    lineId: 'line_1',
    cause: 'client',
    requestId: null,
    epoch: 0,
    modality: 'audio',
    overrides: {},
    metadata: null,
    itemId: 'item_1',
    previousItemId: null,
    ...line,
  };
}

/** Lets every promise that can settle do so. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

/** Length of audio, PCM16 at 24 kHz unless told otherwise, ms. */
export function durationMs(bytes: Uint8Array, format: AudioFormat = pcm24k): number {
  return samplesToMs(bytes.byteLength / bytesPerSample(format.codec), format.rateHz);
}

/** A loud square wave of 500 Hz: speech to an energy detector. PCM16 at 24 kHz. */
export function speech(ms: number): Uint8Array {
  const samples = Int16Array.from({ length: msToSamples(ms, pcm24k.rateHz) }, (_, index) =>
    index % 48 < 24 ? 6000 : -6000,
  );
  return new Uint8Array(samples.buffer);
}

export function silence(ms: number): Uint8Array {
  return new Uint8Array(msToSamples(ms, pcm24k.rateHz) * 2);
}

/** Agent audio of which every sample differs from its neighbours: loud and countable. */
export function answer(ms: number, fromSample = 0): Uint8Array {
  const samples = Int16Array.from(
    { length: msToSamples(ms, pcm24k.rateHz) },
    (_, index) => (((fromSample + index) * 7919) % 40_000) - 20_000,
  );
  return new Uint8Array(samples.buffer);
}

/** The client's plain request for an answer. */
export const ask: ClientCommand & { type: 'respond' } = {
  type: 'respond',
  requestId: null,
  outOfBand: false,
  overrides: {},
  metadata: null,
  input: null,
};

export function audio(lineId: string, bytes: Uint8Array): LineEvent<'line.audio'> {
  return { type: 'line.audio', lineId, bytes };
}

export function text(lineId: string, delta: string): LineEvent<'line.text'> {
  return { type: 'line.text', lineId, delta, words: null };
}

/** The backend has finished a line, well unless told otherwise. */
export function done(
  lineId: string,
  outcome: LineOutcome = { status: 'completed' },
): LineEvent<'line.done'> {
  return { type: 'line.done', lineId, outcome, usage: null };
}
