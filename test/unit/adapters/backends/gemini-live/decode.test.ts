import { describe, expect, it } from 'vitest';
import { decode } from '../../../../../adapters/backends/gemini-live/decode.ts';

const key = 'AIzaSecretSecretSecret';
const read = (message: unknown): ReturnType<typeof decode> =>
  decode(Buffer.from(typeof message === 'string' ? message : JSON.stringify(message)), key);

const content = (serverContent: object): object => ({ serverContent });
const audio = (data: string, mimeType = 'audio/pcm;rate=24000'): object => ({
  modelTurn: { role: 'model', parts: [{ inlineData: { mimeType, data } }] },
});

describe('gemini-live, what the upstream says', () => {
  it('reads audio, words and ends of one message, in this order', () => {
    const events = read(
      content({
        ...audio('AAAB'.repeat(2)),
        outputTranscription: { text: 'Yes.' },
        inputTranscription: { text: 'No?', finished: true },
        generationComplete: true,
        turnComplete: true,
      }),
    );
    expect(events.map(({ type }) => type)).toEqual([
      'caller.text',
      'agent.text',
      'audio',
      'generation.complete',
      'turn.complete',
    ]);
    expect(events[0]).toEqual({ type: 'caller.text', text: 'No?', finished: true });
    expect(events[2]).toMatchObject({ bytes: Buffer.from([0, 0, 1, 0, 0, 1]) });
  });

  it('throws away what rides in the message of an interruption', () => {
    const events = read(
      content({
        ...audio('AAA='),
        interrupted: true,
        turnComplete: true,
        outputTranscription: { text: 'stale' },
        inputTranscription: { text: 'Stop' },
      }),
    );
    expect(events.map(({ type }) => type)).toEqual(['interrupted', 'caller.text', 'turn.complete']);
  });

  it('passes over thoughts', () => {
    const parts = [{ text: 'Let me think.', thought: true }, { text: 'signature' }];
    expect(read(content({ modelTurn: { parts } }))).toEqual([]);
  });

  it('puts tool calls between what was said and the end of the turn', () => {
    const events = read({
      toolCall: {
        functionCalls: [{ id: 'a', name: 'weather', args: { city: 'Oslo' } }, { name: 'clock' }],
      },
      serverContent: { ...audio('AAA='), turnComplete: true },
    });
    expect(events.map(({ type }) => type)).toEqual(['audio', 'tool.call', 'turn.complete']);
    expect(events[1]).toEqual({
      type: 'tool.call',
      calls: [
        { id: 'a', name: 'weather', arguments: '{"city":"Oslo"}' },
        { id: null, name: 'clock', arguments: '{}' },
      ],
    });
  });

  it.each([
    [{ newHandle: 'h', resumable: true }, 'h'],
    [{ newHandle: '', resumable: true }, null],
    [{ newHandle: 'h', resumable: false }, null],
    [{ newHandle: 'h' }, null],
    [{ newHandle: null, resumable: true }, null],
    [{}, null],
  ])('takes a handle only where the session can be taken up: %j', (update, handle) => {
    expect(read({ sessionResumptionUpdate: update })).toEqual([{ type: 'resumption', handle }]);
  });

  it.each([
    ['10s', 10_000],
    ['9.5s', 9500],
    ['0s', 0],
    ['soon', 5000],
    [undefined, 5000],
  ])('reads how much time is left: %j', (timeLeft, leftMs) => {
    expect(read({ goAway: { timeLeft } })).toEqual([{ type: 'go.away', leftMs }]);
  });

  it('counts tokens by modality, and says nothing where the upstream does not', () => {
    const usageMetadata = {
      promptTokenCount: 30,
      cachedContentTokenCount: 4,
      responseTokenCount: 9,
      promptTokensDetails: [
        { modality: 'TEXT', tokenCount: 10 },
        { modality: 'AUDIO', tokenCount: 15 },
        { modality: 'AUDIO', tokenCount: 5 },
      ],
    };
    expect(read({ usageMetadata })).toEqual([
      {
        type: 'usage',
        usage: {
          inputTextTokens: 10,
          inputAudioTokens: 20,
          inputCachedTokens: 4,
          outputTextTokens: null,
          outputAudioTokens: null,
        },
      },
    ]);
  });

  it('has the usage before the turn is over', () => {
    const events = read({ serverContent: { turnComplete: true }, usageMetadata: {} });
    expect(events.map(({ type }) => type)).toEqual(['usage', 'turn.complete']);
  });

  it.each([
    ['MAX_TOKENS', { status: 'incomplete', reason: 'max_output_tokens' }],
    ['PROHIBITED_INPUT_CONTENT', { status: 'incomplete', reason: 'content_filter' }],
    ['RESPONSE_REJECTED', { status: 'incomplete', reason: 'content_filter' }],
    ['GENERATED_AUDIO_SAFETY', { status: 'incomplete', reason: 'content_filter' }],
    ['NEED_MORE_INPUT', { status: 'completed' }],
    ['SOMETHING_NEW', { status: 'completed' }],
  ])('understands why a turn ended: %s', (turnCompleteReason, outcome) => {
    const events = read(content({ turnComplete: true, turnCompleteReason }));
    expect(events).toEqual([{ type: 'turn.complete', outcome }]);
  });

  it('fails a line whose call was malformed', () => {
    const turnCompleteReason = 'MALFORMED_FUNCTION_CALL';
    expect(read(content({ turnComplete: true, turnCompleteReason }))).toMatchObject([
      { outcome: { status: 'failed', error: { code: 'backend_refused' } } },
    ]);
  });

  it.each(['voiceActivityType', 'type'])('reads voice activity by %s', (field) => {
    expect(read({ voiceActivity: { [field]: 'ACTIVITY_START', audioOffset: '1.5s' } })).toEqual([
      { type: 'speech', speaking: true, atMs: 1500 },
    ]);
    expect(read({ voiceActivity: { [field]: 'ACTIVITY_END' } })).toEqual([
      { type: 'speech', speaking: false, atMs: null },
    ]);
    expect(read({ voiceActivity: { [field]: 'UNSPECIFIED' } })).toEqual([]);
  });

  it('names fields that it does not know, without secrets', () => {
    expect(read({ hologram: 1, [key]: 2, serverContent: { aura: 3 } })).toEqual([
      { type: 'unknown', name: 'hologram' },
      { type: 'unknown', name: '[key]' },
    ]);
  });

  it.each([
    ['no JSON', '{'],
    ['an array', '[]'],
    ['null', 'null'],
    ['a number', '3'],
    ['content of another kind', { serverContent: 'audio' }],
    ['flags of another kind', content({ turnComplete: 'yes' })],
    ['a call without a name', { toolCall: { functionCalls: [{ id: 'a' }] } }],
    ['audio that is no base64', content(audio('*&^%'))],
    ['half a sample', content(audio('AA=='))],
    ['audio at another rate', content(audio('AAA=', 'audio/pcm;rate=16000'))],
    ['audio of another kind', content(audio('AAA=', 'audio/opus'))],
  ])('refuses %s', (_what, message) => {
    let thrown: unknown = null;
    try {
      read(message);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: 'backend_protocol' });
  });
});
