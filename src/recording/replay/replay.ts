import { createCall } from '../../call/call.ts';
import type { Call } from '../../call/running.ts';
import type { CallView } from '../../ports/client.ts';
import type { LogEntry } from '../../ports/events.ts';
import { silentLogger } from '../../ports/log.ts';
import { ManualClock } from '../../time/manual-clock.ts';
import { readInput, type NotedOpening, type TimedInput } from '../inputs.ts';
import {
  ReplayedBackends,
  ReplayedDetector,
  ReplayedEndOfTurn,
  ReplayedIds,
  ReplayedTools,
} from './ports.ts';

/** What was written down of a call. */
export interface RecordedInputs {
  /** `inputs.jsonl`. */
  readonly text: string;
  /** `sounds.bin`. */
  readonly sounds: Uint8Array;
}

export interface ReplayOptions {
  /** Lets every promise that can settle do so. */
  readonly settle: () => Promise<void>;
  /** Changes what the call is made of; absent: it is as it was. */
  readonly change?: (opening: NotedOpening) => NotedOpening;
}

/** A call made again. */
export interface Replayed {
  readonly entries: readonly LogEntry[];
  /** What could not be made again: differences may come of it. */
  readonly missing: readonly string[];
}

/** How long the call is let go on after the last that came into it, ms. */
const afterMs = 1_000;

/**
 * Makes a recorded call again: everything that came into it comes again, at its time, into the code
 * as it is now. Takes no longer than the code does. `prepareResampler` must have resolved.
 *
 * @throws RangeError when it is no recording of this kind
 */
export async function replay(
  { text, sounds }: RecordedInputs,
  { settle, change = (opening) => opening }: ReplayOptions,
): Promise<Replayed> {
  const [first, ...inputs] = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => readInput(line, sounds));
  if (first?.in !== 'opening') throw new RangeError('the recording has no opening');
  const stage = new Stage(change(first));
  for (const input of inputs) if (input.in === 'id') stage.ids.given(input.prefix, input.id);
  stage.open();
  await settle();
  for (const input of inputs) {
    if (input.in === 'opening' || input.in === 'id') continue;
    stage.passTo(input.at);
    await settle();
    stage.take(input);
    await settle();
  }
  stage.pass(afterMs);
  await settle();
  return { entries: stage.entries, missing: first.missing };
}

/** A call on a clock of its own, with everything that it touches. */
class Stage {
  readonly ids = new ReplayedIds();
  readonly entries: LogEntry[] = [];
  readonly #opening: NotedOpening;
  readonly #clock = new ManualClock(0);
  readonly #backends: ReplayedBackends;
  readonly #detector: ReplayedDetector | null;
  readonly #endOfTurn: ReplayedEndOfTurn | null;
  readonly #tools: ReplayedTools;
  readonly #view = new SilentView();
  #call: Call | null = null;

  constructor(opening: NotedOpening) {
    const { backends, detector, endOfTurn, tools } = opening;
    this.#opening = opening;
    this.#backends = new ReplayedBackends(backends);
    this.#detector = detector === null ? null : new ReplayedDetector(detector);
    this.#endOfTurn = endOfTurn === null ? null : new ReplayedEndOfTurn(endOfTurn);
    this.#tools = new ReplayedTools(tools);
  }

  open(): void {
    const { callId, agent, route, limits } = this.#opening;
    this.#call = createCall({
      callId,
      agent,
      ...(route === null ? {} : { route }),
      ...(limits === null ? {} : { limits }),
      backends: this.#backends.ports,
      detector: this.#detector,
      endOfTurn: this.#endOfTurn,
      tools: this.#tools.ports,
      clock: this.#clock,
      ids: this.ids,
      log: silentLogger,
      observers: [{ entry: (_call, entry) => this.entries.push(entry) }],
      onClosed: () => undefined,
    });
  }

  passTo(atMs: number): void {
    this.pass(Math.max(0, atMs - this.#clock.nowMs()));
  }

  pass(ms: number): void {
    this.#clock.advance(ms);
  }

  take(input: TimedInput): void {
    const call = this.#call;
    if (call === null) return;
    switch (input.in) {
      case 'attach':
        call.attach(this.#view);
        return;
      case 'roundTrip':
        this.#view.roundTripMs = input.ms;
        return;
      case 'audio':
        call.pushAudio(input.bytes);
        return;
      case 'command':
        call.execute(input.command);
        return;
      case 'handOver':
        call.handOver(input.to);
        return;
      case 'breakBackend':
        call.breakBackend();
        return;
      case 'close':
        call.close(input.reason);
        return;
      case 'opened':
        this.#backends.opened(input.name, input.n);
        return;
      case 'refused':
        this.#backends.refused(input.name, input.error);
        return;
      case 'event':
        this.#backends.event(input.n, input.event);
        return;
      case 'ended':
        this.#backends.ended(input.n);
        return;
      case 'score':
        this.#detector?.score(input.n, input.score);
        return;
      case 'deaf':
        this.#detector?.deaf(input.n, input.message);
        return;
      case 'endOfTurn':
        this.#endOfTurn?.score(input.n, input.score);
        return;
      case 'tool':
        this.#tools.answered(input.n, input.text);
        return;
      case 'toolFailed':
        this.#tools.failed(input.n, input.error);
        return;
      case 'id':
        return;
    }
  }
}

class SilentView implements CallView {
  readonly unsentBytes = 0;
  roundTripMs = 0;
  entry(): void {
    return;
  }
  audio(): void {
    return;
  }
  close(): void {
    return;
  }
}
