import { CallError } from '../ports/errors.ts';
import type { BackendCommand } from '../ports/backend.ts';
import type { Line, LineCause } from '../ports/events.ts';
import type { LineOverrides } from '../ports/settings.ts';

/** Lines beside the one that has the floor, at once (a count). */
export const besideLimit = 16;

/** A line that nobody asked for with a wish of its own. */
export const unasked = {
  requestId: null,
  outOfBand: false,
  overrides: {},
  metadata: null,
} as const;

/** What a line is opened with. */
export interface LineRequest {
  readonly cause: LineCause;
  readonly requestId: string | null;
  readonly outOfBand: boolean;
  readonly overrides: LineOverrides;
  readonly metadata: Readonly<Record<string, string>> | null;
  /** What the line says, word for word; absent: the backend decides. */
  readonly words?: string;
}

/**
 * @param active the line that has the floor
 * @throws CallError when the floor is taken, or too many lines run beside it
 */
export function checkRoom(
  { outOfBand }: LineRequest,
  active: Line | null,
  openLines: number,
): void {
  if (!outOfBand && active !== null) {
    throw new CallError(
      'conversation_already_has_active_response',
      `Conversation already has an active response in progress: ${active.lineId}`,
    );
  }
  if (outOfBand && openLines > besideLimit) {
    throw new CallError('queue_overflow', 'too many responses at once');
  }
}

/** The line that a request makes. @param at its place in the call, were it in band */
export function newLine(
  { outOfBand, overrides, cause, requestId, metadata }: LineRequest,
  lineId: string,
  at: Pick<Line, 'epoch' | 'itemId' | 'modality' | 'previousItemId'>,
): Line {
  return {
    lineId,
    cause,
    requestId,
    epoch: outOfBand ? null : at.epoch,
    modality: overrides.modality ?? at.modality,
    overrides,
    metadata,
    itemId: at.itemId,
    previousItemId: outOfBand ? null : at.previousItemId,
  };
}

/** What a request to the backend has only where there is such a thing. */
export function respondExtras(
  { words }: LineRequest,
  speculationId: number | undefined,
): Pick<BackendCommand & { readonly type: 'respond' }, 'speculationId' | 'words'> {
  return {
    ...(speculationId === undefined ? {} : { speculationId }),
    ...(words === undefined ? {} : { words }),
  };
}
