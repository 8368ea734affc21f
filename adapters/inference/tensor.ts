import type { Dtype } from './manifest.ts';

/** Constructors of the arrays that hold each kind of number. float16 is carried as bits. */
export const arrayTypes = {
  float32: Float32Array,
  float16: Uint16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  bool: Uint8Array,
} as const satisfies Record<Dtype, unknown>;

export type TensorData =
  Float32Array | Uint16Array | Int8Array | Uint8Array | Int16Array | Int32Array | BigInt64Array;

/** Numbers with a shape. `data` may be a view of something larger and is only lent. */
export interface TensorValue {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** A tensor's numbers in which every row (call) has `rowLength` of them. */
export class RowBuffer {
  readonly dtype: Dtype;
  readonly rowLength: number;
  readonly #rowShape: readonly number[];
  readonly #data: TensorData;

  /** @param rowShape the shape without the batch axis */
  constructor(dtype: Dtype, rows: number, rowShape: readonly number[]) {
    this.dtype = dtype;
    this.#rowShape = rowShape;
    this.rowLength = rowShape.reduce((product, length) => product * length, 1);
    this.#data = new arrayTypes[dtype](rows * this.rowLength);
  }

  /** Rows [from, to) without copying: what is written to the buffer later shows in it. */
  lend(from: number, to: number): TensorValue {
    const data = this.#data.subarray(from * this.rowLength, to * this.rowLength);
    return { dtype: this.dtype, shape: [to - from, ...this.#rowShape], data };
  }

  /**
   * Writes `values` into a row.
   * @param offset first number within the row to be written
   */
  write(row: number, offset: number, values: TensorData): void {
    const at = row * this.rowLength + offset;
    // Both sides have the dtype that was checked when the package was loaded.
    if (this.#data instanceof BigInt64Array) this.#data.set(values as BigInt64Array, at);
    else this.#data.set(values as Exclude<TensorData, BigInt64Array>, at);
  }

  clear(row: number): void {
    const from = row * this.rowLength;
    if (this.#data instanceof BigInt64Array) this.#data.fill(0n, from, from + this.rowLength);
    else this.#data.fill(0, from, from + this.rowLength);
  }
}
