import { asCallError, CallError } from '../../../../src/ports/errors.ts';
import type {
  LanguageModelPort,
  ModelEvent,
  ModelRequest,
} from '../../../../src/ports/language-model.ts';
import type { Clock } from '../../../../src/time/clock.ts';
import { readApiKey, type ApiKeyReference } from '../../../shared/api-key.ts';
import { HttpClient } from '../../../shared/http-client.ts';
import { HttpRefusal } from '../../../shared/http-refusal.ts';
import type { SpeechSurroundings } from '../../../shared/surroundings.ts';
import { ModelAnswer } from './answer.ts';
import { countEvent, zeroCounters } from './counters.ts';
import { Deadlines, type DeadlineOptions } from './deadlines.ts';
import { callOptions, type PromptStyle, type ProviderModel } from './prompt.ts';
import { providerFetch, type FetchContexts } from './provider-fetch.ts';
import { callErrorIn, eventOf, nothingYet, stepSoFar, type StreamPart } from './stream-parts.ts';

/** Options that every hosted model has. */
export interface HostedModelOptions extends ApiKeyReference {
  readonly model: string;
  readonly temperature?: number | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly timeouts: DeadlineOptions & { readonly connectMs: number };
  readonly probe: boolean;
  readonly warmPrefix: boolean;
}

/** In what one vendor differs from another. */
export interface ModelVendor {
  readonly type: string;
  readonly style: PromptStyle;
  /** Where its models are listed, which a key may do and which costs nothing. */
  readonly probeUrl: string;
  /** The header that carries the key. */
  authorise(key: string): Readonly<Record<string, string>>;
  /** A model of the provider library that speaks over this `fetch`. */
  model(fetch: typeof globalThis.fetch): ProviderModel;
}

/**
 * A hosted model through the provider library's `doStream`. `streamText` above it was left out: it
 * runs tools, which is the gateway's to do, retries, which is the cascade's, turns faults into parts,
 * and costs more for each token. docs/backends/language-models.md has the figures.
 */
export function hostedModel(
  vendor: ModelVendor,
  options: HostedModelOptions,
  { clock, recorder = null, ...secrets }: SpeechSurroundings,
): LanguageModelPort {
  const counters = zeroCounters();
  const answers = new Set<ModelAnswer>();
  const { timeouts, headers = {}, temperature } = options;
  const client = new HttpClient({ clock, recorder, connectTimeoutMs: timeouts.connectMs });
  const closing = new AbortController();

  const contexts: FetchContexts = new WeakMap();
  const model = vendor.model(providerFetch(contexts));

  const stream = async (
    request: ModelRequest,
    { signal, onBytes }: Watch,
    take: (part: StreamPart, secret: string | null) => void,
  ): Promise<void> => {
    const secret = await readApiKey(options, secrets);
    const sent = { ...headers, ...(secret === null ? {} : vendor.authorise(secret)) };
    contexts.set(signal, { client, headers: sent, secret, onBytes });
    const result = await model.doStream({
      ...callOptions(request, vendor.style),
      ...(temperature === undefined ? {} : { temperature }),
      abortSignal: signal,
    });
    for await (const part of result.stream) take(part, secret);
  };

  const write = (request: ModelRequest, signal: AbortSignal): AsyncIterable<ModelEvent> => {
    const answer = new ModelAnswer(
      (push, work) =>
        withDeadlines(clock, timeouts, work, async (watch) => {
          let soFar = nothingYet;
          await stream(request, watch, (part, secret) => {
            if (isToken(part)) watch.token();
            const event = eventOf(part, soFar, secret);
            if (event === null) return;
            soFar = stepSoFar(soFar, event);
            countEvent(counters, event);
            push(event);
          });
        }),
      signal,
      { counters, onEnd: (ended) => answers.delete(ended) },
    );
    if (!answer.isOver) answers.add(answer);
    return answer;
  };

  return {
    type: vendor.type,
    capabilities: { tools: true },
    prepare: async (signal) => {
      if (signal.aborted) throw new CallError('backend_closed', 'preparing was given up');
      const secret = await readApiKey(options, secrets);
      if (!options.probe) return;
      const sent = { ...headers, ...(secret === null ? {} : vendor.authorise(secret)) };
      await probe(client, { url: vendor.probeUrl, headers: sent, secret, signal });
    },
    warm: (request, signal) => {
      if (!options.warmPrefix || closing.signal.aborted) return;
      counters.warmsStarted += 1;
      const either = AbortSignal.any([signal, closing.signal]);
      const work = withDeadlines(clock, timeouts, either, (watch) =>
        stream({ ...request, maxOutputTokens: 1 }, watch, () => watch.token()),
      );
      work.catch(() => (counters.warmsFailed += 1));
    },
    write,
    figures: () => ({ ...counters, ...client.figures(), ...recorder?.figures() }),
    close: () => {
      closing.abort();
      for (const answer of [...answers]) answer.abort();
      client.close();
      return Promise.resolve();
    },
  };
}

interface Watch {
  readonly signal: AbortSignal;
  readonly onBytes: () => void;
  token(): void;
}

/** Works until it is done, `signal` aborts, or a deadline passes, which then is the fault. */
async function withDeadlines(
  clock: Clock,
  options: DeadlineOptions,
  signal: AbortSignal,
  work: (watch: Watch) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const end = (): void => stop.abort(signal.reason);
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  const deadlines = new Deadlines(options, clock, (stalled) => stop.abort(stalled));
  try {
    const onBytes = (): void => deadlines.alive();
    await work({ signal: stop.signal, onBytes, token: () => deadlines.token() });
  } catch (thrown) {
    // Whatever of the exchange is left; after a good end its connection is kept instead.
    stop.abort();
    const reason: unknown = stop.signal.reason;
    if (reason instanceof CallError) throw reason;
    throw callErrorIn(thrown) ?? asCallError(thrown, 'backend_protocol');
  } finally {
    deadlines.end();
    signal.removeEventListener('abort', end);
  }
}

/** Text or the beginning of a tool call; what a model thinks before is silence to a caller. */
function isToken({ type }: StreamPart): boolean {
  return type === 'text-delta' || type === 'tool-input-start' || type === 'tool-call';
}

/** Servers without a list of models are there all the same; one that turns the key down is not. */
async function probe(
  client: HttpClient,
  request: {
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly secret: string | null;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  try {
    const answer = await client.send({ method: 'GET', body: null, ...request });
    answer.release();
  } catch (thrown) {
    const isThere = thrown instanceof HttpRefusal && ![401, 403].includes(thrown.status);
    if (!isThere) throw thrown;
  }
}
