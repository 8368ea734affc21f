import type { AudioFormat } from '../../../src/audio/format.ts';
import { WireError, type Delegation, type DelegationWish, type StartSession } from './shapes.ts';

/** What a session was started with, and what may change of it. */
export class Terms {
  readonly config: StartSession;
  readonly format: AudioFormat;
  delegation: Delegation;
  readonly #id: string;
  readonly #expiresAtS: number;

  constructor(config: StartSession, id: string, expiresAtS: number) {
    this.config = config;
    this.#id = id;
    this.#expiresAtS = expiresAtS;
    const { type, rate } = config.audio?.format ?? { type: 'audio/pcm', rate: 24_000 };
    const codec = type === 'audio/pcm' ? 'pcm16' : type === 'audio/pcmu' ? 'pcmu' : 'pcma';
    this.format = { codec, rateHz: rate };
    this.delegation = { acknowledgement_delay_ms: 0, ...(config.delegation ?? { type: 'client' }) };
  }

  /** @param wish `null` asks for the default @throws WireError for another kind */
  update(wish: DelegationWish | null | undefined): void {
    const now = this.delegation;
    if (wish === undefined) return;
    if ((wish?.type ?? 'client') !== now.type) {
      const param = 'session.delegation.type';
      throw new WireError('immutable_field_update', 'The type cannot change.', param);
    }
    const delayMs = wish?.acknowledgement_delay_ms ?? now.acknowledgement_delay_ms ?? 0;
    const delay = { acknowledgement_delay_ms: delayMs };
    if (now.type !== 'responses' || wish?.type !== 'responses') {
      this.delegation = { ...now, ...delay };
      return;
    }
    const model = wish.responses?.model ?? now.responses.model;
    this.delegation = {
      ...now,
      ...delay,
      responses: { ...now.responses, ...wish.responses, model },
    };
  }

  /** The session as it is in force. */
  resource(): Readonly<Record<string, unknown>> {
    const { model, instructions, audio, input, store } = this.config;
    return {
      id: this.#id,
      model,
      status: 'active',
      expires_at: this.#expiresAtS,
      instructions: instructions ?? null,
      audio: {
        format: audio?.format ?? { type: 'audio/pcm', rate: 24_000 },
        output: { voice: audio?.output?.voice ?? 'marin' },
      },
      delegation: this.delegation,
      input: input ?? [],
      store: store ?? false,
      triggers: [],
    };
  }
}
