import type { FrameMark, PackageManifest, SlotValue } from './manifest.ts';
import type { TensorData, TensorValue } from './tensor.ts';

/** A word of the agent's with its place, samples from the first of the frame it came with. */
export interface FrameWord {
  readonly text: string;
  readonly startSample: number;
  readonly endSample: number;
}

/** A tool that the model asks for. */
export interface FrameCall {
  readonly name: string;
  /** Values by slot; those that are not set are left out. */
  readonly arguments: Readonly<Record<string, SlotValue>>;
}

/** What a model says of one frame besides its sound. */
export interface FrameOutput {
  readonly mark: FrameMark | null;
  readonly text: string | null;
  /** Times of the words in `text`; `null` where the package tells none. */
  readonly words: readonly FrameWord[] | null;
  /** What it has understood, by slot; `null` where the package has no slots. */
  readonly slots: Readonly<Record<string, SlotValue>> | null;
  readonly call: FrameCall | null;
}

/** Outputs of one step that are not the audio, of all rows. */
export interface StepOutputs {
  readonly text: TensorValue | null;
  readonly events: TensorValue | null;
  readonly word_times: TensorValue | null;
  readonly slots: TensorValue | null;
  readonly calls: TensorValue | null;
}

/** Reads the numbers of one row by what the manifest says they mean. */
export class FrameReader {
  readonly #streams: PackageManifest['streams'];
  readonly #vocabulary: readonly string[];

  /** @param vocabulary words of the text stream by token id */
  constructor({ streams }: PackageManifest, vocabulary: readonly string[]) {
    this.#streams = streams;
    this.#vocabulary = vocabulary;
  }

  /** @param row counted from the first of the step's span */
  read(outputs: StepOutputs, row: number): FrameOutput {
    const numbers = (value: TensorValue | null): readonly number[] =>
      value === null ? [] : Array.from(rowOf(value, row), Number);
    const { text, words } = this.#words(
      numbers(outputs.text),
      outputs.word_times === null ? null : numbers(outputs.word_times),
    );
    const slots = outputs.slots === null ? null : this.#slots(numbers(outputs.slots));
    return {
      mark: this.#streams.events?.marks[numbers(outputs.events)[0] ?? 0] ?? null,
      text,
      words,
      slots,
      call: this.#call(numbers(outputs.calls)[0] ?? 0, slots ?? {}),
    };
  }

  #words(
    tokens: readonly number[],
    times: readonly number[] | null,
  ): Pick<FrameOutput, 'text' | 'words'> {
    const silent = this.#streams.text?.silent ?? [];
    const words: FrameWord[] = [];
    let text = '';
    for (const [place, token] of tokens.entries()) {
      const piece = silent.includes(token) ? '' : (this.#vocabulary[token] ?? '');
      if (piece === '') continue;
      text += piece;
      const [startSample = 0, endSample = 0] = times?.slice(place * 2) ?? [];
      words.push({ text: piece.trim(), startSample, endSample });
    }
    return { text: text === '' ? null : text, words: times === null || text === '' ? null : words };
  }

  #slots(numbers: readonly number[]): Readonly<Record<string, SlotValue>> {
    const slots = this.#streams.slots ?? [];
    return Object.fromEntries(
      slots.flatMap(({ name, values }, place) => {
        const value = values[(numbers[place] ?? 0) - 1];
        return value === undefined ? [] : [[name, value]];
      }),
    );
  }

  #call(number: number, slots: Readonly<Record<string, SlotValue>>): FrameCall | null {
    const call = this.#streams.tools?.calls[number] ?? null;
    if (call === null) return null;
    const given = Object.entries(slots).filter(([name]) => call.arguments.includes(name));
    return { name: call.name, arguments: Object.fromEntries(given) };
  }
}

/** One row's numbers of a result, as a view. */
export function rowOf({ data, shape }: TensorValue, row: number): TensorData {
  const length = data.length / (shape[0] ?? 1);
  return data.subarray(row * length, (row + 1) * length);
}
