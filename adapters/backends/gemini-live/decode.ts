import {
  serverFields,
  serverMessage,
  type WireServerContent,
  type WireUsage,
} from '../../../protocol/gemini-live/server-messages.ts';
import type { LineOutcome, Usage } from '../../../src/ports/backend.ts';
import { CallError } from '../../../src/ports/errors.ts';
import { audioBytes } from '../../shared/audio-text.ts';
import { withoutSecrets } from '../../shared/secrets.ts';
import { upstreamObject } from '../../shared/upstream-object.ts';

/** What a message of the upstream means; one message may mean several things, in this order. */
export type UpstreamEvent =
  | { readonly type: 'setup.complete' }
  /** The caller's activity stopped the answer: what had not been sent of it will not come. */
  | { readonly type: 'interrupted' }
  | { readonly type: 'caller.text'; readonly text: string; readonly finished: boolean }
  /** Words that may still change, beyond those of `caller.text`. */
  | { readonly type: 'caller.interim'; readonly text: string }
  /** `finished`: the answer has no more words. */
  | { readonly type: 'agent.text'; readonly text: string; readonly finished: boolean }
  | { readonly type: 'audio'; readonly bytes: Uint8Array }
  | { readonly type: 'usage'; readonly usage: Usage }
  | {
      readonly type: 'tool.call';
      readonly calls: readonly {
        readonly id: string | null;
        readonly name: string;
        /** JSON text. */
        readonly arguments: string;
      }[];
    }
  | { readonly type: 'tool.cancelled'; readonly ids: readonly string[] }
  | { readonly type: 'generation.complete' }
  | { readonly type: 'turn.complete'; readonly outcome: LineOutcome }
  | { readonly type: 'go.away'; readonly leftMs: number }
  | { readonly type: 'resumption'; readonly handle: string | null }
  /** `atMs`: on the audio sent on this connection; `null` where it is not told. */
  | { readonly type: 'speech'; readonly speaking: boolean; readonly atMs: number | null }
  /** A field that nobody here knows. */
  | { readonly type: 'unknown'; readonly name: string };

/** A notice without a time is taken for a short one, ms. */
const shortNoticeMs = 5000;

/**
 * Reads one message of the upstream; text and binary frames hold the same.
 *
 * @param secret is cut out of any text that is repeated
 * @throws CallError `backend_protocol` when it is malformed; the message quotes nothing of it
 */
export function decode(message: Buffer, secret: string | null): UpstreamEvent[] {
  const raw = upstreamObject(message);
  const parsed = serverMessage.safeParse(raw);
  if (!parsed.success) {
    const path = parsed.error.issues[0]?.path.join('.') ?? '';
    throw new CallError('backend_protocol', `the upstream sent a malformed message (${path})`);
  }
  const { data } = parsed;
  const events: UpstreamEvent[] = [];
  for (const name of Object.keys(raw)) {
    if (!serverFields.has(name)) {
      events.push({ type: 'unknown', name: withoutSecrets(name, secret).slice(0, 60) });
    }
  }
  if (data.setupComplete) events.push({ type: 'setup.complete' });
  if (data.voiceActivity) events.push(...speechOf(data.voiceActivity));
  if (data.usageMetadata) events.push({ type: 'usage', usage: usageOf(data.usageMetadata) });
  const { before, ends } = contentOf(data.serverContent ?? null);
  events.push(...before);
  const calls = data.toolCall?.functionCalls ?? [];
  if (calls.length > 0) {
    events.push({
      type: 'tool.call',
      calls: calls.map(({ id, name, args }) => ({
        // Some servers of this wire give calls no ids, and take none in the answers.
        id: id ?? null,
        name,
        arguments: JSON.stringify(args ?? {}),
      })),
    });
  }
  const cancelled = data.toolCallCancellation?.ids ?? [];
  if (cancelled.length > 0) events.push({ type: 'tool.cancelled', ids: cancelled });
  events.push(...ends);
  const update = data.sessionResumptionUpdate;
  if (update) {
    const handle = update.resumable === true && update.newHandle ? update.newHandle : null;
    events.push({ type: 'resumption', handle });
  }
  if (data.goAway) {
    events.push({ type: 'go.away', leftMs: durationMs(data.goAway.timeLeft) ?? shortNoticeMs });
  }
  return events;
}

