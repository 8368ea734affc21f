import type { WireDelegationUpdate } from '../../../protocol/openai-live/delegation.ts';
import type { ClientEvent } from '../../../protocol/openai-live/client-events.ts';
import type { SessionUpdate } from '../../../protocol/openai-live/session.ts';
import { bytesPerSample, pcm24k } from '../../../src/audio/format.ts';
import { decodeAudio } from '../../shared/audio-payload.ts';
import { convertFixture } from './peers.ts';
import { Refused, unsupported } from './problems.ts';
import type { LiveSession } from './session.ts';
import { delayInForce, readResponses, responsesInForce } from './start.ts';
import { silenceByte } from './track.ts';

/** Longest fixture, ms. */
const fixtureLimitMs = 30_000;

type AppendEvent = Extract<ClientEvent, { content: string }>;
type ItemEvent = Extract<ClientEvent, { type: 'response.item.create' }>;

/** Does what an event asks for. @throws Refused or CallError; nothing has changed then */
export function runEvent(session: LiveSession, event: ClientEvent, eventId: string | null): void {
  switch (event.type) {
    case 'session.start':
      throw new Refused('invalid_event', 'The session has been started already.', 'type');
    case 'session.update':
      update(session, event.session, eventId);
      return;
    case 'session.input_audio.append':
      appendAudio(session, event.audio);
      return;
    case 'session.input_audio.mute':
    case 'session.input_audio.unmute':
      mute(session, event.type === 'session.input_audio.mute', eventId);
      return;
    case 'session.output_audio.fixture.play':
      playFixture(session, event.audio, eventId);
      return;
    case 'session.instructions.append':
    case 'session.thinking.append':
    case 'session.commentary.append':
      append(session, event, eventId);
      return;
    case 'decision.create':
    case 'decision.item.create':
    case 'decision.item.delete':
      throw unsupported('type', 'Asking a Decisions model');
    case 'response.item.create':
      createItem(session, event.item);
      return;
    case 'response.create':
      needResponses(session, event.type);
      session.rounds.checkComplete();
      session.floor.speak();
      return;
    case 'transport.dtmf.send':
      throw unsupported('type', 'Sending keys without a telephone line');
    case 'session.close':
      session.end(eventId);
      return;
  }
}

function appendAudio(session: LiveSession, audio: string): void {
  const { call } = session;
  const format = call.settings.inputFormat;
  const bytes = decodeAudio(audio, format);
  if (bytes.byteLength === 0) return;
  session.peers.input(bytes, format);
  const silent = session.muted || session.track.fixturePlays;
  const heard = silent ? new Uint8Array(bytes.byteLength).fill(silenceByte(format.codec)) : bytes;
  const result = call.pushAudio(heard);
  if (!result.ok) throw result.error;
  session.advance(bytes.byteLength / bytesPerSample(format.codec));
}

function mute(session: LiveSession, muted: boolean, eventId: string | null): void {
  if (session.muted !== muted) session.floor.run({ type: 'mute', muted });
  session.muted = muted;
  session.send({ type: `session.input_audio.${muted ? 'muted' : 'unmuted'}` }, eventId);
}

function playFixture(session: LiveSession, audio: string, eventId: string | null): void {
  const bytes = decodeAudio(audio, pcm24k);
  const lengthMs = (bytes.byteLength / 2 / pcm24k.rateHz) * 1000;
  if (lengthMs === 0) throw new Refused('invalid_audio', 'The fixture is empty.', 'audio');
  if (lengthMs > fixtureLimitMs) {
    const message = `A fixture may last at most ${fixtureLimitMs} ms.`;
    throw new Refused('invalid_audio', message, 'audio');
  }
  if (session.track.fixturePlays) {
    throw new Refused('invalid_event', 'A fixture is playing already.', 'type');
  }
  session.floor.run({ type: 'interrupt' });
  session.track.playFixture(convertFixture(bytes, session.call.settings.outputFormat));
  session.fixtureId = eventId;
  session.send({ type: 'session.output_audio.fixture.playing' }, eventId);
}

