import { Ear, type EarOptions, type Received } from '../ear/ear.ts';
import type { Utterance } from '../ear/microphone.ts';
import { fixture } from '../ear/speech.ts';
import type { Connect, ServerEvent } from '../ear/wire.ts';

/**
 * Conversations with the gateway in real time. They only talk; judging what came of them is left
 * to afterwards, because it would hold up the other conversations in this process.
 */

/** How a client that somebody else wrote differs from another. */
export interface Client {
  readonly connect: Connect;
  /** It answers barge-in by itself: stops its player and truncates. */
  readonly truncatesItself: boolean;
  /** It runs tools by itself: declares them, answers calls and asks for the next response. */
  readonly runsTools: boolean;
}

/** A conversation that is over. */
export interface Conversation {
  readonly ear: Ear;
  readonly said: readonly Utterance[];
}

const tableTool = {
  type: 'function',
  name: 'count_tables',
  description: 'Counts the free tables.',
  parameters: {
    type: 'object',
    properties: { seats: { type: 'number' } },
    required: ['seats'],
    additionalProperties: false,
  },
} as const;

/** One turn, ended by silence, and its answer. */
export async function detectedTurn(client: Client): Promise<Conversation> {
  const ear = await listen(client);
  const said = ear.say(fixture('table').samples);
  await ear.waitFor('response.done');
  return await over(ear, [said]);
}

/** Says `uh-huh` over the answer and lets it finish. */
export async function backchannel(client: Client): Promise<Conversation> {
  const ear = await listen(client);
  const said = ear.say(fixture('table').samples);
  await ear.untilPlaying(1200);
  const murmured = ear.say(fixture('uh-huh').samples);
  await ear.waitFor('response.done');
  return await over(ear, [said, murmured]);
}

/** Interrupts the first answer after about a second and listens to the second. */
export async function bargeIn(client: Client): Promise<Conversation> {
  const ear = await listen(client);
  const said = ear.say(fixture('museum').samples);
  await ear.untilPlaying(1200);
  const from = ear.events.length;
  const interrupting = ear.say(fixture('wait').samples);
  const cancelled = await ear.waitFor('response.done', { from });
  const after = ear.events.findIndex((received) => received === cancelled) + 1;
  await ear.waitFor('response.done', { from: after });
  return await over(ear, [said, interrupting]);
}

/** Asks a backend for what it cannot do, and then talks to it as if nothing had happened. */
export async function refusals(client: Client): Promise<Conversation> {
  const ear = await listen(client);
  for (const request of impossibleRequests) {
    const from = ear.events.length;
    ear.send(request);
    await ear.waitFor((event) => errorOf(event)?.event_id === request.event_id, { from });
  }
  const said = ear.say(fixture('thanks').samples);
  await ear.waitFor('response.done');
  return await over(ear, [said]);
}

const sessionUpdate = { type: 'session.update' } as const;

