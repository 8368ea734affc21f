import type {
  BackendCapabilities,
  BackendPort,
  BackendSession,
} from '../../../src/ports/backend.ts';
import { asCallError, CallError } from '../../../src/ports/errors.ts';
import { readApiKey, type SecretSources } from './api-key.ts';
import { zeroCounters } from './counters.ts';
import { dialects, type Dialect } from './dialects.ts';
import { openUpstream } from './opening.ts';
import type { OpenAiRealtimeOptions } from './options.ts';
import { OpenAiRealtimeSession } from './session.ts';

export { openAiRealtimeOptions, type OpenAiRealtimeOptions } from './options.ts';

/** What is asked of upstreams besides the dialect's own row. */
function capabilitiesOf(dialect: Dialect): BackendCapabilities {
  return {
    authorities: ['gateway', 'backend'],
    cancel: true,
    truncate: dialect.truncate,
    commit: true,
    instructions: true,
    seedHistory: 'text',
    appendContext: true,
    outOfBand: true,
    tools: 'asynchronous',
    transcripts: { caller: true, agent: true, wordTimes: false },
    modalities: ['audio', 'text'],
    voices: 'any',
    inputFormats: dialect.inputFormats,
    outputFormats: dialect.outputFormats,
    fasterThanRealTime: true,
    sessionCapMs: dialect.sessionCapMs,
    resumption: false,
  };
}

/**
 * A hosted model behind the OpenAI Realtime protocol. See docs/backends/openai-realtime.md.
 *
 * @param name its name in the configuration
 * @throws CallError `model_unavailable` when neither options nor dialect say where it is
 */
export function openAiRealtimeBackend(
  name: string,
  options: OpenAiRealtimeOptions,
  secrets: SecretSources,
): BackendPort {
  const dialect = dialects[options.dialect];
  const capabilities = capabilitiesOf(dialect);
  const url = upstreamUrl(name, options, dialect);
  const counters = zeroCounters();
  const sessions = new Set<BackendSession>();
  const closing = new AbortController();

  return {
    name,
    type: 'openai-realtime',
    capabilities,
    prepare: async (signal) => {
      throwIfAborted(signal);
      await readApiKey(options, secrets);
    },
    open: async (context, signal) => {
      try {
        throwIfAborted(signal);
        const secret = await readApiKey(options, secrets);
        throwIfAborted(signal);
        const frame = {
          authority: context.authority,
          inputFormat: context.inputFormat,
          outputFormat: context.outputFormat,
          transcriptionModel: options.transcriptionModel ?? dialect.transcriptionModel,
        };
        const shared = { context, dialect, frame, secret };
        return await openUpstream(
          {
            ...shared,
            url,
            headers: { ...options.headers, ...keyHeader(dialect, secret) },
            timeoutMs: options.connectTimeoutMs,
            signal: AbortSignal.any([signal, closing.signal]),
          },
          (connection, told) => {
            const session: OpenAiRealtimeSession = new OpenAiRealtimeSession({
              ...shared,
              connection,
              told,
              counters,
              onClosed: () => sessions.delete(session),
            });
            sessions.add(session);
            session.seed();
            return session;
          },
        );
      } catch (thrown) {
        counters.opensRefused += 1;
        throw asCallError(thrown, 'backend_refused');
      }
    },
    figures: () => ({ ...counters }),
    close: () => {
      closing.abort(new CallError('backend_closed', 'the backend is being closed'));
      for (const session of [...sessions]) session.close();
      return Promise.resolve();
    },
  };
}

function upstreamUrl(
  name: string,
  { url, model, dialect: dialectName }: OpenAiRealtimeOptions,
  dialect: Dialect,
): string {
  const base = url ?? dialect.url;
  if (base === null) {
    const message = `backend ${name}: the dialect ${dialectName} needs a url`;
    throw new CallError('model_unavailable', message);
  }
  const full = new URL(base);
  full.searchParams.set('model', model);
  return full.href;
}

function keyHeader({ keyHeader: header }: Dialect, secret: string | null): Record<string, string> {
  if (secret === null) return {};
  return header === 'authorization' ? { authorization: `Bearer ${secret}` } : { 'api-key': secret };
}

function throwIfAborted(signal: AbortSignal): void {
  if (!signal.aborted) return;
  throw new CallError('backend_refused', 'opening was given up', { cause: signal.reason });
}
