import type { PlayerOrder, PlayerReport } from './player-worklet.ts';
import playerUrl from './player-worklet.ts?worker&url';
import { wireRateHz } from './rate.ts';

/** The caller's ear: plays what the agent says, and tells how much of it has been heard. */
export class Player {
  readonly #context: AudioContext;
  readonly #node: AudioWorkletNode;

  private constructor(context: AudioContext, onReport: (report: PlayerReport) => void) {
    this.#context = context;
    this.#node = new AudioWorkletNode(context, 'player', {
      numberOfInputs: 0,
      outputChannelCount: [1],
    });
    this.#node.port.onmessage = ({ data }: MessageEvent<PlayerReport>) => onReport(data);
    this.#node.connect(context.destination);
  }

  static async open(onReport: (report: PlayerReport) => void): Promise<Player> {
    const context = new AudioContext({ sampleRate: wireRateHz, latencyHint: 'interactive' });
    try {
      await context.audioWorklet.addModule(playerUrl);
      await context.resume();
      return new Player(context, onReport);
    } catch (error) {
      await context.close();
      throw error;
    }
  }

  /** From a sample's leaving the player to the loudspeaker, as the browser estimates it, ms. */
  get latencyMs(): number {
    const { outputLatency, baseLatency } = this.#context;
    const latencyS = Number.isFinite(outputLatency) ? outputLatency : baseLatency;
    return Math.max(0, latencyS * 1000);
  }

  /** Samples at the wire's rate, which are handed over. */
  play(itemId: string, samples: Float32Array<ArrayBuffer>): void {
    this.#tell({ type: 'play', itemId, samples }, [samples.buffer]);
  }

  clear(): void {
    this.#tell({ type: 'clear' });
  }

  async close(): Promise<void> {
    this.#node.port.onmessage = null;
    if (this.#context.state !== 'closed') await this.#context.close();
  }

  #tell(order: PlayerOrder, transfer: Transferable[] = []): void {
    this.#node.port.postMessage(order, transfer);
  }
}
