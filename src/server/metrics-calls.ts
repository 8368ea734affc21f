import type { Registry } from 'prom-client';
import type { ErrorCode } from '../ports/errors.ts';
import type { HandoverCause, LogEntry, MoveCause } from '../ports/events.ts';
import type { CallDepths, ObservedCall } from '../ports/observer.ts';
import { StageClock } from '../call/stage-clock.ts';
import { callInstruments, type CallInstruments } from './metrics-instruments.ts';
import { GateMetrics } from './metrics-gate.ts';
import { SpendMetrics } from './metrics-spend.ts';
import { ToolMetrics } from './metrics-tools.ts';
import { TurnMetrics } from './metrics-turns.ts';

/** A call that is running, as far as its measurements go. */
interface Seen {
  call: ObservedCall;
  counted: boolean;
  /** End of the caller's speech that nothing audible has answered yet, call time in ms. */
  waitingSinceMs: number | null;
  /** Lines of the conversation that may answer it. */
  readonly answers: Set<string>;
  readonly stages: StageClock;
  lastError: ErrorCode | null;
  /** Whether a backend has been ready in this call. */
  answered: boolean;
  /** Since when the call has had no backend because one failed, call time in ms. */
  lostAtMs: number | null;
  /** A backend was lost or left within the call, and the caller has not got what was owed. */
  inHandover: boolean;
  /** As what the next backend that is ready will have taken over; `null`: as nothing. */
  takenOver: 'call' | 'move' | null;
  depths: (() => CallDepths) | null;
}

/** Folds the logs of calls into counts and times. Holds only names and numbers. */
export class CallMetrics {
  readonly #seen = new Map<string, Seen>();
  readonly #to: CallInstruments;
  readonly #turns: TurnMetrics;
  readonly #tools: ToolMetrics;
  readonly #gate: GateMetrics;
  readonly #spend: SpendMetrics;

  constructor(registry: Registry) {
    this.#to = callInstruments(registry);
    this.#turns = new TurnMetrics(registry);
    this.#tools = new ToolMetrics(registry);
    this.#gate = new GateMetrics(registry);
    this.#spend = new SpendMetrics(registry);
  }

  /** Counts what is there now: calls, and what waits in them. */
  refresh(): void {
    const { active, unsent, unplayed, waiting, unsentMost } = this.#to;
    for (const gauge of [active, unsent, unplayed, waiting]) gauge.reset();
    let most = 0;
    for (const seen of this.#seen.values()) {
      const of = labelsOf(seen);
      active.inc(of);
      if (seen.depths === null) continue;
      const { unsentBytes, unplayedMs, waitingCommands } = seen.depths();
      unsent.inc(of, unsentBytes);
      unplayed.inc(of, unplayedMs / 1000);
      waiting.inc(of, waitingCommands);
      most = Math.max(most, unsentBytes);
    }
    unsentMost.set(most);
  }

  /** A request that never became a call. */
  refused(code: ErrorCode): void {
    this.#to.refused.inc({ code });
    this.#to.errors.inc({ agent: '', backend: '', code });
  }

  watch(call: ObservedCall, depths: () => CallDepths): void {
    this.#of(call).depths = depths;
  }

