import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RawRig, testModel, type Wish } from './raw-client.ts';

let rig: RawRig;
beforeEach(async () => {
  rig = await RawRig.start();
});
afterEach(() => rig.close());

const legacy = 'models/gemini-3.1-flash-live-preview';
const native = 'models/gemini-2.5-flash-native-audio-preview-12-2025';
const manual = { realtimeInputConfig: { automaticActivityDetection: { disabled: true } } };
const silence = { data: 'AAA=', mimeType: 'audio/pcm;rate=16000' };

function withTool(more: Wish, model = testModel): Wish {
  return { model, tools: [{ functionDeclarations: [{ name: 'f', ...more }] }] };
}

describe('a setup', () => {
  it.each<[string, Wish]>([
    ['of nothing but a model', {}],
    ['in snake_case', { generation_config: { response_modalities: ['AUDIO'] } }],
    ['with nulls for what is absent', { generationConfig: { temperature: null }, tools: null }],
    ['with 64-bit numbers as strings', { contextWindowCompression: { triggerTokens: '9000' } }],
    [
      'with a voice',
      {
        generationConfig: {
          speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: 'Kore' } } },
        },
      },
    ],
    ['with a function', withTool({ parameters: { type: 'OBJECT', properties: {} } })],
    ['with JSON schema', withTool({ parametersJsonSchema: { additionalProperties: false } })],
    ['with history to come', { historyConfig: { initialHistoryInClientContent: true } }],
    ['of the extended thinking model', { model: 'models/gemini-3.8-live-extended-thinking' }],
    ['of an older model', { model: native, generationConfig: { enableAffectiveDialog: true } }],
  ])('%s is taken', async (_what, setup) => {
    const client = await rig.open(setup);
    expect(client.messages[0]).toEqual({ setupComplete: { sessionId: 's1' } });
    expect(client.textFrames).toBe(0);
  });

  it.each<[string, Wish, number, string]>([
    [
      'an unknown field',
      { voice: 'Kore' },
      1007,
      'Invalid JSON payload received. Unknown name "voice" at \'setup\': Cannot find field.',
    ],
    ['an unknown field further in', { generationConfig: { voice: 1 } }, 1007, 'generation_config'],
    ['two modalities', { generationConfig: { responseModalities: ['TEXT', 'AUDIO'] } }, 1007, ''],
    ['text alone', { generationConfig: { responseModalities: ['TEXT'] } }, 1007, ''],
    ['endless answers', { generationConfig: { max_output_tokens: 'inf' } }, 1007, 'TYPE_INT64'],
    [
      'another vendor’s voice',
      {
        generationConfig: {
          speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: 'marin' } } },
        },
      },
      1007,
      "Requested voice api_name 'marin'",
    ],
    ['no model', { model: null }, 1007, 'unexpected model name format'],
    ['a model without its prefix', { model: 'gemini-3.8-live' }, 1007, ''],
    [
      'an unknown model',
      { model: 'models/gpt-realtime' },
      1008,
      'models/gpt-realtime is not found',
    ],
    [
      'a foreign thinking option',
      { generationConfig: { thinkingConfig: { thinkingBudget: 0 } } },
      1007,
      '',
    ],
    ['a null handle', { sessionResumption: { handle: null } }, 1008, ''],
    ['an unknown handle', { sessionResumption: { handle: 'x' } }, 1008, 'not found'],
    ['what only the other API has', { sessionResumption: { transparent: true } }, 1007, ''],
    [
      'a schema of another kind',
      withTool({ parameters: { additionalProperties: false } }),
      1007,
      '',
    ],
    ['a function without a name', { tools: [{ functionDeclarations: [{}] }] }, 1007, ''],
    [
      'a behavior that the model has not',
      withTool({ behavior: 'BLOCKING' }, 'models/gemini-3.8-live-extended-thinking'),
      1007,
      '',
    ],
    ['a sensitivity that is none', sensitivity('HIGHEST'), 1007, 'start_of_speech_sensitivity'],
    ['a list that is none', { tools: {} }, 1007, "Invalid value at 'setup.tools' (list)"],
  ])('with %s is refused', async (_what, setup, code, reason) => {
    const client = await rig.open(setup);
    expect(client.closed?.code).toBe(code);
    expect(client.closed?.reason).toContain(reason);
    expect(client.messages).toEqual([]);
  });

  function sensitivity(startOfSpeechSensitivity: string): Wish {
    return { realtimeInputConfig: { automaticActivityDetection: { startOfSpeechSensitivity } } };
  }

  it('with affective dialog for a model that hangs on it is never answered', async () => {
    const client = await rig.connect();
    client.send({ setup: { model: legacy, proactivity: { proactiveAudio: true } } });
    client.send({ realtimeInput: { audio: silence } });
    await rig.pass(60_000);
    expect(client.messages).toEqual([]);
    expect(client.closed).toBeNull();
  });

  it.each<[string, unknown]>([
    ['something else', { realtimeInput: { audio: silence } }],
    ['nothing', {}],
    ['no object', [1]],
    ['no JSON', '{"setup":'],
  ])('must be the first message: %s', async (_what, message) => {
    const client = await rig.connect();
    client.send(message);
    await client.until(() => client.closed !== null);
    expect(client.closed?.code).toBe(1007);
  });
});

