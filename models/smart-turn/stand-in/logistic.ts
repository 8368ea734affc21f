import { pooledLength, type StandInWeights } from './reference.ts';

/** One clip, judged from `pooledLength` numbers. */
export interface Example {
  readonly voice: number;
  readonly sentence: number;
  /** Whether the turn is over. */
  readonly end: boolean;
  readonly input: Float64Array;
}

export interface Quality {
  /** Share of pairs of an end and a hold in which the end scores higher. */
  readonly auc: number;
  /** Mean of the shares of ends and of holds that are on the right side of 0.5. */
  readonly accuracy: number;
  readonly ends: number;
  readonly holds: number;
}

const steps = 1000;
const rate = 0.5;
/** Pull towards 0, so that 60 numbers of some hundred clips are not learned by heart. */
const decay = 0.1;

/** Logistic regression by gradient descent; ends and holds weigh the same. */
export function fitted(examples: readonly Example[]): StandInWeights {
  const mean = new Float64Array(pooledLength);
  const spread = new Float64Array(pooledLength);
  for (let i = 0; i < pooledLength; i += 1) {
    const column = examples.map(({ input }) => input[i]!);
    mean[i] = column.reduce((sum, x) => sum + x, 0) / column.length;
    const variance = column.reduce((sum, x) => sum + (x - mean[i]!) ** 2, 0) / column.length;
    spread[i] = Math.sqrt(variance) + 1e-6;
  }
  const rows = examples.map(({ input }) => input.map((x, i) => (x - mean[i]!) / spread[i]!));
  const ends = examples.filter(({ end }) => end).length;
  const shares = examples.map(({ end }) => 0.5 / (end ? ends : examples.length - ends));
  const weights = new Float64Array(pooledLength);
  let bias = 0;
  for (let step = 0; step < steps; step += 1) {
    const gradient = weights.map((weight) => decay * weight);
    let biasGradient = 0;
    for (const [index, row] of rows.entries()) {
      let sum = bias;
      for (let i = 0; i < pooledLength; i += 1) sum += weights[i]! * row[i]!;
      const error = 1 / (1 + Math.exp(-sum)) - (examples[index]!.end ? 1 : 0);
      biasGradient += shares[index]! * error;
      for (let i = 0; i < pooledLength; i += 1) {
        gradient[i] = gradient[i]! + shares[index]! * error * row[i]!;
      }
    }
    bias -= rate * biasGradient;
    for (let i = 0; i < pooledLength; i += 1) weights[i] = weights[i]! - rate * gradient[i]!;
  }
  // The graph takes the numbers as they are, so mean and spread go into the weights.
  const plain = weights.map((weight, i) => weight / spread[i]!);
  const offset = plain.reduce((sum, weight, i) => sum - weight * mean[i]!, bias);
  return { bias: rounded(offset), weights: [...plain].map(rounded) };
}

/**
 * Scores every clip of `tested` with weights fitted on clips of `learned` that share neither its
 * voice nor its sentence.
 */
export function crossValidated(learned: readonly Example[], tested: readonly Example[]): Quality {
  const scores: { end: boolean; score: number }[] = [];
  const voices = new Set(tested.map(({ voice }) => voice));
  for (const voice of voices) {
    for (const fold of [0, 1]) {
      const others = learned.filter((x) => x.voice !== voice && x.sentence % 2 !== fold);
      const { bias, weights } = fitted(others);
      for (const { end, input } of tested.filter(
        (x) => x.voice === voice && x.sentence % 2 === fold,
      )) {
        scores.push({ end, score: input.reduce((sum, x, i) => sum + x * weights[i]!, bias) });
      }
    }
  }
  const ends = scores.filter(({ end }) => end).map(({ score }) => score);
  const holds = scores.filter(({ end }) => !end).map(({ score }) => score);
  let wins = 0;
  for (const end of ends) for (const hold of holds) wins += end > hold ? 1 : 0;
  const right =
    ends.filter((score) => score > 0).length / ends.length +
    holds.filter((score) => score <= 0).length / holds.length;
  return {
    auc: wins / (ends.length * holds.length),
    accuracy: right / 2,
    ends: ends.length,
    holds: holds.length,
  };
}

/** Four digits are plenty, and keep the file and the graph small. */
function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
