import type { ItemIds } from './item-ids.ts';
import { requestOf } from './request-id.ts';
import type { ResponseSequencer, SequencerEffect } from './response-sequencer.ts';
import { responseError, type UpstreamError } from './upstream-error.ts';

/** What follows from an error after which the session goes on. */
export function afterError(
  error: UpstreamError,
  sequencer: ResponseSequencer,
  ids: ItemIds,
): readonly SequencerEffect[] {
  const { code, eventId } = error;
  const request = requestOf(eventId);
  if (request?.kind === 'create' || code === 'conversation_already_has_active_response') {
    const lineId = request?.kind === 'create' ? request.subject : null;
    return sequencer.createFailed(lineId, code, responseError(error));
  }
  if (request?.kind === 'cancel' || code === 'response_cancel_not_active') {
    return sequencer.cancelFailed(request?.subject ?? null);
  }
  if (request?.kind === 'commit') ids.commitFailed(request.subject);
  return [];
}
