import { openThread, workerBeside } from '../../shared/thread.ts';
import type { OpenScoringLink, ScoreRequest, ScoringReply } from './scoring-link.ts';

/** Starts the scoring thread. */
export const openThreadLink: OpenScoringLink = (start, { reply, lost }) => {
  const thread = openThread<ScoreRequest | null, ScoringReply>({
    name: 'silero-vad',
    file: workerBeside(import.meta.url),
    data: start,
    endRequest: null,
    message: reply,
    lost,
  });
  return {
    send: (request) => thread.send(request, [request.streamIds.buffer, request.pcm.buffer]),
    end: () => thread.end(),
  };
};