  entry(call: ObservedCall, entry: LogEntry): void {
    const seen = this.#of(call);
    const stages = seen.stages.push(entry);
    if (stages !== null) this.#turns.answered(labelsOf(seen), stages);
    switch (entry.type) {
      case 'backend.ready':
        this.#ready(seen, entry);
        break;
      case 'backend.failed':
        seen.lostAtMs ??= entry.atMs;
        this.#error(seen, entry.code);
        break;
      case 'fault':
        this.#error(seen, entry.code);
        break;
      case 'handover.started':
        seen.inHandover = true;
        seen.takenOver = duringOf(entry.cause);
        break;
      case 'handover.done':
        seen.inHandover = false;
        this.#to.handoverGap.observe(
          { ...labelsOf(seen), during: duringOf(entry.cause) },
          entry.gapMs / 1000,
        );
        this.#to.handoverOurs.observe(labelsOf(seen), entry.oursMs / 1000);
        break;
      case 'hedge.ended':
        this.#to.hedges.inc({ ...labelsOf(seen), outcome: outcomeOf(entry, call) });
        break;
      case 'standby.closed':
        this.#to.standbys.inc({
          agent: call.agent,
          backend: entry.backend,
          outcome: entry.outcome,
        });
        break;
      case 'turn.committed':
        seen.waitingSinceMs = entry.speechEndAtMs;
        this.#turns.entry(labelsOf(seen), entry);
        break;
      case 'line.opened':
        if (entry.line.epoch !== null && entry.line.cause !== 'idle') {
          seen.answers.add(entry.line.lineId);
        }
        break;
      case 'line.first_audio':
        if (seen.waitingSinceMs !== null && seen.answers.has(entry.lineId)) {
          this.#to.firstAudio.observe(labelsOf(seen), (entry.atMs - seen.waitingSinceMs) / 1000);
          seen.waitingSinceMs = null;
        }
        break;
      case 'line.closed':
        seen.answers.delete(entry.lineId);
        if (entry.end.status === 'failed') this.#error(seen, entry.end.code);
        break;
      case 'stale.dropped':
        if (entry.what === 'audio') this.#to.dropped.inc({ ...labelsOf(seen), cause: 'stale' });
        break;
      case 'audio.dropped':
        this.#to.dropped.inc({ ...labelsOf(seen), cause: entry.where });
        this.#to.droppedSamples.inc({ ...labelsOf(seen), cause: entry.where }, entry.samples);
        break;
      case 'tool.answered':
        this.#tools.answered(labelsOf(seen), entry);
        break;
      case 'gate.hit':
      case 'gate.held':
      case 'gate.checked':
        this.#gate.entry(labelsOf(seen), entry);
        break;
      case 'usage.counted':
        this.#spend.counted(call.agent, entry);
        break;
      case 'spend.limit':
        this.#spend.limit(call.agent, entry);
        break;
      case 'call.closed':
        this.#count(seen);
        if (entry.reason.kind === 'error' && entry.reason.code !== seen.lastError) {
          this.#error(seen, entry.reason.code);
        }
        this.#seen.delete(call.callId);
        break;
      case 'agent.ducked':
      case 'agent.slow':
      case 'speech.dismissed':
      case 'speech.interrupted':
      case 'speculation.ended':
      case 'turn.retracted':
        this.#turns.entry(labelsOf(seen), entry);
        break;
      case 'handover.held':
      case 'hedge.started':
      case 'standby.opened':
      case 'call.opened':
      case 'call.configured':
      case 'backend.opening':
      case 'speech.started':
      case 'speech.stopped':
      case 'turn.idle':
      case 'input.cleared':
      case 'caller.transcript':
      case 'caller.transcript_lost':
      case 'item.added':
      case 'item.deleted':
      case 'item.truncated':
      case 'line.text':
      case 'line.stage':
      case 'line.first_heard':
      case 'line.first_packet':
      case 'agent.cut':
      case 'agent.held':
      case 'agent.resumed':
      case 'caller.away':
      case 'speculation.started':
      case 'line.heard':
      case 'call.action':
      case 'gate.disclosed':
      case 'gate.blind':
      case 'tool.called':
      case 'output.cleared':
      case 'server_tool':
      case 'playback.acknowledged':
        break;
    }
  }

  /** Nothing more will be heard of a call. Idempotent. */
  forget(callId: string): void {
    this.#seen.delete(callId);
  }

  #ready(seen: Seen, { atMs, openMs }: LogEntry & { readonly type: 'backend.ready' }): void {
    this.#count(seen);
    this.#to.backendOpen.observe(labelsOf(seen), openMs / 1000);
    if (seen.lostAtMs !== null || seen.takenOver !== null) {
      const during = seen.takenOver ?? (seen.answered ? 'call' : 'opening');
      const of = { ...labelsOf(seen), during };
      this.#to.handovers.inc(of);
      // Within a call, what the caller notices is told later.
      if (!seen.inHandover && seen.lostAtMs !== null) {
        this.#to.handoverGap.observe(of, (atMs - seen.lostAtMs) / 1000);
      }
    }
    seen.lostAtMs = null;
    seen.takenOver = null;
    seen.answered = true;
  }

  #of(call: ObservedCall): Seen {
    const known = this.#seen.get(call.callId);
    if (known !== undefined) {
      known.call = call;
      return known;
    }
    const made: Seen = {
      call,
      counted: false,
      waitingSinceMs: null,
      answers: new Set(),
      stages: new StageClock(),
      lastError: null,
      answered: false,
      lostAtMs: null,
      inHandover: false,
      takenOver: null,
      depths: null,
    };
    this.#seen.set(call.callId, made);
    return made;
  }

  #count(seen: Seen): void {
    if (seen.counted) return;
    seen.counted = true;
    this.#to.total.inc(labelsOf(seen));
  }

  #error(seen: Seen, code: ErrorCode): void {
    seen.lastError = code;
    this.#to.errors.inc({ ...labelsOf(seen), code });
  }
}

/** The race is over before the call goes over to another backend. */
function outcomeOf(
  { winner }: LogEntry & { readonly type: 'hedge.ended' },
  { backend }: ObservedCall,
): 'kept' | 'gone_over' | 'dropped' {
  if (winner === null) return 'dropped';
  return winner === backend ? 'kept' : 'gone_over';
}

function labelsOf({ call: { agent, backend } }: Seen): { agent: string; backend: string } {
  return { agent, backend };
}

const moves: ReadonlySet<string> = new Set([
  'operator',
  'tool',
  'session_cap',
  'spend_limit',
  'preferred',
  'hedge',
] satisfies MoveCause[]);

/** A backend that was in order was left; any other was lost. */
function duringOf(cause: HandoverCause): 'call' | 'move' {
  return moves.has(cause) ? 'move' : 'call';
}
