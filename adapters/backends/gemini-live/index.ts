import { pcm16k, pcm24k } from '../../../src/audio/format.ts';
import type {
  BackendCapabilities,
  BackendContext,
  BackendPort,
  BackendSession,
} from '../../../src/ports/backend.ts';
import { hostedPort, type HostedOpening } from '../../shared/hosted-port.ts';
import type { HostedSurroundings } from '../../shared/surroundings.ts';
import { addressOf } from './address.ts';
import { zeroCounters } from './counters.ts';
import { familyOf } from './families.ts';
import { Memory } from './memory.ts';
import { openConnection, type Opening } from './opening.ts';
import type { GeminiLiveOptions } from './options.ts';
import { GeminiLiveSession } from './session.ts';
import { connectionSetup, toolBehavior, wireSetup, type SetupFrame } from './setup.ts';
import { voices } from './voices.ts';

export { geminiLiveOptions, type GeminiLiveOptions } from './options.ts';

/** Without compression of the context a session of audio ends after this, ms. */
const uncompressedCapMs = 15 * 60_000;

function capabilitiesOf(frame: Omit<SetupFrame, 'authority'>): BackendCapabilities {
  const { options } = frame;
  const behavior = toolBehavior({ ...frame, authority: 'gateway' });
  return {
    authorities: ['gateway', 'backend'],
    cancel: true,
    truncate: false,
    commit: true,
    callerFloor: true,
    instructions: true,
    seedHistory: 'text',
    appendContext: true,
    outOfBand: false,
    tools: behavior === 'BLOCKING' ? 'blocking' : 'asynchronous',
    transcripts: { caller: true, agent: true, wordTimes: false },
    modalities: ['audio'],
    // The configured one is what a call starts with where its agent names none.
    voices: [options.voice, ...voices.filter((voice) => voice !== options.voice)],
    inputFormats: [pcm16k],
    outputFormats: [pcm24k],
    fasterThanRealTime: true,
    sessionCapMs: options.compression === false ? uncompressedCapMs : null,
    resumption: true,
    standby: true,
    rigid: { afterStart: [], always: ['toolChoice'], perLine: false },
  };
}

/**
 * A hosted model behind the Gemini Live protocol. See docs/backends/gemini-live.md.
 *
 * @param name its name in the configuration
 * @param chance from [0, 1), for the time between attempts to connect
 */
export function geminiLiveBackend(
  name: string,
  options: GeminiLiveOptions,
  { chance, ...surroundings }: HostedSurroundings & { readonly chance: () => number },
): BackendPort {
  const family = familyOf(options.model);
  const capabilities = capabilitiesOf({ options, family });
  const counters = zeroCounters();
  const { recorder = null } = surroundings;

  const open = async (
    context: BackendContext,
    { secret, signal, closed, sessions }: HostedOpening,
  ): Promise<BackendSession> => {
    const frame: SetupFrame = { options, family, authority: context.authority };
    const memory = new Memory();
    counters.itemsSkipped += memory.seed(context.seed?.items ?? []);
    const setup = wireSetup(context.settings, frame);
    const expected = context.ahead === true || memory.turns.length > 0;
    const announcesHistory = family.initialHistory && expected;
    const address = addressOf(options, secret);
    const opened = Promise.withResolvers<BackendSession>();
    const take = (opening: Opening): void => {
      if (!opening.ok) {
        opened.reject(opening.loss.error);
        return;
      }
      const session: GeminiLiveSession = new GeminiLiveSession(opening.connection, {
        context,
        frame,
        memory,
        setup,
        counters,
        secret,
        recorder,
        address,
        connectTimeoutMs: options.connectTimeoutMs,
        connectionLimitMs: options.connectionLimitMs,
        chance,
        onClosed: () => sessions.delete(session),
      });
      sessions.add(session);
      opened.resolve(session);
    };
    openConnection(
      {
        address,
        secret,
        recorder,
        setup: connectionSetup(setup, { handle: null, announcesHistory }),
        clock: context.clock,
        timeoutMs: options.connectTimeoutMs,
        signal: AbortSignal.any([signal, closed]),
      },
      take,
    );
    return await opened.promise;
  };

  return hostedPort({
    name,
    type: 'gemini-live',
    capabilities,
    key: options,
    surroundings,
    counters,
    open,
  });
}
