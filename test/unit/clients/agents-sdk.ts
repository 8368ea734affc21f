import { OpenAIRealtimeBase } from '@openai/agents-realtime';
import type { ServerEvent } from '../../../protocol/openai-realtime/server-events.ts';

/** Events that the SDK does not know at all and hands to its `*` listeners only. */
const unknownToTheSdk: readonly string[] = ['input_audio_buffer.timeout_triggered'];

/**
 * The stock Agents SDK reading server events: its own parser and message handler, with nothing
 * behind them. `dropped` lists events that it would ignore without a word.
 */
export class AgentsSdk extends OpenAIRealtimeBase {
  readonly dropped: string[] = [];
  readonly sent: unknown[] = [];
  readonly functionCalls: unknown[] = [];
  readonly itemUpdates: unknown[] = [];
  status = 'connected' as const;
  muted = null;

  constructor() {
    super({ apiKey: 'ek_test' });
    this.on('function_call', (call) => this.functionCalls.push(call));
    this.on('item_update', (item) => this.itemUpdates.push(item));
    this.on('error', () => undefined);
  }

  /** @throws whatever the SDK's handler throws */
  read(event: ServerEvent): void {
    const seen: string[] = [];
    const note = (): void => void seen.push(event.type);
    const emitter = this as unknown as {
      on(type: string, listener: () => void): void;
      off(type: string, listener: () => void): void;
    };
    emitter.on(event.type, note);
    this._onMessage({ data: JSON.stringify(event) } as MessageEvent);
    emitter.off(event.type, note);
    if (seen.length === 0 && !unknownToTheSdk.includes(event.type))
      this.dropped.push(JSON.stringify(event));
  }

  connect(): Promise<void> {
    return Promise.resolve();
  }

  sendEvent(event: unknown): void {
    this.sent.push(event);
  }

  mute(): void {
    return;
  }

  close(): void {
    return;
  }

  interrupt(): void {
    return;
  }
}
