/**
 * What a model is told in place of a tool's result. Sentences, because a model speaks them on
 * better than codes; they name the tool as the model named it and nothing of its arguments.
 */

/** The model asked for a tool that neither Parley nor the client has. */
export function unknownToolText(name: string): string {
  return `There is no tool named "${name}". Go on without it.`;
}

/**
 * The tool threw.
 *
 * @param reason text that may be shown to callers, or `null` where nothing may
 */
export function failedToolText(name: string, reason: string | null): string {
  const why = reason === null ? '' : ` (${reason})`;
  return `The tool "${name}" failed${why}. Nothing is known of its result.`;
}

/** The tool did not answer in time. It may still have had an effect, and the model must know. */
export function timedOutToolText(name: string, deadlineMs: number): string {
  const seconds = Math.round(deadlineMs / 100) / 10;
  return `The tool "${name}" did not answer within ${seconds} s. It may or may not have taken effect.`;
}

/** Too much runs at once for one more. */
export function tooManyCallsText(name: string): string {
  return `The tool "${name}" was not run: too many tools are running at once.`;
}

/** The result is longer than what is passed on; half of it could mislead. */
export function tooLongResultText(name: string, limitChars: number): string {
  return `The tool "${name}" ran, but its result was longer than ${limitChars} characters and was not kept.`;
}
