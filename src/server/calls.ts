import type { CallOptions } from '../call/options.ts';
import type { AgentDefinition, CallRoute } from '../ports/agent.ts';
import type { CallControl } from '../ports/client.ts';
import type { ObserverPort } from '../ports/observer.ts';
import type { CallPhrases } from '../ports/phrases.ts';
import { backendOrder } from '../routing/policy.ts';
import type { CallBook } from './call-book.ts';
import type { Drain } from './drain.ts';
import type { Listeners } from './listeners.ts';
import { CallTools } from './call-tools.ts';
import type { Metrics } from './metrics.ts';
import { spendOf } from './config-spend.ts';
import type { CallNews } from '../webhooks/call-news.ts';
import type { CallRecordings } from './call-recordings.ts';
import { LogRedaction, redactedLogger, redactionRules } from './redaction.ts';
import type { SpendDay } from './spend-day.ts';
import type { Toolbox } from './toolbox.ts';
import type { CallStart } from './upgrade.ts';

/** What every call of the house has, whoever it is with. */
type HouseParts = Pick<CallOptions, 'clock' | 'ids' | 'log'>;

/** What a call has besides: depends on its agent and on what is ready by now. */
type AgentParts = Pick<CallOptions, 'detector' | 'endOfTurn' | 'canceller' | 'tools' | 'gateCheck'>;

export interface CallsOptions extends HouseParts {
  readonly createCall: (options: CallOptions) => CallControl;
  readonly parts: (agent: AgentDefinition) => AgentParts;
  readonly toolbox: Toolbox | null;
  readonly listeners: Listeners;
  /** What a call of an agent says without a backend. */
  readonly phrases: (agent: AgentDefinition) => CallPhrases | null;
  readonly book: CallBook;
  readonly drain: Drain;
  readonly metrics: Metrics;
  readonly spendDay: SpendDay;
  readonly recordings: CallRecordings;
  readonly news: CallNews;
}

/** Starts calls, and lets go of what is theirs when they end. */
export class Calls {
  readonly #options: CallsOptions;

  constructor(options: CallsOptions) {
    this.#options = options;
  }

  /** Throws only by a fault of ours; nothing is held for the call then. */
  start({ callId, agent, route, now, keyId, consented, onClosed }: CallStart): CallControl {
    const { book, drain, metrics, spendDay, recordings, news, clock, ids } = this.#options;
    const hidden = redactionRules(agent, now.config.directory.agents);
    const log = hidden === null ? this.#options.log : redactedLogger(this.#options.log, hidden);
    const lease = now.backends.lease(backendOrder(now.backends.candidates(route.backends)));
    const tools = new CallTools({
      toolbox: this.#options.toolbox,
      agent,
      agents: now.config.directory.agents,
      registered: (of) => this.#options.parts(of).tools,
      gateCheck: (of) => this.#options.parts(of).gateCheck ?? null,
    });
    const beside = this.#options.listeners.lease(agent);
    const startedAt = new Date(clock.epochMs()).toISOString();
    const own = hidden === null ? null : new LogRedaction(hidden);
    const recording = recordings.begin(agent, {
      callId,
      startedAt,
      consented,
      rules: hidden,
      redact: (entry) => own?.entry(entry) ?? entry,
    });
    const header = { callId, agent: agent.name, startedAt, out: recording?.place ?? null };
    book.open(header, hidden === null ? null : new LogRedaction(hidden));
    spendDay.open(callId, keyId);
    let over = false;
    const ended = (): void => {
      over = true;
      drain.remove(callId);
      // Every call is written down, recorded or not.
      const record = book.close(callId);
      recording?.recorder.finish(record);
      metrics.forget(callId);
      spendDay.close(callId);
      lease.release();
      tools.release();
      beside?.release();
      onClosed();
    };
    const isOver = (): boolean => over;
    const follower: ObserverPort = { entry: (_call, entry) => lease.entry(entry) };
    const { sessionCapMs, idleTimeoutMs } = now.config.server;
    if (route.rule !== null) log.info('call.routed', routed(callId, agent, route));
    try {
      const options: CallOptions = {
        callId,
        agent,
        ...(agent.rules === undefined ? {} : { route }),
        backends: lease.ports,
        health: (name) => lease.health(name),
        ...this.#options.parts(agent),
        toolSet: tools.toolSet,
        listener: beside?.listener ?? null,
        phrases: this.#options.phrases(agent),
        otherAgent: (name) => tools.otherAgent(name),
        clock,
        ids,
        log,
        observers: [
          ...[book, metrics, spendDay, follower, news],
          ...(recording === null ? [] : [recording.recorder]),
        ],
        spend: spendOf(now.config.spend, agent, keyId, spendDay),
        limits: { sessionCapMs, idleTimeoutMs },
        onClosed: ended,
      };
      const call = this.#options.createCall(recording?.recorder.made(options) ?? options);
      const shown = recording?.recorder.around(call) ?? call;
      // A call that failed at once is over before it is known here.
      if (!isOver()) drain.add(callId, shown);
      return shown;
    } catch (thrown) {
      ended();
      throw thrown;
    }
  }
}

function routed(
  callId: string,
  { name }: AgentDefinition,
  { rule, arm, backends }: CallRoute,
): Readonly<Record<string, unknown>> {
  return { callId, agent: name, rule, arm, backends };
}
