import { authorityFor, initialSettings } from './settings.ts';
import { shorterCapMs } from './lifetime.ts';
import { turnOptions } from './turn-options.ts';
import { defaultManner, type AgentDefinition } from '../ports/agent.ts';
import type { BackendCapabilities, BackendPort, TurnAuthority } from '../ports/backend.ts';
import type { CallOptions } from './options.ts';
import type { CallSettings } from '../ports/settings.ts';
import type { TurnOptions } from '../turn/options.ts';

/** What a call goes on with at this moment: whose instructions, which backend, which settings. */
export class CallTerms {
  /** Whose instructions and tools it goes on with. */
  agent: AgentDefinition;
  port: BackendPort;
  settings: CallSettings;
  readonly #options: CallOptions;
  readonly #shown: (capabilities: BackendCapabilities) => BackendCapabilities;

  /**
   * @param shown what somebody beside the backend adds to what it can do
   * @throws RangeError without a backend
   */
  constructor(
    options: CallOptions,
    shown: (capabilities: BackendCapabilities) => BackendCapabilities,
  ) {
    const [port] = options.backends;
    if (port === undefined) throw new RangeError('a call needs at least one backend');
    this.#options = options;
    this.#shown = shown;
    this.agent = options.agent;
    this.port = port;
    this.settings = initialSettings(options.agent, this);
  }

  get capabilities(): BackendCapabilities {
    return this.#shown(this.port.capabilities);
  }

  /** Stays that of the agent that the call began with: its backend was opened for it. */
  get authority(): TurnAuthority {
    return authorityFor(this.#options.agent.turns.authority, this.capabilities);
  }

  /** The same of another backend. */
  with(port: BackendPort): Pick<CallTerms, 'capabilities' | 'authority'> {
    const capabilities = this.#shown(port.capabilities);
    return {
      capabilities,
      authority: authorityFor(this.#options.agent.turns.authority, capabilities),
    };
  }

  get sessionCapMs(): number | null {
    return shorterCapMs(this.#options.limits?.sessionCapMs ?? null, this.capabilities.sessionCapMs);
  }

  /** Whether caller speech over the agent is judged here. */
  get judged(): boolean {
    return this.authority === 'gateway' && this.settings.turnDetection?.interruptResponse === true;
  }

  get manualTurns(): boolean {
    return this.settings.turnDetection === null && this.capabilities.commit;
  }

  get wantsDetection(): boolean {
    return this.settings.turnDetection !== null && this.authority !== 'backend';
  }

  turnOptions(): TurnOptions {
    const { echo } = { ...defaultManner, ...this.#options.agent.turns.manner };
    return turnOptions({
      agent: this.agent,
      // What cleans the caller's sound is made once.
      echo,
      settings: this.settings,
      capabilities: this.capabilities,
      authority: this.authority,
      endOfTurn: (this.#options.endOfTurn ?? null) !== null,
    });
  }
}
