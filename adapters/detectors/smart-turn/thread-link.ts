import { openThread, workerBeside } from '../../shared/thread.ts';
import type { OpenTurnLink, TurnEnd, TurnReply, TurnRequest } from './turn-link.ts';

/** Starts the scoring thread. */
export const openThreadLink: OpenTurnLink = (start, { reply, lost }) => {
  const thread = openThread<TurnRequest | TurnEnd, TurnReply>({
    name: 'smart-turn',
    file: workerBeside(import.meta.url),
    data: start,
    endRequest: { type: 'end' },
    message: reply,
    lost,
  });
  return {
    send: (request) => thread.send(request, [request.pcm.buffer]),
    end: () => thread.end(),
  };
};
