import { asCallError, CallError } from '../../../../src/ports/errors.ts';
import type {
  SpeechToTextContext,
  SpeechToTextPort,
  SpeechToTextSession,
} from '../../../../src/ports/speech-to-text.ts';
import { readApiKey, type ApiKeyReference } from '../../../shared/api-key.ts';
import type { SpeechSurroundings } from '../../../shared/surroundings.ts';
import { zeroSttCounters } from './counters.ts';
import type { SttDialect } from './dialect.ts';
import { LiveSession } from './live-session.ts';
import { openWire, type Opened, type Refusal } from './opening.ts';

/** What the options of every recogniser over a WebSocket have; see `sessionLimits`. */
export interface HostedSttOptions extends ApiKeyReference {
  readonly finalTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly replayMs: number;
  readonly connectionLimitMs?: number | undefined;
}

/** Surroundings, and chance where tests want none: from [0, 1), for the time between attempts. */
export type SttSurroundings = SpeechSurroundings & { readonly chance?: () => number };

/** A recogniser over a WebSocket, whatever its protocol. */
export function hostedStt(
  dialect: SttDialect,
  options: HostedSttOptions,
  { chance = Math.random, recorder = null, ...secrets }: SttSurroundings,
): SpeechToTextPort {
  const counters = zeroSttCounters();
  const sessions = new Set<SpeechToTextSession>();
  const closing = new AbortController();
  const { connectTimeoutMs: timeoutMs, finalTimeoutMs, replayMs } = options;
  const capMs = options.connectionLimitMs ?? dialect.capabilities.sessionCapMs;
  const rollover = {
    capMs,
    leadMs: Math.min(60_000, (capMs ?? Infinity) / 5),
    marginMs: Math.min(5000, (capMs ?? Infinity) / 20),
    attempts: 5,
    againAfterMs: { first: 250, most: 4000 },
  };

  return {
    type: dialect.type,
    capabilities: dialect.capabilities,
    prepare: async (signal) => {
      throwIfAborted(signal);
      await readApiKey(options, secrets);
    },
    open: async (context, signal) => {
      try {
        throwIfAborted(signal);
        const secret = await readApiKey(options, secrets);
        throwIfAborted(signal);
        const connect = connector(context, secret);
        const { promise, resolve, reject } = Promise.withResolvers<SpeechToTextSession>();
        connect(signal, (result) => {
          if ('error' in result) {
            reject(result.error);
            return;
          }
          const session: LiveSession = new LiveSession(result, {
            dialect,
            context,
            counters,
            finalTimeoutMs,
            replayMs,
            rollover,
            connect,
            chance,
            onClosed: () => sessions.delete(session),
          });
          sessions.add(session);
          resolve(session);
        });
        return await promise;
      } catch (thrown) {
        counters.opensRefused += 1;
        throw asCallError(thrown, 'backend_refused');
      }
    },
    figures: () => ({ ...counters, ...recorder?.figures() }),
    close: () => {
      closing.abort(new CallError('backend_closed', 'the recogniser is being closed'));
      for (const session of [...sessions]) session.close();
      return Promise.resolve();
    },
  };

  function connector(context: SpeechToTextContext, secret: string | null) {
    return (signal: AbortSignal, done: (result: Opened | Refusal) => void): void => {
      const { clock } = context;
      const either = AbortSignal.any([signal, closing.signal]);
      const shared = { dialect, context, secret, recorder, clock, timeoutMs };
      openWire({ ...shared, signal: either }, done);
    };
  }
}

export function throwIfAborted(signal: AbortSignal): void {
  if (!signal.aborted) return;
  throw new CallError('backend_refused', 'opening was given up', { cause: signal.reason });
}
