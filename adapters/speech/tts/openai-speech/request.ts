import { CallError } from '../../../../src/ports/errors.ts';
import type { SpeechPiece } from '../../../../src/ports/text-to-speech.ts';
import type { Clock, Timer } from '../../../../src/time/clock.ts';
import type { HttpClient } from '../../../shared/http-client.ts';
import type { OpenAiSpeechTtsOptions } from './options.ts';
import { PlainAudio } from './plain-audio.ts';

export interface PieceRequest {
  readonly client: HttpClient;
  readonly clock: Clock;
  readonly options: OpenAiSpeechTtsOptions;
  readonly voice: string;
  readonly secret: string | null;
  readonly signal: AbortSignal;
}

/** Kinds of answer that are no plain audio, whatever they hold. */
const notPlain = /^(?:text\/|application\/json|audio\/(?:mpeg|mp3|ogg|opus|aac|flac|webm))/i;

/**
 * One piece's audio from the server, as it is made.
 *
 * @throws CallError when it is refused, is no plain audio, is cut short, or stalls
 */
export async function* requestPiece(
  piece: SpeechPiece,
  { client, clock, options, voice, secret, signal }: PieceRequest,
): AsyncGenerator<Uint8Array, void> {
  const { firstAudioMs, idleMs } = options.timeouts;
  const stop = new AbortController();
  const end = (): void => stop.abort(signal.reason);
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  const stallAfter = (ms: number): Timer =>
    clock.timerAt(clock.nowMs() + ms, () =>
      stop.abort(new CallError('backend_stalled', `no audio came for ${ms} ms`)),
    );
  let stall = stallAfter(firstAudioMs);
  try {
    const answer = await client.send({
      method: 'POST',
      url: `${options.baseUrl.replace(/\/+$/, '')}/audio/speech`,
      headers: { 'content-type': 'application/json', ...authorise(secret) },
      body: JSON.stringify(bodyOf(piece, voice, options)),
      secret,
      signal: stop.signal,
    });
    const type = answer.header('content-type') ?? '';
    if (notPlain.test(type)) {
      throw new CallError('backend_protocol', `the voice answers in ${type}, not in plain audio`);
    }
    const plain = new PlainAudio(options.rateHz);
    for await (const bytes of answer.body) {
      stall.cancel();
      const samples = plain.push(bytes);
      if (samples.byteLength > 0) yield samples;
      stall = stallAfter(idleMs);
    }
  } catch (thrown) {
    const reason: unknown = stop.signal.reason;
    throw reason instanceof CallError ? reason : thrown;
  } finally {
    stall.cancel();
    signal.removeEventListener('abort', end);
  }
}

export function authorise(secret: string | null): Readonly<Record<string, string>> {
  return secret === null ? {} : { authorization: `Bearer ${secret}` };
}

function bodyOf(
  { text, styles }: SpeechPiece,
  voice: string,
  { model, responseFormat, speed, instructions, styles: known }: OpenAiSpeechTtsOptions,
): Readonly<Record<string, unknown>> {
  // A request has one manner: that of the first style in the piece that has words for it.
  const styled = styles.map(({ style }) => known[style]).find((words) => words !== undefined);
  const manner = [instructions, styled].filter((words) => words !== undefined).join(' ');
  return {
    model,
    voice,
    input: text,
    response_format: responseFormat,
    ...(speed === undefined ? {} : { speed }),
    ...(manner === '' ? {} : { instructions: manner }),
  };
}
