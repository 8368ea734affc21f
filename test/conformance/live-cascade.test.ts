import { afterAll, beforeAll, expect, vi } from 'vitest';
import { fixture } from '../ear/speech.ts';
import type { ChatRule } from '../upstream/llm/options.ts';
import { openCascadeStage, partsKey, partsKeyEnv, type CascadeStage } from './cascade-stage.ts';
import { heardClip, liveConversations } from './live-scenarios.ts';
import { answers } from './stage.ts';

/** What the model makes of context that this wire brings; anything else is answered in turn. */
const answer: ChatRule = ({ messages }) => {
  const brought = messages.findLast(({ content }) => content.startsWith('Tell the caller'));
  if (brought?.content.includes('you are on it') === true) return { text: 'I am on it.' };
  if (brought !== undefined) return { text: answers.afterTool };
  const answered = messages.some(({ role }) => role === 'assistant');
  return { text: answered ? answers.short : answers.long };
};

/** The same, but a question is handed on. */
const delegate: ChatRule = (question) => {
  const { messages, tools } = question;
  const asked = messages.at(-1)?.role === 'user';
  const name = tools.find((tool) => tool === 'delegate_to_application');
  return asked && name !== undefined ? { calls: [{ name, arguments: '{}' }] } : answer(question);
};

/** Calls the app's own function, once, and goes on with what it brought. */
const act: ChatRule = ({ messages, tools }) =>
  tools.includes('count_tables') && messages.at(-1)?.role === 'user'
    ? { calls: [{ name: 'count_tables', arguments: '{"seats":2}' }] }
    : { text: answers.afterTool };

let stage: CascadeStage;

beforeAll(async () => {
  vi.stubEnv(partsKeyEnv, partsKey);
  // What is said is understood in this order, whoever says it: it lasts for a test that is repeated.
  stage = await openCascadeStage({
    talks: { stt: 'flux', tts: 'elevenlabs', said: ['table', 'table'], answer },
    stops: { stt: 'nova', tts: 'cartesia', said: ['table', 'wait', 'table', 'wait'], answer },
    mutes: { stt: 'flux', tts: 'aura', said: ['table', 'table'], answer },
    appends: { stt: 'nova', tts: 'cartesia', said: [], answer },
    delegates: { stt: 'nova', tts: 'elevenlabs', said: ['table', 'table'], answer: delegate },
    acts: { stt: 'pulse', tts: 'speech', said: ['table', 'table'], answer: act },
  });
  expect(stage.gateway.reasons).toEqual([]);
});
afterAll(async () => {
  await stage.close();
  vi.unstubAllEnvs();
});

liveConversations('openai (live/ws) on a cascade', () => ({
  url: stage.gateway.url,
  models: {
    talks: 'talks',
    stops: 'stops',
    mutes: 'mutes',
    appends: 'appends',
    delegates: 'delegates',
    acts: 'acts',
  },
  asked: fixture('table').text,
  answer: { whole: answers.long, begin: 'opens', end: 'half past five' },
  second: 'cake',
  told: { commentary: 'seven four', underWay: 'on it', late: 'seven four nine two' },
  expectHeard: heardClip('museum'),
}));
