import { ExpressionError, type Expression } from './parse.ts';

/** One step. A step without a target goes on to the next one. */
export type Step =
  | { readonly op: 'char'; readonly test: (char: string) => boolean }
  | { readonly op: 'boundary'; readonly inverted: boolean }
  /** Goes on at both. */
  | { readonly op: 'split'; readonly to: readonly [number, number] }
  | { readonly op: 'jump'; readonly to: number }
  | { readonly op: 'match' };

/** Most steps of one expression (a count): time for a character grows with it, and with nothing else. */
const stepLimit = 2_000;

/** @throws ExpressionError where it becomes too long, or where nothing at all would match it */
export function compileExpression(expression: Expression): readonly Step[] {
  if (leastLength(expression) === 0) throw new ExpressionError('matches nothing at all');
  const steps: Step[] = [];
  emit(expression, steps);
  steps.push({ op: 'match' });
  return steps;
}

function emit(expression: Expression, steps: Step[]): void {
  if (steps.length > stepLimit) throw new ExpressionError('is too long once it is counted out');
  switch (expression.kind) {
    case 'char':
      steps.push({ op: 'char', test: expression.test });
      return;
    case 'boundary':
      steps.push({ op: 'boundary', inverted: expression.inverted });
      return;
    case 'sequence':
      for (const part of expression.parts) emit(part, steps);
      return;
    case 'choice':
      emitChoice(expression.options, steps);
      return;
    case 'repeat':
      emitRepeat(expression, steps);
  }
}

function emitChoice(options: readonly Expression[], steps: Step[]): void {
  const [first, ...rest] = options;
  if (first === undefined) return;
  if (rest.length === 0) {
    emit(first, steps);
    return;
  }
  const split = steps.push({ op: 'match' }) - 1;
  emit(first, steps);
  const jump = steps.push({ op: 'match' }) - 1;
  steps[split] = { op: 'split', to: [split + 1, steps.length] };
  emitChoice(rest, steps);
  steps[jump] = { op: 'jump', to: steps.length };
}

function emitRepeat(
  { part, least, most }: Expression & { readonly kind: 'repeat' },
  steps: Step[],
): void {
  for (let count = 0; count < least; count += 1) emit(part, steps);
  if (most === Infinity) {
    const split = steps.push({ op: 'match' }) - 1;
    emit(part, steps);
    steps.push({ op: 'jump', to: split });
    steps[split] = { op: 'split', to: [split + 1, steps.length] };
    return;
  }
  const splits: number[] = [];
  for (let count = least; count < most; count += 1) {
    splits.push(steps.push({ op: 'match' }) - 1);
    emit(part, steps);
  }
  for (const split of splits) steps[split] = { op: 'split', to: [split + 1, steps.length] };
}

function leastLength(expression: Expression): number {
  switch (expression.kind) {
    case 'char':
      return 1;
    case 'boundary':
      return 0;
    case 'sequence':
      return expression.parts.reduce((sum, part) => sum + leastLength(part), 0);
    case 'choice':
      return Math.min(...expression.options.map(leastLength));
    case 'repeat':
      return expression.least * leastLength(expression.part);
  }
}
