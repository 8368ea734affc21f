import { Playout, type Piece, type Position } from './playout.ts';
import { wireRateHz } from './rate.ts';

/** What the page tells the player. */
export type PlayerOrder = (Piece & { readonly type: 'play' }) | { readonly type: 'clear' };

/** What the player tells the page. */
export interface PlayerReport {
  /** One for each item that was played from; the newest comes last. */
  readonly positions: readonly Position[];
  /** Samples that were played since the report before, silence included. */
  readonly samples: Float32Array;
  /** Time of the last of them on the context's clock, s. */
  readonly endS: number;
}

/** Gathered before playing begins; where an answer comes in a burst it costs no time, ms. */
const bufferMs = 80;

/** Samples between reports: 40 ms. */
const reportSamples = (wireRateHz * 40) / 1000;

class Player extends AudioWorkletProcessor {
  readonly #playout = new Playout({
    startSamples: (wireRateHz * bufferMs) / 1000,
    waitSamples: (wireRateHz * bufferMs) / 1000,
    limitSamples: wireRateHz * 600,
  });
  readonly #played = new Float32Array(reportSamples);
  #filled = 0;

  constructor() {
    super();
    this.port.onmessage = ({ data }: MessageEvent<PlayerOrder>) => {
      if (data.type === 'play') this.#playout.push(data);
      else {
        this.#playout.clear();
        this.#report(currentTime);
      }
    };
  }

  process(_inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    const output = outputs[0]?.[0];
    if (output === undefined) return true;
    this.#playout.pull(output);
    for (const sample of output) {
      this.#played[this.#filled] = sample;
      this.#filled += 1;
      if (this.#filled === reportSamples) this.#report(currentTime + output.length / sampleRate);
    }
    return true;
  }

  #report(endS: number): void {
    const samples = this.#played.slice(0, this.#filled);
    this.#filled = 0;
    const report: PlayerReport = { positions: this.#playout.takePositions(), samples, endS };
    this.port.postMessage(report, [samples.buffer]);
  }
}

registerProcessor('player', Player);
