/** A two-pole resonance with unit gain at 0 Hz (Klatt 1980, equations 1 and 2). */
export class Resonator {
  readonly #a: number;
  readonly #b: number;
  readonly #c: number;
  #previous = 0;
  #beforePrevious = 0;

  constructor(centreHz: number, bandwidthHz: number, rateHz: number) {
    this.#c = -Math.exp((-2 * Math.PI * bandwidthHz) / rateHz);
    this.#b =
      2 * Math.exp((-Math.PI * bandwidthHz) / rateHz) * Math.cos((2 * Math.PI * centreHz) / rateHz);
    this.#a = 1 - this.#b - this.#c;
  }

  /** One sample through the resonance. */
  next(input: number): number {
    const output = this.#a * input + this.#b * this.#previous + this.#c * this.#beforePrevious;
    this.#beforePrevious = this.#previous;
    this.#previous = output;
    return output;
  }
}
