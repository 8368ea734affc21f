import type { BackendCapabilities, TurnAuthority } from '../ports/backend.ts';
import type {
  CallControl,
  CallView,
  ClientCommand,
  CommandResult,
  DownlinkAudio,
  RetrievedItem,
} from '../ports/client.ts';
import { CallError } from '../ports/errors.ts';
import type { CloseReason } from '../ports/events.ts';
import type { CallSettings } from '../ports/settings.ts';
import { RecordedView } from './recorded-view.ts';

/** Sees what passes between a call and its client. None of it may throw. */
export interface CallWitness {
  attached(view: CallView): void;
  /** Before the call has it; the bytes are not kept. */
  hears(bytes: Uint8Array): void;
  /** What became of the audio. */
  heard(taken: boolean): void;
  commands(command: ClientCommand): void;
  /** A piece of the downlink, before the client has it; the bytes are not kept. */
  gives(audio: DownlinkAudio): void;
  /** An operator's command. */
  operates(command: OperatorCommand): void;
  closes(reason: CloseReason): void;
}

/** What an operator may do with a running call. */
export type OperatorCommand =
  { readonly in: 'handOver'; readonly to: string | null } | { readonly in: 'breakBackend' };

/** A call that is watched at its client's side. Changes nothing. */
export class RecordedCall implements CallControl {
  readonly #call: CallControl;
  readonly #witness: CallWitness;

  constructor(call: CallControl, witness: CallWitness) {
    this.#call = call;
    this.#witness = witness;
  }

  get callId(): string {
    return this.#call.callId;
  }
  get agent(): string {
    return this.#call.agent;
  }
  get authority(): TurnAuthority {
    return this.#call.authority;
  }
  get capabilities(): BackendCapabilities {
    return this.#call.capabilities;
  }
  get sessionCapMs(): number | null {
    return this.#call.sessionCapMs;
  }
  get settings(): CallSettings {
    return this.#call.settings;
  }

  attach(view: CallView): void {
    this.#witness.attached(view);
    this.#call.attach(new RecordedView(view, (audio) => this.#witness.gives(audio)));
  }

  pushAudio(bytes: Uint8Array): CommandResult {
    this.#witness.hears(bytes);
    const result = this.#call.pushAudio(bytes);
    this.#witness.heard(result.ok);
    return result;
  }

  audioRefusal(lengthBytes: number): CallError | null {
    return this.#call.audioRefusal(lengthBytes);
  }

  execute(command: ClientCommand): CommandResult {
    this.#witness.commands(command);
    return this.#call.execute(command);
  }

  retrieve(itemId: string): RetrievedItem | undefined {
    return this.#call.retrieve(itemId);
  }

  handOver(to: string | null): CommandResult {
    this.#witness.operates({ in: 'handOver', to });
    return this.#call.handOver?.(to) ?? { ok: false, error: notPossible() };
  }

  breakBackend(): CommandResult {
    this.#witness.operates({ in: 'breakBackend' });
    return this.#call.breakBackend?.() ?? { ok: false, error: notPossible() };
  }

  close(reason: CloseReason): void {
    this.#witness.closes(reason);
    this.#call.close(reason);
  }
}

function notPossible(): CallError {
  return new CallError('unsupported_by_backend', 'This call cannot do that.');
}
