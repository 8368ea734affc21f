import type { CompiledRule } from '../gate/rules.ts';
import type { AgentDefinition } from '../ports/agent.ts';
import type { LogEntry } from '../ports/events.ts';
import type { Logger } from '../ports/log.ts';
import type { ByteRange, RecordedFile, RecordingPort } from '../ports/recording.ts';
import { CallRecorder } from '../recording/call-recorder.ts';
import type { Clock } from '../time/clock.ts';

export interface CallRecordingsOptions {
  /** Makes what keeps recordings; asked when the first call is to be recorded. */
  readonly create: (() => RecordingPort) | null;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A recorded call: who watches it, and where its recording will lie. */
export interface BegunRecording {
  readonly recorder: CallRecorder;
  readonly place: string;
}

/** Decides which calls are recorded. */
export class CallRecordings {
  readonly #options: CallRecordingsOptions;
  readonly #counts = { withoutConsent: 0, unavailable: 0 };
  #port: RecordingPort | null = null;

  constructor(options: CallRecordingsOptions) {
    this.#options = options;
  }

  /**
   * A call begins.
   *
   * @param consented its client says that it may be recorded
   * @returns `null` where it is not
   */
  begin(
    { recording }: AgentDefinition,
    {
      callId,
      startedAt,
      consented,
      rules,
      redact,
    }: {
      readonly callId: string;
      /** ISO 8601, UTC. */
      readonly startedAt: string;
      readonly consented: boolean;
      readonly rules: readonly CompiledRule[] | null;
      readonly redact: (entry: LogEntry) => LogEntry;
    },
  ): BegunRecording | null {
    if (recording === undefined) return null;
    if (recording.consent === 'client' && !consented) {
      this.#counts.withoutConsent += 1;
      return null;
    }
    const { clock, log } = this.#options;
    const place = `${startedAt.slice(0, 10).replaceAll('-', '/')}/${callId}`;
    const sink = this.#made()?.begin(callId, place) ?? null;
    if (sink === null) {
      this.#counts.unavailable += 1;
      log.warn('recording.not_begun', { callId });
      return null;
    }
    const { limitMs, replay } = recording;
    // What comes in holds everything that is said.
    const inputs = replay && rules === null;
    return { place, recorder: new CallRecorder({ sink, clock, limitMs, rules, redact, inputs }) };
  }

  /** A file of a recording; `null` where there is none. */
  async read(place: string, file: string, range: ByteRange | null): Promise<RecordedFile | null> {
    return (await this.#made()?.read(place, file, range)) ?? null;
  }

  figures(): Readonly<Record<string, number>> {
    return { ...this.#counts, ...this.#port?.figures() };
  }

  async close(): Promise<void> {
    await this.#port?.close();
  }

  #made(): RecordingPort | null {
    const { create, log } = this.#options;
    try {
      this.#port ??= create?.() ?? null;
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : 'unknown failure';
      log.error('recordings.unusable', { reason });
    }
    return this.#port;
  }
}