/** Valid on the wire, impossible with a backend that only listens and speaks. */
export const impossibleRequests = [
  { ...sessionUpdate, event_id: 'ask_tools', session: { type: 'realtime', tools: [tableTool] } },
  {
    ...sessionUpdate,
    event_id: 'ask_text',
    session: { type: 'realtime', output_modalities: ['text'] },
  },
  {
    ...sessionUpdate,
    event_id: 'ask_manual',
    session: { type: 'realtime', audio: { input: { turn_detection: null } } },
  },
  {
    type: 'conversation.item.create',
    event_id: 'ask_item',
    item: { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hello.' }] },
  },
  { type: 'response.create', event_id: 'ask_response' },
  {
    type: 'response.create',
    event_id: 'ask_out_of_band',
    response: { conversation: 'none', output_modalities: ['text'] },
  },
] as const;

/** Switches detection off, speaks, commits, waits, and only then asks for an answer. */
export async function manualTurn(client: Client): Promise<Conversation> {
  const ear = await listen(client);
  const settled = ear.events.length;
  ear.send({
    ...sessionUpdate,
    session: { type: 'realtime', audio: { input: { turn_detection: null } } },
  });
  await ear.waitFor('session.updated', { from: settled });
  const said = ear.say(fixture('thanks').samples);
  await said.left;
  await ear.pause(800);
  const from = ear.events.length;
  ear.send({ type: 'input_audio_buffer.commit' });
  await ear.waitFor('conversation.item.done', { from });
  await ear.pause(500);
  ear.send({ type: 'response.create' });
  await ear.waitFor('response.done', { from });
  return await over(ear, [said]);
}

/** The agent asks for a tool, is answered, and goes on. */
export async function functionCall(client: Client): Promise<Conversation> {
  const ear = await listen(client);
  if (!client.runsTools) {
    const from = ear.events.length;
    ear.send({ ...sessionUpdate, session: { type: 'realtime', tools: [tableTool] } });
    await ear.waitFor('session.updated', { from });
  }
  const said = ear.say(fixture('train').samples);
  const called = await ear.waitFor(
    (event) => event.type === 'response.output_item.done' && itemOf(event).type === 'function_call',
  );
  const done = await ear.waitFor('response.done');
  if (!client.runsTools) answerTool(ear, called);
  const from = ear.events.findIndex((received) => received === done) + 1;
  await ear.waitFor('response.done', { from });
  return await over(ear, [said]);
}

function answerTool(ear: Ear, { event }: Received): void {
  const { call_id: callId } = itemOf(event);
  const item = { type: 'function_call_output', call_id: callId, output: '3' };
  ear.send({ type: 'conversation.item.create', item });
  ear.send({ type: 'response.create' });
}

/** Asks for a text beside the conversation while the agent is speaking in it. */
export async function outOfBand(client: Client): Promise<Conversation> {
  const ear = await listen(client);
  const said = ear.say(fixture('thanks').samples);
  await ear.untilPlaying(300);
  ear.send({
    type: 'response.create',
    response: {
      conversation: 'none',
      output_modalities: ['text'],
      metadata: { purpose: 'topic' },
      input: [],
      instructions: 'Name the topic in one word.',
    },
  });
  const inConversation = (event: ServerEvent): boolean =>
    event.type === 'response.done' && responseOf(event).conversation_id !== null;
  await ear.waitFor(inConversation);
  await ear.waitFor((event) => event.type === 'response.done' && !inConversation(event));
  return await over(ear, [said]);
}

/** Events of one type, in order. */
export function eventsOf({ ear }: Conversation, type: string): readonly Received[] {
  return ear.events.filter(({ event }) => event.type === type);
}

export interface WireItem {
  readonly id: string;
  readonly type: string;
  readonly role?: string;
  readonly status?: string;
  readonly name?: string;
  readonly arguments?: string;
  readonly call_id?: string;
  readonly output?: string;
  readonly content?: readonly { readonly type: string; readonly [key: string]: unknown }[];
}

export interface WireResponse {
  readonly id: string;
  readonly status: string;
  readonly status_details: { readonly reason?: string } | null;
  readonly conversation_id: string | null;
  readonly output_modalities: readonly string[];
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly output: readonly WireItem[];
}

export interface WireError {
  readonly code: string;
  readonly message: string;
  readonly event_id: string | null;
}

export function itemOf(event: ServerEvent): WireItem {
  return event['item'] as WireItem;
}

export function responseOf(event: ServerEvent): WireResponse {
  return event['response'] as WireResponse;
}

export function errorOf(event: ServerEvent): WireError | null {
  return event.type === 'error' ? (event['error'] as WireError) : null;
}

async function listen(client: Client): Promise<Ear> {
  const options: EarOptions = {
    playout: { bufferMs: 200 },
    onSpeechStarted: client.truncatesItself ? 'ignore' : 'truncate',
  };
  return await Ear.connect(client.connect, options);
}

async function over(ear: Ear, said: readonly Utterance[]): Promise<Conversation> {
  await ear.untilQuiet(300);
  await ear.close();
  return { ear, said };
}