describe('a later message', () => {
  it.each<[string, Wish, unknown, number]>([
    ['a second setup', {}, { setup: { model: testModel } }, 1007],
    ['two at once', {}, { clientContent: {}, realtimeInput: { text: 'x' } }, 1007],
    ['an unknown one', {}, { 'session.update': {} }, 1007],
    ['bad base64', {}, { realtimeInput: { audio: { ...silence, data: '?' } } }, 1007],
    ['half a byte', {}, { realtimeInput: { audio: { ...silence, data: 'AAAAA' } } }, 1007],
    ['half a sample', {}, { realtimeInput: { audio: { ...silence, data: 'AA==' } } }, 1007],
    [
      'audio of another kind',
      {},
      { realtimeInput: { audio: { data: '', mimeType: 'audio/opus' } } },
      1007,
    ],
    ['audio without its kind', {}, { realtimeInput: { audio: { data: '' } } }, 1007],
    ['media chunks', {}, { realtimeInput: { mediaChunks: [silence] } }, 1007],
    ['empty input', {}, { realtimeInput: {} }, 1007],
    ['activity of its own', {}, { realtimeInput: { activityStart: {} } }, 1007],
    ['an end of its own', {}, { realtimeInput: { activityEnd: {} } }, 1007],
    ['the stream’s end by hand', manual, { realtimeInput: { audioStreamEnd: true } }, 1007],
    ['a role that is none', {}, content({ role: 'assistant', parts: [{ text: 'x' }] }), 1007],
    ['a turn without parts', {}, content({ role: 'user' }), 1007],
    ['a response to nothing', {}, response({ id: 'x', name: 'f', response: {} }), 1008],
    ['a bare string as a response', {}, response({ id: 'x', name: 'f', response: 'ok' }), 1007],
    ['a response without an id', {}, response({ name: 'f', response: {} }), 1007],
    ['no response at all', {}, { toolResponse: { functionResponses: [] } }, 1007],
    [
      'content where it is only a seed',
      { model: legacy },
      content({ parts: [{ text: 'x' }] }),
      1007,
    ],
    ['new instructions for an older model', { model: legacy }, { contextUpdate: {} }, 1007],
    [
      'audio before the promised history is complete',
      { historyConfig: { initialHistoryInClientContent: true } },
      { realtimeInput: { audio: silence } },
      1007,
    ],
  ])('%s ends the connection', async (_what, setup, message, code) => {
    const client = await rig.open(setup);
    client.send(message);
    await client.until(() => client.closed !== null, 2000);
    expect(client.closed?.code).toBe(code);
    expect(rig.server.open).toBe(0);
  });

  it('history of an older model must end with the caller', async () => {
    const seeded = [
      { role: 'user', parts: [{ text: 'Hello.' }] },
      { role: 'model', parts: [{ text: 'Hi.' }] },
    ];
    const client = await rig.open({ model: native });
    client.send({ clientContent: { turns: seeded } });
    client.send({ realtimeInput: { audio: silence } });
    await client.until(() => client.closed !== null, 2000);
    expect(client.closed?.code).toBe(1007);

    const asking = await rig.open({ model: native });
    asking.send({ clientContent: { turns: seeded, turnComplete: true } });
    await asking.until(() => asking.closed !== null, 2000);
    expect(asking.closed?.code).toBe(1007);

    const other = await rig.open({ model: native });
    other.send({ clientContent: { turns: [...seeded, seeded[0]] } });
    other.send({ realtimeInput: { audio: silence } });
    await rig.pass(2000);
    expect(other.closed).toBeNull();
  });

  it('media chunks are still taken by an older model', async () => {
    const client = await rig.open({ model: native });
    client.send({ realtimeInput: { mediaChunks: [silence] } });
    await rig.pass(100);
    expect(client.closed).toBeNull();
    expect(rig.session.uplinkBytes).toBe(2);
  });

  function content(turn: object): object {
    return { clientContent: { turns: [turn], turnComplete: true } };
  }

  function response(functionResponse: object): object {
    return { toolResponse: { functionResponses: [functionResponse] } };
  }
});
