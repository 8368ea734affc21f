import { machineUs } from '../lib/machine-clock.ts';
import type { Paced, Pacer } from '../lib/pacer.ts';
import { connect, type BenchConnection } from './connection.ts';
import type { Frame } from './frames.ts';
import { ageOfBase64 } from './marker.ts';
import type { UplinkFrames } from './uplink-frames.ts';

/** How calls are made. */
export interface CallPlan {
  readonly url: string;
  /** Settings sent after `session.created`; `null` sends none. */
  readonly session: Readonly<Record<string, unknown>> | null;
  /** Asks for an answer, and for the next one when it is over. */
  readonly respond: boolean;
}

/** Where a call counts what reached it. */
export interface DownlinkFigures {
  readonly marked: (ageUs: number) => void;
  /** Audio whose first samples are not the beginning of a frame that was sent. */
  readonly unmarked: () => void;
  readonly sent: () => void;
  /** The call ended though nobody here ended it, or the server complained. */
  readonly trouble: (what: string) => void;
}

/** When the steps of opening were over, ms since the connection was begun. */
export interface OpeningTimes {
  readonly createdMs: number;
  /** `null` where no settings were sent. */
  readonly updatedMs: number | null;
  /** First audio of the answer; `null` where none was asked for. */
  readonly firstAudioMs: number | null;
}

/** Longest an opening may take, ms. */
const openingTimeoutMs = 20_000;
const peekBytes = 512;
const deltaName = Buffer.from('"response.output_audio.delta"');
const deltaKey = Buffer.from('"delta":"');

type Event = Readonly<Record<string, unknown>> & { readonly type?: unknown };

/** One simulated caller: sends 20 ms frames in real time, and looks at the time in what it hears. */
export class CallerSession implements Paced {
  readonly #plan: CallPlan;
  readonly #frames: UplinkFrames;
  readonly #figures: DownlinkFigures;
  readonly #opened: PromiseWithResolvers<OpeningTimes> = Promise.withResolvers();
  readonly #startUs = machineUs();
  #connection: BenchConnection | null = null;
  #createdMs: number | null = null;
  #updatedMs: number | null = null;
  #firstAudioMs: number | null = null;
  #frame: number;
  #over = false;
  #lastAudioUs: number;
  #longestGapUs = 0;

  private constructor(plan: CallPlan, frames: UplinkFrames, figures: DownlinkFigures) {
    this.#plan = plan;
    this.#frames = frames;
    this.#figures = figures;
    // Callers do not say the same at the same time.
    this.#frame = Math.floor(this.#startUs) % frames.count;
    this.#lastAudioUs = this.#startUs;
  }

  /** Opens a call and waits until it is set up. @throws Error saying what went wrong */
  static async open(
    plan: CallPlan,
    frames: UplinkFrames,
    figures: DownlinkFigures,
  ): Promise<{ readonly call: CallerSession; readonly times: OpeningTimes }> {
    const call = new CallerSession(plan, frames, figures);
    const timeout = setTimeout(
      () => call.#opened.reject(new Error('opening timed out')),
      openingTimeoutMs,
    );
    try {
      const { connection, head } = await connect(plan.url);
      call.#listen(connection, head);
      return { call, times: await call.#opened.promise };
    } catch (thrown) {
      call.close();
      throw thrown;
    } finally {
      clearTimeout(timeout);
    }
  }

  get open(): boolean {
    return !this.#over;
  }

  /** The longest time without agent audio since this was last asked, or until now, ms. */
  takeLongestGapMs(): number {
    const nowUs = machineUs();
    const longestUs = Math.max(this.#longestGapUs, nowUs - this.#lastAudioUs);
    this.#longestGapUs = 0;
    return longestUs / 1e3;
  }

  /** Speaks from now on. */
  speak(pacer: Pacer): void {
    pacer.add(this);
  }

  due(): void {
    if (this.#over) return;
    this.#connection?.write(this.#frames.stamped(this.#frame));
    this.#frame += 1;
    this.#figures.sent();
  }

  /** Hangs up. Idempotent. */
  close(): void {
    this.#over = true;
    this.#connection?.close();
  }

  #listen(connection: BenchConnection, head: Buffer): void {
    this.#connection = connection;
    connection.listen(
      {
        text: (frame) => this.#text(frame),
        closed: (code, reason) => {
          if (this.#over) return;
          this.#over = true;
          const what = `closed with ${code ?? 'no code'}: ${reason}`;
          this.#opened.reject(new Error(what));
          this.#figures.trouble(what);
        },
      },
      head,
    );
  }

  #text({ payload }: Frame): void {
    const start = payload.subarray(0, peekBytes);
    if (!start.includes(deltaName)) {
      this.#event(JSON.parse(payload.toString()) as Event);
      return;
    }
    const nowUs = machineUs();
    this.#longestGapUs = Math.max(this.#longestGapUs, nowUs - this.#lastAudioUs);
    this.#lastAudioUs = nowUs;
    const at = start.indexOf(deltaKey);
    const ageUs = at < 0 ? null : ageOfBase64(payload, at + deltaKey.byteLength, nowUs);
    if (ageUs === null) this.#figures.unmarked();
    else this.#figures.marked(ageUs);
    if (this.#firstAudioMs === null) {
      this.#firstAudioMs = this.#elapsedMs(nowUs);
      this.#settle();
    }
  }

  #event(event: Event): void {
    switch (event.type) {
      case 'session.created':
        this.#createdMs = this.#elapsedMs(machineUs());
        if (this.#plan.session !== null) {
          this.#send({ type: 'session.update', session: this.#plan.session });
        }
        if (this.#plan.respond) this.#send({ type: 'response.create' });
        this.#settle();
        return;
      case 'session.updated':
        this.#updatedMs = this.#elapsedMs(machineUs());
        this.#settle();
        return;
      case 'response.done':
        // An answer that broke off is gone on with by whoever broke it off.
        if (this.#plan.respond && !isBroken(event)) this.#send({ type: 'response.create' });
        return;
      case 'error': {
        const what = `error: ${JSON.stringify(event['error'])}`;
        this.#opened.reject(new Error(what));
        this.#figures.trouble(what);
        return;
      }
      default:
        return;
    }
  }

  #settle(): void {
    const { session, respond } = this.#plan;
    if (this.#createdMs === null) return;
    if (session !== null && this.#updatedMs === null) return;
    if (respond && this.#firstAudioMs === null) return;
    this.#opened.resolve({
      createdMs: this.#createdMs,
      updatedMs: this.#updatedMs,
      firstAudioMs: this.#firstAudioMs,
    });
  }

  #send(event: Event): void {
    if (!this.#over) this.#connection?.sendJson(event);
  }

  #elapsedMs(nowUs: number): number {
    return (nowUs - this.#startUs) / 1e3;
  }
}

function isBroken({ response }: Event): boolean {
  return (response as { readonly status?: unknown } | undefined)?.status === 'incomplete';
}