/** What is said, and what ends with it: tool calls of the same message belong in between. */
function contentOf(content: WireServerContent | null): {
  readonly before: UpstreamEvent[];
  readonly ends: UpstreamEvent[];
} {
  const before: UpstreamEvent[] = [];
  const ends: UpstreamEvent[] = [];
  if (content === null) return { before, ends };
  const { inputTranscription: input, interimInputTranscription: interim } = content;
  // What rides in the same message was made before the interruption: it is stale.
  const interrupted = content.interrupted === true;
  if (interrupted) before.push({ type: 'interrupted' });
  if (input) {
    const finished = input.finished === true;
    before.push({ type: 'caller.text', text: input.text ?? '', finished });
  }
  if (interim?.text) before.push({ type: 'caller.interim', text: interim.text });
  if (!interrupted) {
    const output = content.outputTranscription;
    const finished = output?.finished === true;
    const text = output?.text ?? '';
    if (text !== '' || finished) before.push({ type: 'agent.text', text, finished });
    for (const { inlineData } of content.modelTurn?.parts ?? []) {
      if (inlineData) before.push({ type: 'audio', bytes: pcm(inlineData) });
    }
  }
  if (content.generationComplete === true) ends.push({ type: 'generation.complete' });
  if (content.turnComplete === true) {
    ends.push({ type: 'turn.complete', outcome: outcomeOf(content.turnCompleteReason ?? '') });
  }
  return { before, ends };
}

function pcm({
  mimeType,
  data,
}: {
  readonly mimeType?: string | null | undefined;
  readonly data: string;
}): Uint8Array {
  const rateHz = /^audio\/(?:pcm|l16)(?:;\s*rate=(\d+))?/i.exec(mimeType ?? '');
  if (rateHz === null || (rateHz[1] !== undefined && rateHz[1] !== '24000')) {
    throw new CallError('backend_protocol', 'the upstream sent audio in another format');
  }
  const bytes = audioBytes(data);
  if (bytes.byteLength % 2 !== 0) {
    throw new CallError('backend_protocol', 'the upstream sent audio that is not whole samples');
  }
  return bytes;
}

/** Reasons that nothing said means anything by are no fault: the turn just completed. */
function outcomeOf(reason: string): LineOutcome {
  if (reason.includes('MAX_TOKENS')) return { status: 'incomplete', reason: 'max_output_tokens' };
  if (/SAFETY|PROHIBITED|BLOCK|REJECTED|SPII|RECITATION/.test(reason)) {
    return { status: 'incomplete', reason: 'content_filter' };
  }
  if (/MALFORMED|ERROR|FAIL/.test(reason)) {
    const said = reason.replace(/\W/g, '').slice(0, 60);
    const error = new CallError('backend_refused', `the upstream ended the answer: ${said}`);
    return { status: 'failed', error };
  }
  return { status: 'completed' };
}

function usageOf(usage: WireUsage): Usage {
  // A total alone does not say what it was spent on.
  const of = (details: WireUsage['promptTokensDetails'], modality: string): number | null => {
    if (!details) return null;
    const counted = details.filter((entry) => entry.modality === modality);
    return counted.reduce((sum, { tokenCount }) => sum + (tokenCount ?? 0), 0);
  };
  const { promptTokensDetails: prompt, responseTokensDetails: response } = usage;
  return {
    inputTextTokens: of(prompt, 'TEXT'),
    inputAudioTokens: of(prompt, 'AUDIO'),
    inputCachedTokens: usage.cachedContentTokenCount ?? null,
    outputTextTokens: of(response, 'TEXT'),
    outputAudioTokens: of(response, 'AUDIO'),
  };
}

function speechOf({
  type,
  voiceActivityType,
  audioOffset,
}: {
  readonly type?: string | null | undefined;
  readonly voiceActivityType?: string | null | undefined;
  readonly audioOffset?: string | null | undefined;
}): UpstreamEvent[] {
  const what = voiceActivityType ?? type ?? '';
  const speaking = what.endsWith('ACTIVITY_START');
  if (!speaking && !what.endsWith('ACTIVITY_END')) return [];
  return [{ type: 'speech', speaking, atMs: durationMs(audioOffset) }];
}

/** A duration of the wire (`9.5s`) in ms; `null` where it is none. */
function durationMs(text: string | null | undefined): number | null {
  const seconds = /^(\d+(?:\.\d+)?)s$/.exec(text ?? '')?.[1];
  return seconds === undefined ? null : Number(seconds) * 1000;
}
