import { CallError } from '../../../../src/ports/errors.ts';
import type {
  LanguageModelPort,
  ModelEvent,
  ModelRequest,
} from '../../../../src/ports/language-model.ts';
import type { Clock } from '../../../../src/time/clock.ts';
import { derivedSeed, drawDelayMs, seededRandom } from '../../../shared/chance.ts';
import type { SpeechSurroundings } from '../../../shared/surroundings.ts';
import { ModelAnswer } from '../shared/answer.ts';
import { countEvent, zeroCounters } from '../shared/counters.ts';
import type { RehearsedLlmOptions } from './options.ts';
import { replyTo, tokensOf } from './reply.ts';

export { rehearsedLlmOptions, type RehearsedLlmOptions } from './options.ts';

/** A scripted model: no network, no key. See docs/backends/language-models.md. */
export function rehearsedLlm(
  options: RehearsedLlmOptions,
  { clock }: Pick<SpeechSurroundings, 'clock'>,
): LanguageModelPort {
  const counters = zeroCounters();
  const answers = new Set<ModelAnswer>();
  let isClosed = false;

  const write = (request: ModelRequest, signal: AbortSignal): AsyncIterable<ModelEvent> => {
    const ordinal = counters.answersStarted;
    const answer = new ModelAnswer(
      async (push, work) => {
        if (isClosed) throw new CallError('backend_closed', 'the model is closed');
        const random = seededRandom(derivedSeed(options.seed, ordinal));
        const take = (event: ModelEvent): void => {
          countEvent(counters, event);
          push(event);
        };
        const reply = replyTo(request, options);
        await wait(clock, drawDelayMs(options.firstTokenMs, random), work);
        const limit = request.maxOutputTokens ?? Infinity;
        const tokens = tokensOf(reply.text);
        let written = 0;
        for (const delta of tokens.slice(0, limit)) {
          if (written > 0) await wait(clock, 1000 / options.tokensPerSecond, work);
          take({ type: 'text', delta });
          written += 1;
        }
        const isCut = tokens.length > limit;
        const calls = isCut ? [] : reply.calls;
        for (const [place, call] of calls.entries()) {
          if (written > 0) await wait(clock, 1000 / options.tokensPerSecond, work);
          const toolCallId = `call_${ordinal + 1}_${place + 1}`;
          take({ type: 'tool_call', call: { toolCallId, ...call } });
          written += 1;
        }
        const inputTokens = request.messages.reduce((sum, one) => sum + tokensIn(one), 0);
        take({
          type: 'done',
          finish: isCut ? 'length' : calls.length > 0 ? 'tool_calls' : 'stop',
          usage: { inputTokens, inputCachedTokens: null, outputTokens: written },
        });
      },
      signal,
      { counters, onEnd: (ended) => answers.delete(ended) },
    );
    if (!answer.isOver) answers.add(answer);
    return answer;
  };

  return {
    type: 'rehearsed',
    capabilities: { tools: true },
    prepare: (signal) =>
      signal.aborted
        ? Promise.reject(new CallError('backend_closed', 'preparing was given up'))
        : Promise.resolve(),
    warm: () => undefined,
    write,
    figures: () => ({ ...counters }),
    close: () => {
      isClosed = true;
      for (const answer of [...answers]) answer.abort();
      return Promise.resolve();
    },
  };
}

function tokensIn(message: ModelRequest['messages'][number]): number {
  return tokensOf(message.role === 'tool' ? message.output : message.text).length;
}

/** @throws CallError when it is given up meanwhile, whose timer is gone then */
async function wait(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<null>();
  const settle = (): void => resolve(null);
  const timer = clock.timerAt(clock.nowMs() + ms, settle);
  signal.addEventListener('abort', settle, { once: true });
  if (!signal.aborted) await promise;
  timer.cancel();
  signal.removeEventListener('abort', settle);
  if (signal.aborted) throw new CallError('backend_closed', 'the answer was given up');
}
