import { asCallError, CallError } from '../../../../src/ports/errors.ts';
import type { TextToSpeechPort } from '../../../../src/ports/text-to-speech.ts';
import { readApiKey } from '../../../shared/api-key.ts';
import type { HostedSurroundings } from '../../../shared/surroundings.ts';
import { zeroCounters } from './counters.ts';
import type { HostedVoiceOptions } from './options.ts';
import { VoiceSession } from './session.ts';
import type { VoiceKind } from './wire.ts';

/** The port of a voice that is spoken over WebSockets. */
export function voicePort(
  kind: VoiceKind,
  options: HostedVoiceOptions,
  { recorder = null, ...secrets }: HostedSurroundings,
  chance: () => number = Math.random,
): TextToSpeechPort {
  const counters = zeroCounters();
  const sessions = new Set<VoiceSession>();
  let closed = false;

  return {
    type: kind.type,
    capabilities: kind.capabilities,
    prepare: async (signal) => {
      throwIfAborted(signal);
      await readApiKey(options, secrets);
    },
    open: async (context, signal) => {
      try {
        throwIfAborted(signal);
        const secret = await readApiKey(options, secrets);
        throwIfAborted(signal);
        if (closed) throw new CallError('backend_closed', 'the voice is being closed');
        const session: VoiceSession = new VoiceSession({
          kind,
          context,
          options,
          secret,
          recorder,
          counters,
          chance,
          onClosed: () => sessions.delete(session),
        });
        sessions.add(session);
        await openedOrAborted(session, signal);
        return session;
      } catch (thrown) {
        counters.opensRefused += 1;
        throw asCallError(thrown, 'backend_refused');
      }
    },
    figures: () => ({ ...counters, ...recorder?.figures() }),
    close: () => {
      closed = true;
      for (const session of [...sessions]) session.close();
      return Promise.resolve();
    },
  };
}

async function openedOrAborted(session: VoiceSession, signal: AbortSignal): Promise<void> {
  const onAbort = (): void => session.close();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await session.opened;
  } catch (thrown) {
    session.close();
    throw signal.aborted ? asCallError(signal.reason, 'backend_refused') : thrown;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function throwIfAborted(signal: AbortSignal): void {
  if (!signal.aborted) return;
  throw new CallError('backend_refused', 'opening was given up', { cause: signal.reason });
}