function append(session: LiveSession, event: AppendEvent, eventId: string | null): void {
  const { capabilities, authority } = session.call;
  if (session.track.fixturePlays) {
    throw new Refused('invalid_event', 'No context is taken while a fixture plays.', 'type');
  }
  if (session.delegation.type === 'client') session.delegations.check(event.delegation_id);
  else if (event.delegation_id !== null) {
    const message = 'Responses delegations are answered by response.item.create.';
    throw new Refused('invalid_value', message, 'delegation_id');
  }
  if (!capabilities.appendContext) throw unsupported('type', 'Context from outside');
  const kind = kindOf(event);
  const speaks = capabilities.notes === true || (capabilities.commit && authority !== 'model');
  if (kind === 'commentary' && !speaks) {
    throw unsupported('type', 'Asking the model to speak');
  }
  const { content, delegation_id: delegationId } = event;
  const atMs = session.timeline.inputMs;
  session.appends.push({ kind, content, delegationId, eventId, atMs });
}

function kindOf({ type }: AppendEvent): 'instructions' | 'thinking' | 'commentary' {
  if (type === 'session.instructions.append') return 'instructions';
  return type === 'session.thinking.append' ? 'thinking' : 'commentary';
}

function update(session: LiveSession, wish: SessionUpdate, eventId: string | null): void {
  if ((wish.triggers?.length ?? 0) > 0) throw unsupported('session.triggers', 'Triggers');
  if (wish.delegation !== undefined) updateDelegation(session, wish.delegation);
  session.send({ type: 'session.updated', session: session.resource }, eventId);
}

function updateDelegation(session: LiveSession, wish: WireDelegationUpdate | null): void {
  const now = session.delegation;
  if ((wish?.type ?? 'client') !== now.type) {
    const message = 'The kind of delegation cannot change in a session that runs.';
    throw new Refused('immutable_field_update', message, 'session.delegation.type');
  }
  const wishMs = wish?.acknowledgement_delay_ms ?? now.acknowledgement_delay_ms ?? 0;
  const delayed = delayInForce(now.type, wishMs, session.call);
  if (now.type !== 'responses' || wish?.type !== 'responses') {
    session.delegation = { ...now, ...delayed };
    return;
  }
  const { responses = {} } = wish;
  if (responses.instructions !== undefined) {
    throw unsupported(
      'session.delegation.responses.instructions',
      'Changing instructions of a session that runs (append them)',
    );
  }
  if (responses.model !== undefined && responses.model !== now.responses.model) {
    throw unsupported('session.delegation.responses.model', 'Another model in a running session');
  }
  const patch = readResponses(responses, session.call);
  if (Object.keys(patch).length > 0) session.floor.run({ type: 'configure', patch });
  const model = now.responses.model;
  const inForce = { ...now.responses, ...responsesInForce(responses), model };
  session.delegation = { ...now, ...delayed, responses: inForce };
}

function needResponses(session: LiveSession, type: string): void {
  if (session.delegation.type === 'responses') return;
  throw new Refused('invalid_event', `${type} requires Responses delegation.`, 'type');
}

function createItem(session: LiveSession, item: ItemEvent['item']): void {
  needResponses(session, 'response.item.create');
  if ('call_id' in item && item.type === 'function_call_output') {
    const { call_id: toolCallId, output } = item as { call_id: string; output: unknown };
    const text = typeof output === 'string' ? output : textOf(output);
    session.floor.run({
      type: 'item.create',
      item: { kind: 'tool_output', toolCallId, output: text, itemId: null },
      after: null,
    });
    session.rounds.answered(toolCallId);
    return;
  }
  if (!('role' in item) || !('content' in item)) {
    throw unsupported('item.type', `An item '${item.type}'`);
  }
  const { role, content } = item as { role: string; content: unknown };
  const text = typeof content === 'string' ? content : textOf(content);
  const as = role === 'developer' || role === 'system' ? 'system' : role;
  session.floor.run({
    type: 'item.create',
    item: {
      kind: 'message',
      role: as === 'assistant' || as === 'system' ? as : 'user',
      content: [{ type: 'text', text }],
      itemId: null,
    },
    after: null,
  });
}

/** Text of parts. @throws Refused for parts that are no text */
function textOf(parts: unknown): string {
  return (parts as readonly { readonly type: string; readonly text?: unknown }[])
    .map(({ type, text }, index) => {
      if (typeof text === 'string') return text;
      throw unsupported(`item.content[${index}].type`, `Content '${type}'`);
    })
    .join('');
}
