import { pcm16k } from '../../../src/audio/format.ts';
import type { BackendCapabilities, BackendPort } from '../../../src/ports/backend.ts';
import { hostedPort } from '../../shared/hosted-port.ts';
import type { Connection } from '../../shared/connection.ts';
import type { HostedSurroundings } from '../../shared/surroundings.ts';
import { zeroCounters } from './counters.ts';
import { openUpstream } from './opening.ts';
import type { HydraOptions } from './options.ts';
import { HydraSession } from './session.ts';
import { outputRateHz } from './setup.ts';
import { voicesOf } from './voices.ts';

export { hydraOptions, type HydraOptions } from './options.ts';

function capabilitiesOf({ model, voice }: HydraOptions): BackendCapabilities {
  return {
    // Its detection cannot be switched off.
    authorities: ['backend'],
    cancel: true,
    truncate: false,
    // An answer can be asked for; turns are never ours to commit under this authority.
    commit: true,
    instructions: true,
    seedHistory: 'none',
    appendContext: false,
    outOfBand: false,
    tools: 'blocking',
    transcripts: { caller: false, agent: false, wordTimes: false },
    modalities: ['audio'],
    voices: voicesOf(model, voice),
    inputFormats: [pcm16k],
    outputFormats: [{ codec: 'pcm16', rateHz: outputRateHz }],
    fasterThanRealTime: false,
    sessionCapMs: null,
    resumption: false,
    // Nothing can be told to it, early or late.
    standby: true,
    rigid: {
      afterStart: ['instructions', 'voice'],
      always: ['toolChoice', 'maxOutputTokens', 'turnDetection'],
      perLine: true,
    },
  };
}

/**
 * Smallest.ai's Hydra, a hosted speech-to-speech model. See docs/backends/hydra.md.
 *
 * @param name its name in the configuration
 * @throws CallError `model_unavailable` when the model has no such voice
 */
export function hydraBackend(
  name: string,
  options: HydraOptions,
  surroundings: HostedSurroundings,
): BackendPort {
  const capabilities = capabilitiesOf(options);
  const counters = zeroCounters();
  const { recorder = null } = surroundings;
  const { connectTimeoutMs: timeoutMs, toolSettleMs, voice = null } = options;

  return hostedPort({
    name,
    type: 'hydra',
    capabilities,
    key: options,
    surroundings,
    counters,
    open: async (context, { secret, signal, closed, sessions }) => {
      const { clock, log } = context;
      const connect = <T>(giveUp: AbortSignal, take: (connection: Connection) => T): Promise<T> => {
        const either = AbortSignal.any([giveUp, closed]);
        const url = upstreamUrl(options, secret);
        const shared = { url, secret, recorder, clock, log, counters, timeoutMs };
        return openUpstream({ ...shared, signal: either }, take);
      };
      return await connect(signal, (connection) => {
        const session: HydraSession = new HydraSession(connection, {
          context,
          secret,
          counters,
          defaultVoice: voice,
          timeoutMs,
          toolSettleMs,
          reconnect: connect,
          onClosed: () => sessions.delete(session),
        });
        sessions.add(session);
        return session;
      });
    },
  });
}

/** The vendor takes its key in the query: this text must not leave the connection. */
function upstreamUrl({ url, model }: HydraOptions, secret: string | null): string {
  const full = new URL(url);
  full.searchParams.set('model', model);
  if (secret !== null) full.searchParams.set('api_key', secret);
  return full.href;
}
