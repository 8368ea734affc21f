import { CallError } from '../ports/errors.ts';
import { isDeepStrictEqual } from 'node:util';
import { initialSettings, resolveSettings, type SettingsContext } from './settings.ts';
import type { AgentDefinition } from '../ports/agent.ts';
import type { GateCheckPort } from '../ports/gate.ts';
import type { CallActions, ToolPort, ToolSet } from '../ports/tool.ts';
import type { CallScope } from './scope.ts';
import type { CallSettings, ToolDefinition } from '../ports/settings.ts';
import type { CloseReason } from '../ports/events.ts';
import type { AgentLines } from './agent-lines.ts';
import type { Timer } from '../time/clock.ts';

/** How often it is looked whether the goodbye has been heard, ms. */
const lookMs = 100;
/** Longest wait for a goodbye, ms: less than the time after which a silent backend is given up. */
const goodbyeMs = 15_000;

/** An agent as a call can go over to it. */
export interface AgentToSwitchTo {
  readonly agent: AgentDefinition;
  readonly tools: readonly ToolPort[];
  readonly toolSet: ToolSet | null;
  /** Asks outside about what it is about to say; absent or `null`: nobody is asked. */
  readonly gateCheck?: GateCheckPort | null;
}

export interface CallActionsOptions {
  readonly scope: CallScope;
  readonly lines: () => AgentLines;
  readonly settings: () => CallSettings;
  /** Whose instructions it goes on with so far. */
  readonly agent: () => AgentDefinition;
  readonly context: () => SettingsContext;
  readonly roundTripMs: () => number;
  readonly callerSpeaks: () => boolean;
  /** A tool runs, or an answer is owed. */
  readonly toolsBusy: () => boolean;
  readonly otherAgent: (name: string) => AgentToSwitchTo | null;
  /** Parley's own tools are added. */
  readonly configure: (settings: CallSettings) => void;
  /** The call goes over to another backend at the next pause. @throws CallError where it cannot */
  readonly moveTo: (backend: string) => void;
  /** The call goes on with this one. */
  readonly onAgent: (to: AgentToSwitchTo) => void;
  /** @returns the client's tools */
  readonly useTools: (to: AgentToSwitchTo) => readonly ToolDefinition[];
  readonly close: (reason: CloseReason) => void;
}

/** What built-in tools do to their call. */
export class ActionsOfCall implements CallActions {
  readonly #options: CallActionsOptions;
  #ending: { readonly reason: string | null; readonly untilMs: number } | null = null;
  #timer: Timer | null = null;

  constructor(options: CallActionsOptions) {
    this.#options = options;
    options.scope.log.listen((entry) => {
      if (entry.type === 'agent.cut') this.#interrupted();
    });
  }

  /** The call is to end. */
  get ending(): boolean {
    return this.#ending !== null;
  }

  endCall(reason: string | null): void {
    if (this.#ending !== null) return;
    const { log, nowMs } = this.#options.scope;
    this.#ending = { reason, untilMs: nowMs() + goodbyeMs };
    log.append({ type: 'call.action', action: { kind: 'end', reason } });
    this.#wait();
  }

  transfer(target: string, reason: string | null): void {
    const { log } = this.#options.scope;
    log.append({ type: 'call.action', action: { kind: 'transfer', target, reason } });
  }

  switchAgent(name: string): void {
    const { scope, settings, context, otherAgent, configure, onAgent, useTools } = this.#options;
    const to = otherAgent(name);
    if (to === null) throw new CallError('agent_not_found', `there is no agent named ${name}`);
    const { instructions, voice } = to.agent;
    const voices = voice === null ? {} : { voice };
    const wanted = { instructions, ...voices, ...this.#detection(to.agent) };
    const all = resolveSettings(settings(), wanted, context());
    // A voice that has been heard may be the only one there can be; the agent can do without, and
    // with the turns that the backend keeps.
    const others = [{ instructions, ...this.#detection(to.agent) }, { instructions }];
    const resolved = others.reduce(
      (found, patch) => (found.ok ? found : resolveSettings(settings(), patch, context())),
      all,
    );
    if (!resolved.ok) throw resolved.error;
    if (resolved.settings.instructions !== instructions) {
      throw new CallError('unsupported_by_backend', 'this backend follows no other instructions');
    }
    onAgent(to);
    configure({ ...resolved.settings, tools: useTools(to) });
    const taken = all.ok && voice !== null;
    scope.log.append({
      type: 'call.action',
      action: { kind: 'agent', agent: to.agent.name, voice: taken ? 'taken' : 'kept' },
    });
  }

  switchBackend(name: string): void {
    this.#options.moveTo(name);
  }

  setDisposition(value: string, note: string | null): void {
    const { log } = this.#options.scope;
    log.append({ type: 'call.action', action: { kind: 'disposition', value, note } });
  }

  close(): void {
    this.#ending = null;
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** The other agent's, unless the client has set its own. */
  #detection({ turns }: AgentDefinition): Pick<CallSettings, 'turnDetection'> | object {
    const { agent, settings, context } = this.#options;
    const before = initialSettings(agent(), context()).turnDetection;
    const own = isDeepStrictEqual(settings().turnDetection, before);
    return own ? { turnDetection: turns.detection } : {};
  }

  /** The caller interrupted: who is spoken to does not hang up. */
  #interrupted(): void {
    if (this.#ending === null) return;
    this.close();
    this.#options.scope.log.append({ type: 'call.action', action: { kind: 'end_revoked' } });
  }

  #wait(): void {
    const { clock } = this.#options.scope;
    this.#timer = clock.timerAt(clock.nowMs() + lookMs, () => this.#look());
  }

  #look(): void {
    const { scope, close } = this.#options;
    if (this.#ending === null) return;
    const { reason, untilMs } = this.#ending;
    if (this.#heardOut() || scope.nowMs() >= untilMs) {
      this.close();
      close({ kind: 'agent', reason });
      return;
    }
    this.#wait();
  }

  #heardOut(): boolean {
    const { scope, lines, roundTripMs, callerSpeaks, toolsBusy } = this.#options;
    const { active, latest, waitingMs } = lines();
    if (active !== null || waitingMs > 0 || toolsBusy() || callerSpeaks()) return false;
    if (latest === null || latest.sentMs === 0) return true;
    // The clock's guess lies behind by less than this.
    return latest.heardMs(scope.nowMs(), roundTripMs()) >= latest.sentMs - 1;
  }
}
