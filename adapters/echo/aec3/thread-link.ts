import { openThread, workerBeside } from '../../shared/thread.ts';
import type { EchoReply, EchoRequest, OpenEchoLink } from './link.ts';

/** Starts the thread. */
export const openThreadLink: OpenEchoLink = ({ reply, lost }) => {
  const thread = openThread<EchoRequest, EchoReply>({
    name: 'aec3',
    file: workerBeside(import.meta.url),
    message: reply,
    lost,
  });
  return {
    send: (request) => thread.send(request, 'pcm' in request ? [request.pcm.buffer] : []),
    end: () => thread.end(),
  };
};
