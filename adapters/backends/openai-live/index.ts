import { pcm24k } from '../../../src/audio/format.ts';
import type { BackendCapabilities, BackendPort } from '../../../src/ports/backend.ts';
import { hostedPort } from '../../shared/hosted-port.ts';
import type { HostedSurroundings } from '../../shared/surroundings.ts';
import { zeroCounters } from './counters.ts';
import type { OpenAiLiveOptions } from './options.ts';
import { OpenAiLiveSession } from './session.ts';
import { connect } from './upstream.ts';

export { openAiLiveOptions, type OpenAiLiveOptions } from './options.ts';

/** What the backend is made with besides its options. */
export interface OpenAiLiveSurroundings extends HostedSurroundings {
  /** From [0, 1), for the time between attempts to open another connection. */
  readonly chance?: () => number;
}

function capabilitiesOf({ delegation }: OpenAiLiveOptions): BackendCapabilities {
  return {
    authorities: ['model'],
    cancel: true,
    truncate: true,
    commit: false,
    promptable: true,
    notes: true,
    reportsTime: true,
    instructions: true,
    seedHistory: 'text',
    appendContext: true,
    outOfBand: false,
    tools: 'asynchronous',
    transcripts: { caller: true, agent: true, wordTimes: false },
    modalities: ['audio'],
    voices: 'any',
    inputFormats: [pcm24k],
    outputFormats: [pcm24k],
    fasterThanRealTime: false,
    // A call outlives the upstream's sessions.
    sessionCapMs: null,
    resumption: false,
    rigid: {
      afterStart: [],
      always: ['maxOutputTokens'],
      perLine: true,
      // A delegation to the app does not say which tool it means.
      ...(delegation.type === 'client' && delegation.tool === undefined ? { mostTools: 1 } : {}),
    },
  };
}

/**
 * OpenAI's full-duplex Live API. See docs/backends/openai-live.md.
 *
 * @param name its name in the configuration
 */
export function openAiLiveBackend(
  name: string,
  options: OpenAiLiveOptions,
  { chance = Math.random, ...surroundings }: OpenAiLiveSurroundings,
): BackendPort {
  const counters = zeroCounters();
  const { recorder = null } = surroundings;
  const { url, connectTimeoutMs: timeoutMs } = options;
  return hostedPort({
    name,
    type: 'openai-live',
    capabilities: capabilitiesOf(options),
    key: options,
    surroundings,
    counters,
    open: async (context, { secret, signal, closed, sessions }) => {
      const upstream = { url, secret, recorder, clock: context.clock, timeoutMs };
      const open = (giveUp: AbortSignal) => connect(upstream, AbortSignal.any([giveUp, closed]));
      const connection = await open(signal);
      const session: OpenAiLiveSession = new OpenAiLiveSession(
        {
          context,
          options,
          counters,
          upstream,
          chance,
          connect: open,
          onClosed: () => sessions.delete(session),
        },
        connection,
      );
      sessions.add(session);
      return session;
    },
  });
}
