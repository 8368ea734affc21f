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

/** It was not run. @param reason what is wrong with the request */
export function refusedToolText(name: string, reason: string): string {
  return `The tool "${name}" was not run: ${reason}`;
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

/** It runs on; its result comes in a message of its own. */
export function startedToolText(name: string): string {
  return (
    `The tool "${name}" has started and is still running. Its result comes later, in a message of ` +
    'its own. Go on with the conversation and do not guess the result.'
  );
}

/** The caller interrupted the agent, and the tool was one that stops then. */
export function cancelledToolText(name: string): string {
  return `The tool "${name}" was stopped because the caller interrupted. Nothing is known of its result.`;
}

/** The same request came before, and it is not known whether it took effect. */
export function alreadyAskedText(name: string): string {
  return (
    `The tool "${name}" was already asked for this and may have taken effect. It was not run again; ` +
    'ask the caller before you try once more.'
  );
}

/** A result that comes after the model was told to go on without it. */
export function lateResultText(name: string, output: string): string {
  return `The tool "${name}", which was asked earlier, has brought this: ${output}`;
}
