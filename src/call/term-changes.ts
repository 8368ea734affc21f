import { adaptSettings, type SettingsContext } from './settings.ts';
import { backendFormats, sameBackendFormats } from './backend-formats.ts';
import type { AgentLines } from './agent-lines.ts';
import type {
  BackendCapabilities,
  BackendCommand,
  BackendPort,
  TurnAuthority,
} from '../ports/backend.ts';
import type { CallBackend } from './call-backend.ts';
import type { CallScope } from './scope.ts';
import type { CallSettings } from '../ports/settings.ts';
import type { CallTerms } from './terms.ts';
import type { SideListener } from './side-listener.ts';
import type { ToolCalls } from './tool-calls.ts';
import type { TurnDesk } from './turn-desk.ts';
import type { Uplink } from './uplink.ts';

export interface TermChangesOptions {
  readonly scope: CallScope;
  readonly terms: CallTerms;
  readonly uplink: Uplink;
  readonly lines: AgentLines;
  readonly tools: ToolCalls;
  readonly side: SideListener | null;
  readonly turns: () => TurnDesk;
  readonly backend: () => CallBackend;
  readonly send: (command: BackendCommand) => void;
}

/** A call's terms, were it with another backend. */
export interface OtherTerms {
  readonly authority: TurnAuthority;
  readonly capabilities: BackendCapabilities;
  readonly settings: CallSettings;
}

/** Changes a call's terms, and tells everybody who goes by them. */
export class TermChanges {
  readonly #options: TermChangesOptions;

  constructor(options: TermChangesOptions) {
    this.#options = options;
  }

  /** What a wish for other settings is held against. */
  context(): SettingsContext {
    const { terms, lines, uplink } = this.#options;
    return {
      backend: terms.port.name,
      capabilities: terms.capabilities,
      authority: terms.authority,
      voiceLocked: lines.heardAnything,
      formatLocked: { input: uplink.endSample > 0, output: lines.formatLocked },
    };
  }

  /** What the call's terms would be with another backend. @throws CallError on a clash of tools */
  with(port: BackendPort): OtherTerms {
    const { terms, tools } = this.#options;
    const { authority, capabilities } = terms.with(port);
    const context = { ...this.context(), backend: port.name, capabilities, authority };
    const adapted = adaptSettings(terms.settings, terms.agent, context);
    const settings =
      capabilities.tools === 'none' ? adapted : { ...adapted, tools: tools.merge(adapted.tools) };
    return { authority, capabilities, settings };
  }

  /** What this backend cannot honour changes before it is opened, and the client is told. */
  opening(port: BackendPort): void {
    const { scope, terms, uplink, lines, tools, side } = this.#options;
    const changed = port !== terms.port;
    terms.port = port;
    side?.serve(port.capabilities);
    if (changed) {
      const adapted = adaptSettings(terms.settings, terms.agent, this.context());
      this.configure(tools.withOwn(adapted));
    }
    scope.log.append({ type: 'backend.opening', backend: port.name });
    const { inputFormat, outputFormat } = backendFormats(port.capabilities, terms.settings);
    uplink.connect(inputFormat);
    lines.connect(outputFormat);
  }

  configure(settings: CallSettings): void {
    const { scope, terms, uplink, lines, turns, backend, send } = this.#options;
    const before = terms.settings;
    terms.settings = settings;
    uplink.setFormat(settings.inputFormat);
    lines.setFormat(settings.outputFormat);
    // A session already in use goes on in the format it was opened with, and is converted for.
    if (!sameBackendFormats(terms.capabilities, before, settings)) backend().reopen();
    uplink.listen(terms.wantsDetection);
    turns().configure(terms.turnOptions());
    send({ type: 'configure', settings });
    scope.log.append({ type: 'call.configured', settings });
  }
}
