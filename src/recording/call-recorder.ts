import type { CallOptions } from '../call/options.ts';
import type { CompiledRule } from '../gate/rules.ts';
import type { CallControl, CallView, DownlinkAudio } from '../ports/client.ts';
import type { LogEntry } from '../ports/events.ts';
import type { ObservedCall, ObserverPort } from '../ports/observer.ts';
import type { RecordingSink } from '../ports/recording.ts';
import type { CallRecord } from '../ports/store.ts';
import type { Clock } from '../time/clock.ts';
import { InputLog } from './input-log.ts';
import { RecordedCall } from './recorded-call.ts';
import type { NotedInput } from './inputs.ts';
import { SoundRecorder } from './sound-recorder.ts';
import { TranscriptFold, transcriptText } from './transcript.ts';

export interface CallRecorderOptions {
  readonly sink: RecordingSink;
  readonly clock: Clock;
  /** Longest sound, ms of call time. */
  readonly limitMs: number;
  /** What is to be silent; `null`: nothing. */
  readonly rules: readonly CompiledRule[] | null;
  /** Takes out of an entry what may not be written down. Asked once for each, in order. */
  readonly redact: (entry: LogEntry) => LogEntry;
  /** Everything that comes in is written down too, as it comes: nothing is taken out of it. */
  readonly inputs?: boolean;
}

/** Watches one call and brings what is to be kept of it to its sink. Never throws into the call. */
export class CallRecorder implements ObserverPort {
  readonly #options: CallRecorderOptions;
  readonly #sound: SoundRecorder;
  readonly #transcript = new TranscriptFold();
  /** When the call began, on the clock: by its own log, once there is an entry. */
  #originMs: number;
  #logged = false;
  readonly #inputs: InputLog | null;
  #roundTripMs = 0;
  #call: CallControl | null = null;
  #view: CallView | null = null;
  #bytes: Uint8Array | null = null;
  #broken = false;

  constructor(options: CallRecorderOptions) {
    const { sink, limitMs, rules, clock } = options;
    this.#options = options;
    this.#originMs = clock.nowMs();
    this.#sound = new SoundRecorder({ sink, limitMs, rules });
    const times = { originMs: () => this.#originMs, callMs: () => this.#nowMs };
    this.#inputs = options.inputs === true ? new InputLog({ sink, ...times }) : null;
  }

  /** What the call is to be made of. */
  made(options: CallOptions): CallOptions {
    return this.#inputs?.around(options) ?? options;
  }

  /** The call as its client is to see it. */
  around(call: CallControl): CallControl {
    this.#call = call;
    return new RecordedCall(call, {
      attached: (view) => {
        this.#note({ in: 'attach' });
        this.#view = view;
      },
      hears: (bytes) => {
        this.#note({ in: 'audio', bytes });
        this.#bytes = bytes;
      },
      heard: (taken) => this.#safely(() => this.#heard(taken)),
      commands: (command) => this.#note({ in: 'command', command }),
      gives: (audio) => this.#safely(() => this.#gives(audio)),
      operates: (command) => this.#note(command),
      closes: (reason) => this.#note({ in: 'close', reason }),
    });
  }

  entry(_call: ObservedCall, entry: LogEntry): void {
    this.#align(entry.atMs);
    this.#safely(() => {
      const shown = this.#options.redact(entry);
      this.#options.sink.write('events', JSON.stringify(shown));
      this.#transcript.push(shown);
      this.#sound.entry(entry, this.#view?.roundTripMs ?? 0);
    });
  }

  /** The call is over. @param record what is kept of it, with what may not be written down taken out */
  finish(record: CallRecord | undefined): void {
    if (record === undefined || this.#broken) {
      this.#options.sink.discard();
      return;
    }
    this.#safely(() => {
      this.#options.sink.finish({
        ...this.#sound.plan(record.durationMs ?? this.#nowMs),
        documents: {
          'call.json': `${JSON.stringify({ ...record, events: undefined }, null, 2)}\n`,
          'transcript.txt': transcriptText(this.#transcript.utterances),
        },
      });
    });
  }

  /** The call is made a while after its recorder. An entry comes when it is written, or later, never before. */
  #align(atMs: number): void {
    const originMs = this.#options.clock.nowMs() - atMs;
    this.#originMs = this.#logged ? Math.min(this.#originMs, originMs) : originMs;
    this.#logged = true;
  }

  /** Call time; 0 until the call has written anything down. */
  get #nowMs(): number {
    if (!this.#logged) return 0;
    return this.#options.clock.nowMs() - this.#originMs;
  }

  #note(input: NotedInput): void {
    const inputs = this.#inputs;
    if (inputs === null) return;
    this.#safely(() => {
      const ms = this.#view?.roundTripMs ?? 0;
      if (ms !== this.#roundTripMs) inputs.note({ in: 'roundTrip', ms });
      this.#roundTripMs = ms;
      inputs.note(input);
    });
  }

  #heard(taken: boolean): void {
    const bytes = this.#bytes;
    this.#bytes = null;
    if (!taken || bytes === null || this.#call === null) return;
    this.#sound.said(bytes, this.#call.settings.inputFormat, this.#nowMs);
  }

  #gives(audio: DownlinkAudio): void {
    if (this.#call === null) return;
    this.#sound.gives(audio, this.#call.settings.outputFormat, this.#nowMs);
  }

  /** A fault of ours costs the recording, not the call. */
  #safely(work: () => void): void {
    if (this.#broken) return;
    try {
      work();
    } catch {
      this.#broken = true;
      this.#options.sink.discard();
    }
  }
}
