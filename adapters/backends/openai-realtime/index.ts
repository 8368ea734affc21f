import type { BackendCapabilities, BackendPort } from '../../../src/ports/backend.ts';
import { CallError } from '../../../src/ports/errors.ts';
import { hostedPort } from '../../shared/hosted-port.ts';
import type { HostedSurroundings } from '../../shared/surroundings.ts';
import { zeroCounters } from './counters.ts';
import { dialects, type Dialect } from './dialects.ts';
import { openUpstream } from './opening.ts';
import type { OpenAiRealtimeOptions } from './options.ts';
import { OpenAiRealtimeSession } from './session.ts';

export { openAiRealtimeOptions, type OpenAiRealtimeOptions } from './options.ts';

/** What the backend is made with besides its options. */
export interface OpenAiSurroundings extends HostedSurroundings {
  /** From [0, 1), for the time between attempts to open another connection. */
  readonly chance?: () => number;
}

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
    outOfBand: dialect.outOfBand,
    tools: 'asynchronous',
    ...(dialect.runsMcp ? { toolServers: true } : {}),
    transcripts: { caller: true, agent: true, wordTimes: false },
    modalities: dialect.modalities,
    voices: 'any',
    inputFormats: dialect.inputFormats,
    outputFormats: dialect.outputFormats,
    fasterThanRealTime: true,
    // A session outlives its connections.
    sessionCapMs: null,
    resumption: false,
    standby: true,
    ...(dialect.rigid === null ? {} : { rigid: dialect.rigid }),
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
  { chance = Math.random, ...surroundings }: OpenAiSurroundings,
): BackendPort {
  const dialect = dialects[options.dialect];
  const capabilities = capabilitiesOf(dialect);
  const url = upstreamUrl(name, options, dialect);
  const counters = zeroCounters();
  const { recorder = null } = surroundings;

  return hostedPort({
    name,
    type: 'openai-realtime',
    capabilities,
    key: options,
    surroundings,
    counters,
    open: async (context, { secret, signal, closed, sessions }) => {
      const frame = {
        authority: context.authority,
        inputFormat: context.inputFormat,
        outputFormat: context.outputFormat,
        transcriptionModel: options.transcriptionModel ?? dialect.transcriptionModel,
      };
      const shared = { context, dialect, frame, secret, recorder };
      const headers = { ...options.headers, ...keyHeader(dialect, secret) };
      const opener = { ...shared, url, headers, timeoutMs: options.connectTimeoutMs };
      return await openUpstream(
        { ...opener, signal: AbortSignal.any([signal, closed]) },
        (connection, told) => {
          const session: OpenAiRealtimeSession = new OpenAiRealtimeSession({
            ...shared,
            connection,
            told,
            counters,
            connectionLimitMs: options.connectionLimitMs ?? dialect.sessionCapMs,
            reopen: (settings, ended, take) =>
              openUpstream(
                { ...opener, context: { ...context, settings }, signal: ended },
                (next, nextTold) => take({ connection: next, told: nextTold }),
              ),
            chance,
            onClosed: () => sessions.delete(session),
          });
          sessions.add(session);
          session.seed(context.seed?.items ?? []);
          return session;
        },
      );
    },
  });
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
  for (const [key, value] of Object.entries(dialect.query)) {
    if (!full.searchParams.has(key)) full.searchParams.set(key, value);
  }
  full.searchParams.set('model', model);
  return full.href;
}

function keyHeader({ key }: Dialect, secret: string | null): Record<string, string> {
  if (secret === null) return {};
  switch (key) {
    case 'bearer':
      return { authorization: `Bearer ${secret}` };
    case 'basic':
      return { authorization: `Basic ${secret}` };
    case 'api-key':
      return { 'api-key': secret };
  }
}
