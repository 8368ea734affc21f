import { expect } from 'vitest';
import { audibleMs } from '../ear/audible.ts';
import { judge, wasHeard } from '../ear/judge.ts';
import { fixture, speechRateHz, type FixtureName } from '../ear/speech.ts';
import { orderViolations } from './order.ts';
import {
  errorOf,
  eventsOf,
  impossibleRequests,
  itemOf,
  responseOf,
  type Conversation,
} from './scenarios.ts';
import { answers } from './stage.ts';

/** What every conversation must satisfy, whatever was talked about. */
export function expectOrder(talk: Conversation): void {
  const events = talk.ear.events.map(({ event }) => event);
  expect(orderViolations(events), timeline(talk)).toEqual([]);
  expect(talk.ear.failures).toEqual([]);
  expect(talk.ear.eventsRefused).toBe(0);
  expect(talk.ear.closed?.code).toBeLessThan(1006);
}

/** The clip, and nothing else, was heard between two times, ms since the connection opened. */
export function expectHeard(
  talk: Conversation,
  name: FixtureName,
  { fromMs = 0, toMs = talk.ear.nowMs }: { readonly fromMs?: number; readonly toMs?: number } = {},
): void {
  const judgement = judge(talk.ear.heard(fromMs, toMs), fixture(name).samples, speechRateHz);
  const context = `${JSON.stringify(judgement)} underruns ${JSON.stringify(talk.ear.underruns)}`;
  expect(wasHeard(judgement), context).toBe(true);
  expect(judgement.extraMs, context).toBeLessThanOrEqual(20);
}

/** One detected turn: the documented events, the answer heard, and after the caller's speech. */
export function expectDetectedTurn(talk: Conversation, answer: FixtureName): void {
  expectOrder(talk);
  expect(errors(talk)).toEqual([]);
  expect(eventsOf(talk, 'input_audio_buffer.speech_started')).toHaveLength(1);
  expect(eventsOf(talk, 'input_audio_buffer.speech_stopped')).toHaveLength(1);
  const created = eventsOf(talk, 'response.created');
  expect(created).toHaveLength(1);
  const done = responseOf(eventsOf(talk, 'response.done')[0]!.event);
  expect(done).toMatchObject({ status: 'completed', output_modalities: ['audio'] });
  const said = talk.said[0]!;
  expectHeard(talk, answer);
  const firstAudioMs = talk.ear.firstAudioMs(0);
  expect(firstAudioMs).toBeGreaterThan(said.speechEndMs + 400);
}

/** A backchannel takes no floor: the answer was heard whole and no speech was shown over it. */
export function expectBackchannel(talk: Conversation): void {
  expectOrder(talk);
  expectHeard(talk, 'table');
  const answerFrom = eventsOf(talk, 'response.created')[0]!.atMs;
  const done = eventsOf(talk, 'response.done')[0]!;
  expect(responseOf(done.event).status).toBe('completed');
  const shown = eventsOf(talk, 'input_audio_buffer.speech_started');
  expect(shown.filter(({ atMs }) => atMs > answerFrom && atMs < done.atMs)).toEqual([]);
  expect(talk.said[1]!.speechStartMs).toBeGreaterThan(answerFrom);
}

/**
 * An interruption: the first answer ends as `turn_detected` with its item incomplete, nothing of
 * it is heard after the stop, and the second answer is heard whole.
 */
export function expectBargeIn(
  talk: Conversation,
  answersHeard: { readonly first: FixtureName; readonly second: FixtureName },
): void {
  expectOrder(talk);
  const [first, second] = eventsOf(talk, 'response.done').map(({ event }) => responseOf(event));
  expect(first).toMatchObject({
    status: 'cancelled',
    status_details: { reason: 'turn_detected' },
    output: [{ status: 'incomplete' }],
  });
  expect(second).toMatchObject({ status: 'completed', output: [{ status: 'completed' }] });

  const interruption = talk.said[1]!;
  const stop = eventsOf(talk, 'input_audio_buffer.speech_started')[1]!;
  expect(stop.atMs).toBeGreaterThan(interruption.speechStartMs);
  const nextMs = eventsOf(talk, 'response.created')[1]!.atMs;
  expect(nextMs).toBeGreaterThan(interruption.speechEndMs);
  // From the stop to the next answer there is silence: nothing stale plays.
  expect(audibleMs(talk.ear.heard(stop.atMs, nextMs), speechRateHz)).toBeLessThanOrEqual(20);
  expectHeard(talk, answersHeard.second, { fromMs: nextMs });
  // What was heard of the first answer is its beginning, unbroken.
  const beganMs = talk.ear.firstAudioMs(0)!;
  // With a little of the silence before, for the clip begins with some of its own.
  const beginning = talk.ear.heard(beganMs - 300, stop.atMs);
  const clip = fixture(answersHeard.first).samples;
  const judgement = judge(beginning, clip.subarray(0, 24 * 1000), speechRateHz);
  expect(wasHeard(judgement), JSON.stringify(judgement)).toBe(true);
}

