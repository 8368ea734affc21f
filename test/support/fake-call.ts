import { pcm24k } from '../../src/audio/format.ts';
import type { BackendCapabilities, TurnAuthority } from '../../src/ports/backend.ts';
import type {
  CallControl,
  CallView,
  ClientCommand,
  CommandResult,
  RetrievedItem,
} from '../../src/ports/client.ts';
import type { CallError } from '../../src/ports/errors.ts';
import type { CloseReason, LogEntry, LogEvent } from '../../src/ports/events.ts';
import type { CallSettings } from '../../src/ports/settings.ts';

/** Settings as a call of a plain agent starts with. */
export const plainSettings: CallSettings = {
  instructions: 'Be brief.',
  voice: 'marin',
  modality: 'audio',
  inputFormat: pcm24k,
  outputFormat: pcm24k,
  turnDetection: {
    kind: 'server_vad',
    threshold: 0.5,
    prefixPaddingMs: 300,
    silenceDurationMs: 500,
    createResponse: true,
    interruptResponse: true,
    idleTimeoutMs: null,
  },
  callerTranscripts: false,
  tools: [],
  toolChoice: { mode: 'auto' },
  maxOutputTokens: 'inf',
};

/** A backend that can do everything. */
export const allCapabilities: BackendCapabilities = {
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

export interface FakeCallOptions {
  readonly capabilities?: Partial<BackendCapabilities>;
  readonly settings?: Partial<CallSettings>;
  /** What a command is answered with; `configure` that succeeds changes the settings. */
  readonly answer?: (command: ClientCommand) => CommandResult;
  readonly audioRefusal?: (lengthBytes: number) => CallError | null;
  readonly items?: ReadonlyMap<string, RetrievedItem>;
}

/** A call that does what the test says and remembers what its client asked of it. */
export class FakeCall implements CallControl {
  readonly callId = 'call_1';
  readonly agent = 'desk';
  readonly authority: TurnAuthority = 'gateway';
  readonly capabilities: BackendCapabilities;
  readonly commands: ClientCommand[] = [];
  readonly audio: Uint8Array[] = [];
  readonly closes: CloseReason[] = [];
  settings: CallSettings;
  readonly #options: FakeCallOptions;
  readonly #log: LogEntry[] = [];
  #view: CallView | null = null;

  constructor(options: FakeCallOptions = {}) {
    this.#options = options;
    this.capabilities = { ...allCapabilities, ...options.capabilities };
    this.settings = { ...plainSettings, ...options.settings };
  }

  get sessionCapMs(): number | null {
    return this.capabilities.sessionCapMs;
  }

  get view(): CallView {
    if (this.#view === null) throw new Error('nothing is attached');
    return this.#view;
  }

  /** Logs that the call was opened with its settings. */
  open(): void {
    this.log({ type: 'call.opened', agent: this.agent, settings: this.settings });
  }

  log(event: LogEvent): void {
    const seq = this.#log.length;
    const entry: LogEntry = { ...event, seq, atMs: seq };
    this.#log.push(entry);
    this.#view?.entry(entry);
  }

  attach(view: CallView): void {
    this.#view = view;
    for (const entry of this.#log) view.entry(entry);
  }

  pushAudio(bytes: Uint8Array): CommandResult {
    this.audio.push(bytes);
    return { ok: true };
  }

  audioRefusal(lengthBytes: number): CallError | null {
    return this.#options.audioRefusal?.(lengthBytes) ?? null;
  }

  execute(command: ClientCommand): CommandResult {
    this.commands.push(command);
    const result = this.#options.answer?.(command) ?? { ok: true };
    if (result.ok && command.type === 'configure') {
      this.settings = { ...this.settings, ...command.patch };
      this.log({ type: 'call.configured', settings: this.settings });
    }
    return result;
  }

  retrieve(itemId: string): RetrievedItem | undefined {
    return this.#options.items?.get(itemId);
  }

  close(reason: CloseReason): void {
    if (this.closes.length > 0) return;
    this.closes.push(reason);
    this.#view?.close(reason);
  }
}
