import type { AgentDefinition, CallRoute } from '../ports/agent.ts';
import type { BackendCapabilities, BackendEvent } from '../ports/backend.ts';
import type { ClientCommand } from '../ports/client.ts';
import type { DetectorScore } from '../ports/detector.ts';
import type { EndOfTurnScore } from '../ports/end-of-turn.ts';
import { CallError, type ErrorCode } from '../ports/errors.ts';
import type { CloseReason } from '../ports/events.ts';
import type { ToolDefinition } from '../ports/settings.ts';
import type { ToolManner } from '../ports/tool.ts';
import type { CallLimits } from '../call/options.ts';

/** An error as it is written down. */
export interface NotedError {
  readonly code: ErrorCode;
  readonly message: string;
}

export interface NotedTool {
  readonly definition: ToolDefinition;
  readonly deadlineMs: number;
  readonly manner: Partial<ToolManner> | null;
}

/** What a call was made of, as far as it can be made again. */
export interface NotedOpening {
  readonly in: 'opening';
  readonly version: 1;
  readonly callId: string;
  readonly agent: AgentDefinition;
  readonly route: CallRoute | null;
  readonly limits: CallLimits | null;
  readonly backends: readonly {
    readonly name: string;
    readonly type: string;
    readonly capabilities: BackendCapabilities;
  }[];
  readonly detector: { readonly rateHz: number; readonly frameSamples: number } | null;
  readonly endOfTurn: { readonly rateHz: number } | null;
  readonly tools: readonly NotedTool[];
  /** Parts that cannot be made again: what follows from them will differ. */
  readonly missing: readonly string[];
}

/** Something that came into a call from outside. `n` counts sessions, streams and runs of a kind. */
export type NotedInput =
  | { readonly in: 'id'; readonly prefix: string; readonly id: string }
  | { readonly in: 'attach' }
  | { readonly in: 'roundTrip'; readonly ms: number }
  | { readonly in: 'audio'; readonly bytes: Uint8Array }
  | { readonly in: 'command'; readonly command: ClientCommand }
  | { readonly in: 'handOver'; readonly to: string | null }
  | { readonly in: 'breakBackend' }
  | { readonly in: 'close'; readonly reason: CloseReason }
  | { readonly in: 'opened'; readonly name: string; readonly n: number }
  | { readonly in: 'refused'; readonly name: string; readonly error: NotedError }
  | { readonly in: 'event'; readonly n: number; readonly event: BackendEvent }
  | { readonly in: 'ended'; readonly n: number }
  | { readonly in: 'score'; readonly n: number; readonly score: DetectorScore }
  | { readonly in: 'deaf'; readonly n: number; readonly message: string }
  | { readonly in: 'endOfTurn'; readonly n: number; readonly score: EndOfTurnScore }
  | { readonly in: 'tool'; readonly n: number; readonly text: string }
  | { readonly in: 'toolFailed'; readonly n: number; readonly error: NotedError };

/** With the call time at which it came, ms. */
export type TimedInput = NotedInput & { readonly at: number };

/** Where bytes lie in the file beside the inputs. */
interface BytesPlace {
  readonly $bytes: readonly [offset: number, length: number];
}

/** One line. @param keep takes bytes and says where they are */
export function inputLine(
  input: NotedOpening | TimedInput,
  keep: (bytes: Uint8Array) => number,
): string {
  return JSON.stringify(input, (_key, value: unknown) => {
    if (value instanceof Uint8Array) {
      return { $bytes: [keep(value), value.byteLength] } satisfies BytesPlace;
    }
    if (value instanceof CallError) return { $error: noted(value) };
    return value;
  });
}

/** Reads a line again. @param sounds the file beside the inputs. @throws SyntaxError */
export function readInput(line: string, sounds: Uint8Array): NotedOpening | TimedInput {
  return JSON.parse(line, (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null) return value;
    if ('$bytes' in value) {
      const [offset, length] = (value as BytesPlace).$bytes;
      return sounds.slice(offset, offset + length);
    }
    if ('$error' in value) return errorOf(value.$error as NotedError);
    return value;
  }) as NotedOpening | TimedInput;
}

export function noted(error: CallError): NotedError {
  return { code: error.code, message: error.message };
}

export function errorOf({ code, message }: NotedError): CallError {
  return new CallError(code, message);
}
