import { startLiveStandIn } from '../../test/upstream/live/server.ts';
import { Cable } from './cable.ts';
import { toolName } from './script.ts';
import { firstAudioMs, keyName, type Upstream } from './upstream.ts';
import type { SayRule } from '../../test/upstream/said.ts';

/** A model without turns, of which the caller is never told when it answers: it hears when she is done. */
export async function live(rule: SayRule): Promise<Upstream> {
  const standIn = await startLiveStandIn({
    firstAudioMs,
    callerText: 'counted',
    answers: [{ rule }],
  });
  const cable = await Cable.lay(standIn.port);
  return {
    backend: {
      type: 'openai-live',
      url: `ws://127.0.0.1:${cable.port}/v1/live/sessions`,
      apiKeyEnv: keyName,
      delegation: { type: 'client', tool: toolName },
    },
    cables: [cable],
    hangUp: () => {
      for (const session of standIn.sessions) session.hangUp(1011, 'internal error');
    },
    close: () => standIn.close(),
  };
}
