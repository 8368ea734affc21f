import { backendFormats } from './backend-formats.ts';
import { Standby } from './standby.ts';
import { StandbyRisk } from './standby-risk.ts';
import type { BackendContext, BackendPort } from '../ports/backend.ts';
import type { BackendHealth } from '../ports/health.ts';
import type { CallOptions } from './options.ts';
import type { CommandTarget } from './commands.ts';
import type { OtherTerms } from './term-changes.ts';

export interface CallStandbyOptions {
  readonly call: CallOptions;
  readonly target: CommandTarget;
  /** The call's terms with another backend. */
  readonly termsWith: (port: BackendPort) => OtherTerms;
  /** The backend that answers; `null`: none does. */
  readonly serving: () => BackendPort | null;
  readonly successors: (lost: BackendPort) => readonly BackendPort[];
  readonly health: (backend: string) => BackendHealth | null;
}

/** What of a call stands by for the loss of its backend, and what makes it do so. */
export function createStandby(options: CallStandbyOptions): {
  readonly standby: Standby;
  readonly risk: StandbyRisk;
} {
  const { call, health, serving, successors, target } = options;
  const { scope } = target;
  const next = (): BackendPort | null => {
    const port = serving();
    const [other] = port === null ? [] : successors(port);
    return other === undefined || other === port ? null : other;
  };
  const standby = new Standby({
    scope,
    mode: call.agent.handover?.standby ?? 'on-risk',
    next,
    context: (port) => contextAhead(options, port),
    health,
  });
  const risk = new StandbyRisk({
    scope,
    health: () => health(serving()?.name ?? ''),
    sessionCapMs: () => serving()?.capabilities.sessionCapMs ?? null,
    onRisk: (cause) => standby.risk(cause),
  });
  return { standby, risk };
}

/** What a session is opened with that is told the conversation later; `null`: it cannot be. */
function contextAhead(
  { call, target, termsWith }: Pick<CallStandbyOptions, 'call' | 'target' | 'termsWith'>,
  port: BackendPort,
): BackendContext | null {
  const { clock, ids, callId, log } = call;
  const terms = termsOrNull(termsWith, port);
  if (terms === null || terms.authority === 'model') return null;
  const { authority, capabilities, settings } = terms;
  return {
    callId,
    agent: target.agent().name,
    authority,
    settings,
    ...backendFormats(capabilities, settings),
    seed: null,
    ahead: true,
    // What is kept is by the positions of the backend in use: by its own once it is that.
    recall: (fromSample, toSample) => target.uplink.recall()?.(fromSample, toSample) ?? null,
    clock,
    ids,
    log,
  };
}

function termsOrNull(
  termsWith: CallStandbyOptions['termsWith'],
  port: BackendPort,
): OtherTerms | null {
  try {
    return termsWith(port);
  } catch {
    // A clash of tools is told where the backend is opened.
    return null;
  }
}