/** The server took note of how much was heard: the truncation was confirmed, within the audio. */
export function expectTruncation(talk: Conversation): void {
  const item = responseOf(eventsOf(talk, 'response.done')[0]!.event).output[0]!;
  const truncated = eventsOf(talk, 'conversation.item.truncated');
  expect(truncated.map(({ event }) => event['item_id'])).toEqual([item.id]);
  const endMs = Number(truncated[0]!.event['audio_end_ms']);
  expect(endMs).toBeGreaterThan(1000);
  expect(endMs).toBeLessThan(4000);
}

/** Every impossible request was refused by name, and the call went on. */
export function expectRefusals(talk: Conversation): void {
  expectOrder(talk);
  const refused = errors(talk).filter(({ event_id: id }) => id?.startsWith('ask_') === true);
  expect(refused.map(({ code, event_id: id }) => [id, code])).toEqual(
    impossibleRequests.map(({ event_id: id }) => [id, 'unsupported_by_backend']),
  );
  for (const { message } of refused) expect(message).toContain('parrot');
  expectHeard(talk, 'thanks');
}

/** Manual: no speech events, one user item, no response before it was asked for. */
export function expectManualTurn(talk: Conversation): void {
  expectOrder(talk);
  expect(eventsOf(talk, 'input_audio_buffer.speech_started')).toEqual([]);
  const [committed, ...more] = eventsOf(talk, 'input_audio_buffer.committed');
  expect(more).toEqual([]);
  const created = eventsOf(talk, 'response.created');
  expect(created).toHaveLength(1);
  expect(created[0]!.atMs - committed!.atMs).toBeGreaterThan(490);
  expectHeard(talk, 'museum');
}

/** The call's arguments, the tool's answer in the conversation, and what was said after it. */
export function expectFunctionCall(talk: Conversation): void {
  expectOrder(talk);
  expect(errors(talk)).toEqual([]);
  const [first, second] = eventsOf(talk, 'response.done').map(({ event }) => responseOf(event));
  expect(first).toMatchObject({ status: 'completed' });
  expect(first!.output).toMatchObject([
    { type: 'function_call', status: 'completed', name: 'count_tables' },
  ]);
  expect(JSON.parse(first!.output[0]!.arguments ?? '')).toEqual({ seats: 2 });
  const outputs = eventsOf(talk, 'conversation.item.added')
    .map(({ event }) => itemOf(event))
    .filter(({ type }) => type === 'function_call_output');
  expect(outputs).toMatchObject([{ call_id: first!.output[0]!.call_id, output: '3' }]);
  expect(second).toMatchObject({ status: 'completed' });
  expect(transcriptOf(second!.output[0]!)).toBe(answers.afterTool);
  expectHeard(talk, 'booking');
}

/** The text came beside the conversation, with its labels, and the spoken answer was not hurt. */
export function expectOutOfBand(talk: Conversation): void {
  expectOrder(talk);
  expect(errors(talk)).toEqual([]);
  const responses = eventsOf(talk, 'response.done').map(({ event }) => responseOf(event));
  const beside = responses.filter((response) => response.conversation_id === null);
  expect(beside).toMatchObject([
    {
      status: 'completed',
      output_modalities: ['text'],
      metadata: { purpose: 'topic' },
      output: [{ content: [{ type: 'output_text', text: answers.outOfBand }] }],
    },
  ]);
  const ids = eventsOf(talk, 'conversation.item.added').map(({ event }) => itemOf(event).id);
  expect(ids).not.toContain(beside[0]!.output[0]!.id);
  expectHeard(talk, 'museum');
}

/** What happened, for the message of a failed test: deltas left out, times in ms. */
function timeline({ ear, said }: Conversation): string {
  const happened = [
    ...said.map((it) => ({ atMs: it.speechStartMs, what: 'the caller begins to speak' })),
    ...said.map((it) => ({ atMs: it.speechEndMs, what: 'the caller has spoken' })),
    ...ear.events.map(({ atMs, event }) => ({ atMs, what: event.type })),
  ];
  return happened
    .filter(({ what }) => !what.endsWith('.delta'))
    .sort((a, b) => a.atMs - b.atMs)
    .map(({ atMs, what }) => `${Math.round(atMs)} ${what}`)
    .join('\n');
}

function errors(talk: Conversation): { code: string; message: string; event_id: string | null }[] {
  return talk.ear.events.flatMap(({ event }) => errorOf(event) ?? []);
}

function transcriptOf(item: { readonly content?: readonly object[] }): unknown {
  const part = item.content?.[0];
  return part !== undefined && 'transcript' in part ? part.transcript : undefined;
}
