import type { CallListener } from '../call/options.ts';
import type { AgentDefinition, ListenerDeclaration } from '../ports/agent.ts';
import { asCallError, CallError } from '../ports/errors.ts';
import type { Logger } from '../ports/log.ts';
import type { SpeechToTextPort } from '../ports/speech-to-text.ts';
import { SharedPool, type Hold } from './shared-pool.ts';
import { stableText } from './stable-text.ts';

export interface ListenersOptions {
  /** Throws `CallError` where it cannot be made. */
  readonly create: (declaration: ListenerDeclaration) => SpeechToTextPort;
  /** 0 ≤ n < 1. */
  readonly chance: () => number;
  readonly log: Logger;
}

/** A call's listener for as long as the call needs it. */
export interface ListenerLease {
  readonly listener: CallListener;
  /** Idempotent. */
  release(): void;
}

/** What one recogniser has done for all calls since it was made. */
interface Kept {
  readonly name: string;
  readonly port: SpeechToTextPort;
  readonly used: { calls: number; audioMs: number; chargedMs: number; lost: number };
  /** Why it could not be prepared; `null`: it could, or is being. */
  failure: string | null;
  close(): Promise<void>;
}

/**
 * The recognisers beside backends: one for all agents that declare the same, for as long as the
 * configuration or a call has it. No call waits for one.
 */
export class Listeners {
  readonly #options: ListenersOptions;
  readonly #pool: SharedPool<Kept>;
  readonly #stop = new AbortController();
  #declared: readonly Hold<Kept>[] = [];

  constructor(options: ListenersOptions) {
    this.#options = options;
    this.#pool = new SharedPool({ log: options.log });
  }

  /** Those of these agents are there from now on. */
  configure(agents: readonly AgentDefinition[]): void {
    const before = this.#declared;
    this.#declared = agents.flatMap((agent) => this.#hold(agent) ?? []);
    for (const hold of before) hold.release();
  }

  /** @returns `null` where the agent has none, or it cannot be made */
  lease(agent: AgentDefinition): ListenerLease | null {
    const hold = this.#hold(agent);
    if (hold === null) return null;
    const { port, used } = hold.thing;
    used.calls += 1;
    const listener: CallListener = {
      port,
      hearsAgent: agent.listener?.agent === true,
      chance: this.#options.chance,
      onUsed: ({ audioMs, chargedMs, lost }) => {
        used.audioMs += audioMs;
        used.chargedMs += chargedMs;
        used.lost += lost;
      },
    };
    return { listener, release: () => hold.release() };
  }

  /** Why any of them may not hear, in words. No call waits for that. */
  reasons(): readonly string[] {
    return this.#pool.things.flatMap(({ name, failure }) =>
      failure === null ? [] : [`The listener ${name} could not be prepared: ${failure}`],
    );
  }

  /** What each has cost, beside its own figures. */
  get all(): readonly { readonly name: string; figures(): Readonly<Record<string, number>> }[] {
    return this.#pool.things.map(({ name, port, used }) => ({
      name,
      figures: () => ({
        ...port.figures(),
        besideCalls: used.calls,
        besideAudioMs: used.audioMs,
        besideChargedMs: used.chargedMs,
        besideLost: used.lost,
      }),
    }));
  }

  close(): Promise<void> {
    this.#stop.abort(new CallError('server_draining', 'The server is shutting down.'));
    return this.#pool.closeAll();
  }

  #hold({ listener, name }: AgentDefinition): Hold<Kept> | null {
    if (listener === undefined) return null;
    try {
      return this.#pool.hold(stableText(listener), () => this.#make(listener, name));
    } catch (thrown) {
      const reason = asCallError(thrown, 'model_unavailable').message;
      this.#options.log.warn('listener.not_made', { agent: name, reason });
      return null;
    }
  }

  #make(declaration: ListenerDeclaration, agent: string): Kept {
    const { create, log } = this.#options;
    const port = create(declaration);
    const kept: Kept = {
      name: `${agent}.listener`,
      port,
      used: { calls: 0, audioMs: 0, chargedMs: 0, lost: 0 },
      failure: null,
      close: () => port.close(),
    };
    port.prepare(this.#stop.signal).catch((thrown: unknown) => {
      const reason = asCallError(thrown, 'model_unavailable').message;
      kept.failure = reason;
      log.warn('listener.not_ready', { type: declaration.type, agent, reason });
    });
    return kept;
  }
}
