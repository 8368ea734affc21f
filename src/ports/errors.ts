/**
 * Every way in which Parley says no, with what a socket or an HTTP answer makes of it.
 * Codes are contract: they are never renamed. `closeCode` is the WebSocket close code of an error
 * that ends the call, `null` where the call goes on. OpenAI's own codes keep OpenAI's spelling.
 */
export const errorTable = {
  // What the client did.
  invalid_json: { httpStatus: 400, closeCode: null, retryable: false },
  invalid_event: { httpStatus: 400, closeCode: null, retryable: false },
  invalid_value: { httpStatus: 400, closeCode: null, retryable: false },
  invalid_audio: { httpStatus: 400, closeCode: null, retryable: false },
  item_not_found: { httpStatus: 404, closeCode: null, retryable: false },
  item_exists: { httpStatus: 409, closeCode: null, retryable: false },
  input_audio_buffer_commit_empty: { httpStatus: 400, closeCode: null, retryable: false },
  conversation_already_has_active_response: { httpStatus: 409, closeCode: null, retryable: true },
  response_cancel_not_active: { httpStatus: 409, closeCode: null, retryable: false },
  unsupported_content_type: { httpStatus: 400, closeCode: null, retryable: false },
  audio_already_shorter: { httpStatus: 400, closeCode: null, retryable: false },
  cannot_update_voice: { httpStatus: 409, closeCode: null, retryable: false },
  tool_call_not_found: { httpStatus: 404, closeCode: null, retryable: false },
  unsupported_by_backend: { httpStatus: 400, closeCode: null, retryable: false },
  too_many_invalid_events: { httpStatus: 400, closeCode: 1008, retryable: false },
  message_too_large: { httpStatus: 413, closeCode: 1009, retryable: false },
  audio_too_fast: { httpStatus: 429, closeCode: 1008, retryable: false },
  rate_limit_exceeded: { httpStatus: 429, closeCode: 1008, retryable: true },
  slow_reader: { httpStatus: 429, closeCode: 1013, retryable: true },
  unresponsive_client: { httpStatus: 408, closeCode: 1006, retryable: true },
  beta_api_shape_disabled: { httpStatus: 400, closeCode: 4000, retryable: false },
  // Who may do what.
  invalid_api_key: { httpStatus: 401, closeCode: 1008, retryable: false },
  agent_forbidden: { httpStatus: 403, closeCode: 1008, retryable: false },
  override_forbidden: { httpStatus: 403, closeCode: null, retryable: false },
  origin_forbidden: { httpStatus: 403, closeCode: 1008, retryable: false },
  agent_not_found: { httpStatus: 404, closeCode: 1008, retryable: false },
  not_found: { httpStatus: 404, closeCode: null, retryable: false },
  too_many_calls: { httpStatus: 429, closeCode: 1013, retryable: true },
  server_full: { httpStatus: 503, closeCode: 1013, retryable: true },
  server_draining: { httpStatus: 503, closeCode: 1012, retryable: true },
  spend_limit: { httpStatus: 429, closeCode: 1008, retryable: true },
  session_expired: { httpStatus: 408, closeCode: 1001, retryable: true },
  // What went wrong on our side or upstream.
  backend_refused: { httpStatus: 502, closeCode: 1011, retryable: true },
  backend_closed: { httpStatus: 502, closeCode: 1011, retryable: true },
  backend_stalled: { httpStatus: 504, closeCode: 1011, retryable: true },
  backend_protocol: { httpStatus: 502, closeCode: 1011, retryable: true },
  backend_overloaded: { httpStatus: 503, closeCode: 1011, retryable: true },
  model_unavailable: { httpStatus: 503, closeCode: 1011, retryable: true },
  detector_failed: { httpStatus: 500, closeCode: null, retryable: true },
  listener_failed: { httpStatus: 500, closeCode: null, retryable: true },
  tool_failed: { httpStatus: 500, closeCode: null, retryable: true },
  queue_overflow: { httpStatus: 503, closeCode: 1011, retryable: true },
  internal_error: { httpStatus: 500, closeCode: 1011, retryable: false },
} as const satisfies Record<
  string,
  { httpStatus: number; closeCode: number | null; retryable: boolean }
>;

export type ErrorCode = keyof typeof errorTable;

export interface CallErrorOptions {
  /** Which part of the request was wrong, in the words of whoever sent it (a path). */
  readonly param?: string;
  /** When it is worth trying again, where that is known, s. */
  readonly retryAfterS?: number;
  readonly cause?: unknown;
}

/**
 * The one error type that crosses module borders. Its message is shown to clients and written to
 * logs: it never holds audio, transcripts, keys or tool arguments.
 */
export class CallError extends Error {
  readonly code: ErrorCode;
  readonly param: string | undefined;
  readonly retryAfterS: number | undefined;

  constructor(code: ErrorCode, message: string, options: CallErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.param = options.param;
    this.retryAfterS = options.retryAfterS;
  }

  /** Whether trying the same again later can succeed. */
  get retryable(): boolean {
    return errorTable[this.code].retryable;
  }

  /** WebSocket close code when this error ends a call; `null` when the call goes on. */
  get closeCode(): number | null {
    return errorTable[this.code].closeCode;
  }

  get httpStatus(): number {
    return errorTable[this.code].httpStatus;
  }
}

/** Turns anything that was thrown into a `CallError`; what is one already passes through. */
export function asCallError(thrown: unknown, code: ErrorCode = 'internal_error'): CallError {
  if (thrown instanceof CallError) return thrown;
  const message = thrown instanceof Error ? thrown.message : 'unknown failure';
  return new CallError(code, message, { cause: thrown });
}
