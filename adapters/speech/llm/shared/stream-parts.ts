import { CallError } from '../../../../src/ports/errors.ts';
import type { ModelEvent, ModelUsage } from '../../../../src/ports/language-model.ts';
import { errorText } from '../../../shared/http-refusal.ts';
import { withoutSecrets } from '../../../shared/secrets.ts';
import type { ProviderModel } from './prompt.ts';

type StreamResult = Awaited<ReturnType<ProviderModel['doStream']>>;
/** What the provider library makes of an answer, piece by piece. */
export type StreamPart = StreamResult['stream'] extends ReadableStream<infer Part> ? Part : never;

type FinishPart = Extract<StreamPart, { readonly type: 'finish' }>;

/** What has come of an answer. */
export interface AnswerSoFar {
  readonly hasText: boolean;
  readonly hasToolCall: boolean;
}

export const nothingYet: AnswerSoFar = { hasText: false, hasToolCall: false };

/**
 * Events of one part. What a model thinks, its sources and files are nothing to say.
 *
 * @throws CallError with the server's words where it reports a fault in the middle, or ends without
 * having said anything
 */
export function eventOf(
  part: StreamPart,
  soFar: AnswerSoFar,
  secret: string | null,
): ModelEvent | null {
  if (part.type === 'error') throw faultOf(part.error, secret);
  if (part.type === 'text-delta') {
    return part.delta === '' ? null : { type: 'text', delta: part.delta };
  }
  if (part.type === 'tool-call') {
    const { toolCallId, toolName: name, input } = part;
    // A call without arguments is written as nothing by some.
    const written = input.trim() === '' ? '{}' : input;
    return { type: 'tool_call', call: { toolCallId, name, arguments: written } };
  }
  if (part.type !== 'finish') return null;
  return { type: 'done', finish: finishOf(part, soFar), usage: usageOf(part) };
}

export function stepSoFar(soFar: AnswerSoFar, event: ModelEvent | null): AnswerSoFar {
  if (event?.type === 'text') return { ...soFar, hasText: true };
  if (event?.type === 'tool_call') return { ...soFar, hasToolCall: true };
  return soFar;
}

/** That there are tool calls decides: `stop` is said with them by several local servers. */
function finishOf(
  { finishReason }: FinishPart,
  { hasText, hasToolCall }: AnswerSoFar,
): Extract<ModelEvent, { type: 'done' }>['finish'] {
  const { unified, raw } = finishReason;
  if (hasToolCall) return 'tool_calls';
  if (unified === 'length') return 'length';
  if (unified === 'content-filter') return 'content_filter';
  // Whole, and with a reason that we do not know or none at all: what it said counts.
  if (hasText || raw !== undefined) return 'stop';
  throw new CallError('backend_protocol', 'the upstream ended without an answer');
}

function usageOf({ usage }: FinishPart): ModelUsage | null {
  const inputTokens = usage.inputTokens.total ?? null;
  const inputCachedTokens = usage.inputTokens.cacheRead ?? null;
  const outputTokens = usage.outputTokens.total ?? null;
  if (inputTokens === null && outputTokens === null) return null;
  return { inputTokens, inputCachedTokens, outputTokens };
}

/** How the library calls a stream without a `finish_reason`: orderly or not, something is missing. */
const endedEarly = 'AI_InvalidResponseDataError';

/** A fault in the middle of an answer: the server's own words where it has any. */
function faultOf(error: unknown, secret: string | null): CallError {
  const ours = callErrorIn(error);
  if (ours !== null) return ours;
  if (error instanceof Error && error.name === endedEarly) {
    return new CallError('backend_closed', 'the upstream ended without saying that it is done');
  }
  const said = withoutSecrets(wordsOf(error), secret);
  return said === ''
    ? new CallError('backend_protocol', 'the upstream sent something that is no answer')
    : new CallError('backend_refused', `the upstream failed (${said})`);
}

/** What did not fit the library's idea of an error is kept by it as `value`. */
function wordsOf(error: unknown): string {
  if (typeof error === 'string') return error;
  if (!(error instanceof Error)) return errorText(error);
  return 'value' in error ? errorText(error.value) : '';
}

/** The error that we threw, from under those that the library put around it. */
export function callErrorIn(thrown: unknown): CallError | null {
  let inner: unknown = thrown;
  for (let depth = 0; depth < 8 && inner instanceof Error; depth += 1) {
    if (inner instanceof CallError) return inner;
    inner = inner.cause;
  }
  return null;
}
